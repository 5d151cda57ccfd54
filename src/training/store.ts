import type { Database } from "../platform/database.ts";
import type { EventEntry } from "../platform/event.ts";
import { appendEvents, readEvents } from "../platform/event-log.ts";

/** The room's own tables. */
export interface TrainingTables {
  training_cancellation: { uid: string; generation: number; actor: string; reason: string; asked_at: number };
}

/** Who asked for one generation of a job to stop. */
export interface Cancellation {
  readonly uid: string;
  readonly generation: number;
  readonly actor: string;
  readonly reason: string;
}

/** What training keeps beside its resources. */
export class TrainingStore {
  readonly #database: Database<TrainingTables>;

  constructor(database: Database<TrainingTables>) {
    this.#database = database;
  }

  /** Notes that a generation shall stop, with its event; asking again changes nothing. */
  async cancel(cancellation: Cancellation, event: EventEntry): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      const added = await transaction
        .insertInto("training_cancellation")
        .values({ ...cancellation, asked_at: event.at })
        .onConflict((conflict) => conflict.doNothing())
        .returning("uid")
        .execute();
      if (added.length > 0) await appendEvents(transaction, [event]);
    });
  }

  /** Who asked for this generation to stop, or null. */
  async cancelledBy(uid: string, generation: number): Promise<string | null> {
    const row = await this.#database
      .selectFrom("training_cancellation")
      .select("actor")
      .where("uid", "=", uid)
      .where("generation", "=", generation)
      .executeTakeFirst();
    return row?.actor ?? null;
  }

  /** Who wrote the job's spec last, from the event log; null when the log does not say. */
  async lastWriter(project: string, name: string): Promise<string | null> {
    const events = await readEvents(this.#database as never, {
      kind: "TrainingJob",
      project,
      name,
      verbs: ["created", "updated"],
      limit: 1,
      order: "newest-first",
    });
    return events[0]?.actor ?? null;
  }
}
