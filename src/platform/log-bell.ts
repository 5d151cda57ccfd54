import { setTimeout as pause } from "node:timers/promises";
import { type Kysely, sql } from "kysely";
import { eventChannel } from "./event-log.ts";
import type { PlatformTables } from "./tables.ts";

/** Between two notifications: changes that come faster share one. */
const ringPauseMs = 10;

/**
 * Says "the log grew" to whoever listens: at once, and while changes keep coming once every 10 ms.
 *
 * Rung once a change is durable, not in its transaction: there, every commit would wait for PostgreSQL's one queue
 * of notifications and wake every listener. A ring that is lost with the process costs listeners their slow poll.
 */
export class LogBell {
  readonly #database: Kysely<PlatformTables>;
  #isRinging = false;
  #ringAgain = false;

  constructor(database: Kysely<PlatformTables>) {
    this.#database = database;
  }

  /** Returns at once; may be called at any rate. */
  ring(): void {
    this.#ringAgain = true;
    // A database that cannot be reached has no listeners either: they look again when they reconnect.
    if (!this.#isRinging) this.#ringWhileAsked().catch(() => undefined);
  }

  async #ringWhileAsked(): Promise<void> {
    this.#isRinging = true;
    try {
      while (this.#ringAgain) {
        this.#ringAgain = false;
        await notify(this.#database);
        await pause(ringPauseMs, undefined, { ref: false });
      }
    } finally {
      this.#isRinging = false;
    }
  }
}

/** Nobody waits for a notification to be on disk. */
async function notify(database: Kysely<PlatformTables>): Promise<void> {
  await sql`select set_config('synchronous_commit', 'off', true), pg_notify(${eventChannel}, '')`.execute(database);
}
