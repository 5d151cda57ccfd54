import { type Kysely, type RawBuilder, sql, type Transaction } from "kysely";
import type { Clock } from "../base/clock.ts";
import { Fault, isFault } from "../base/fault.ts";
import { CallBatch } from "./call-batch.ts";
import type { Controller, Lease, NextVisit } from "./controller.ts";
import { isConnectionError } from "./database.ts";
import { eventPageMax, readEvents } from "./event-log.ts";
import type { Log } from "./ports.ts";
import type { PlatformTables } from "./tables.ts";

/** Asks for a visit without an event: for changes in a room's own tables that are no events. */
export interface Waker {
  wake(controller: string, key: string): Promise<void>;
}

/** How long a claim holds; renewed at a third of it while the visit lasts. */
const leaseMs = 15_000;
/** The slow poll: a missed notification costs at most this. */
const pollMs = 1_000;
/** Between two turns under load. */
const turnPauseMs = 5;
const firstRetryMs = 1_000;
const lastRetryMs = 60_000;
/** How long `stop` waits for visits to end after their signals fired. */
const stopGraceMs = 4_000;

/**
 * Checks, inside a transaction that applies a controller's answer, that the lease is still held; locks it until
 * the commit, so that no other worker can take over in between.
 *
 * @throws {Fault} `platform.lease-lost`.
 */
export async function assertLease<Tables>(transaction: Transaction<Tables>, lease: Lease): Promise<void> {
  const { rows } = await sql`
    select from reconcile_item
    where controller = ${lease.controller} and key = ${lease.key} and attempt = ${lease.attempt} and lease_until is not null
    for share`.execute(transaction);
  if (rows.length > 0) return;
  throw new Fault(
    "platform.lease-lost",
    `another worker took over ${lease.controller} ${lease.key}; its answer counts`,
    {
      details: { ...lease },
    },
  );
}

/** The most ends of visits, or wakes, that share one statement. */
const batchMax = 200;

/** The end of a visit that went well; `dueAt` null: until something changes. */
interface Ending extends Lease {
  readonly dirty: number;
  readonly now: number;
  readonly dueAt: number | null;
}

interface Claim {
  readonly lease: Lease;
  readonly dirty: number;
  readonly failures: number;
}

/**
 * The reconcile kernel, for every controller of the process.
 *
 * A key's life: *settled* (no `due_at`) → an event or a wake makes it *due* → a worker claims it with
 * `SKIP LOCKED`, a lease and the next attempt number → the visit ends and the key is settled again, or due later,
 * or due at once when it was woken meanwhile (`dirty` grew). A worker that dies leaves a lease that runs out.
 * Events are turned into keys behind a cursor that is stored with them, so none is missed across a crash.
 */
export class Reconciler implements Waker {
  readonly #database: Kysely<PlatformTables>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #controllers: readonly Controller[];
  readonly #endings: CallBatch<Ending, boolean>;
  readonly #wakes: CallBatch<{ readonly controller: string; readonly key: string }, boolean>;
  readonly #running = new Map<string, { readonly count: number }>();
  readonly #visits = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** How far each controller has seen the log; the stored cursor may lag behind by events that concerned nobody. */
  #cursors: Map<string, number> | undefined;
  #isTurning = false;
  #turnAgain = false;
  /** Whether a key may have become due otherwise than by an event: time passed, a visit ended, someone woke it. */
  #mayBeDue = false;
  #turned: Promise<void> = Promise.resolve();

  constructor(database: Kysely<PlatformTables>, controllers: readonly Controller[], clock: Clock, log: Log) {
    this.#database = database;
    this.#controllers = controllers;
    this.#clock = clock;
    this.#log = log;
    this.#endings = new CallBatch(batchMax, (endings) => endVisits(database, endings));
    this.#wakes = new CallBatch(batchMax, async (items) => {
      // A key that is woken twice at once is woken once.
      const unique = new Map(items.map((item) => [`${item.controller} ${item.key}`, item]));
      await enqueue(database, [...unique.values()], clock.now());
      return items.map(() => true);
    });
  }

  /**
   * Takes over from a server that is gone: its leases end now, and every key is visited once.
   * The caller must hold the data directory's lock.
   */
  async start(): Promise<void> {
    await sql`
      update reconcile_item set lease_until = null, attempt = attempt + 1, due_at = ${this.#clock.now()}
    `.execute(this.#database);
    for (const controller of this.#controllers) {
      await sql`insert into reconcile_cursor (controller, seq) values (${controller.name}, 0) on conflict do nothing`.execute(
        this.#database,
      );
    }
    const poll = setInterval(() => this.notify(), pollMs);
    this.#timers.add(poll);
    this.notify();
  }

  /** Says that the log may have grown or that something may be due. Cheap; may be called at any rate. */
  notify(): void {
    this.#mayBeDue = true;
    this.logGrew();
  }

  /** Says that the log may have grown; what concerns no controller then costs one read. May be called at any rate. */
  logGrew(): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#isTurning) {
      this.#turnAgain = true;
      return;
    }
    this.#isTurning = true;
    this.#turned = this.#turn();
  }

  async wake(controller: string, key: string): Promise<void> {
    await this.#wakes.call({ controller, key });
    this.notify();
  }

  /** Fires every visit's signal and waits for them, at most 4 s. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#turned;
    let deadline: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      deadline = setTimeout(resolve, stopGraceMs);
    });
    await Promise.race([Promise.allSettled(this.#visits), timeout]);
    clearTimeout(deadline);
  }

  async #turn(): Promise<void> {
    do {
      this.#turnAgain = false;
      try {
        const isSomethingDue = await this.#dispatch();
        if (isSomethingDue || this.#mayBeDue) await this.#claim();
      } catch (error) {
        if (!this.#stopping.signal.aborted) this.#tellFailedTurn(error);
        this.#turnAgain = false;
      }
      // What arrives while we turn is taken together a moment later: a storm of changes costs few turns.
      if (this.#turnAgain) await pause(turnPauseMs, this.#stopping.signal);
    } while (this.#turnAgain && !this.#stopping.signal.aborted);
    this.#isTurning = false;
  }

  /** While the database is away every turn fails: that is told once by whoever watches the database, not at every turn. */
  #tellFailedTurn(error: unknown): void {
    const fields = { error: String(error) };
    if (isConnectionError(error)) this.#log.debug("reconcile turn waits for the database", fields);
    else this.#log.warn("reconcile turn failed", fields);
  }

  /**
   * Turns new events into due keys, and answers whether there were any. The stored cursors move with them, so that
   * a crash repeats, never skips.
   */
  async #dispatch(): Promise<boolean> {
    if (this.#controllers.length === 0) return false;
    this.#cursors ??= await this.#readCursors();
    for (let isSomethingDue = false; ; ) {
      const cursors = this.#cursors;
      const after = Math.min(...cursors.values());
      const events = await readEvents(this.#database, { after, limit: eventPageMax, order: "oldest-first" });
      const last = events.at(-1);
      if (last === undefined) return isSomethingDue;
      const items = this.#controllers.flatMap((controller) => {
        const seen = cursors.get(controller.name) ?? 0;
        const keys = events.filter((event) => event.seq > seen).flatMap((event) => controller.keysOf(event));
        return [...new Set(keys)].map((key) => ({ controller: controller.name, key }));
      });
      if (items.length > 0) await this.#enqueueBehind(items, last.seq);
      isSomethingDue ||= items.length > 0;
      for (const controller of this.#controllers)
        cursors.set(controller.name, Math.max(cursors.get(controller.name) ?? 0, last.seq));
      if (events.length < eventPageMax) return isSomethingDue;
    }
  }

  async #readCursors(): Promise<Map<string, number>> {
    const rows = await this.#database.selectFrom("reconcile_cursor").selectAll().execute();
    const stored = new Map(rows.map((row) => [row.controller, row.seq]));
    return new Map(this.#controllers.map((controller) => [controller.name, stored.get(controller.name) ?? 0]));
  }

  async #enqueueBehind(
    items: readonly { readonly controller: string; readonly key: string }[],
    seq: number,
  ): Promise<void> {
    const names = this.#controllers.map((controller) => controller.name);
    await sql`
      with passed as (
        update reconcile_cursor set seq = greatest(seq, ${seq}) where controller = any(${names}::text[])
      )
      ${enqueuing(items, this.#clock.now())}`.execute(this.#database);
  }

  /** Claims what is due, for every controller that has room for more, in one round trip. */
  async #claim(): Promise<void> {
    this.#mayBeDue = false;
    const roomy = this.#controllers
      .map((controller) => ({
        controller,
        free: controller.concurrency - (this.#running.get(controller.name)?.count ?? 0),
      }))
      .filter(({ free }) => free > 0);
    if (roomy.length === 0 || this.#stopping.signal.aborted) return;
    const now = this.#clock.now();
    const { rows } = await sql<{ controller: string; key: string; attempt: number; dirty: number; failures: number }>`
      update reconcile_item claimed set lease_until = ${now + leaseMs}, attempt = claimed.attempt + 1
      from unnest(${roomy.map(({ controller }) => controller.name)}::text[], ${roomy.map(({ free }) => free)}::int[]) as room (controller, free)
      cross join lateral (
        select due.key from reconcile_item due
        where due.controller = room.controller and due.due_at <= ${now} and (due.lease_until is null or due.lease_until < ${now})
        order by due.due_at limit room.free for update skip locked) as picked
      where claimed.controller = room.controller and claimed.key = picked.key
      returning claimed.controller, claimed.key, claimed.attempt, claimed.dirty, claimed.failures`.execute(
      this.#database,
    );
    for (const row of rows) {
      const controller = this.#controllers.find((each) => each.name === row.controller);
      const lease = { controller: row.controller, key: row.key, attempt: row.attempt };
      if (controller !== undefined) this.#begin(controller, { lease, dirty: row.dirty, failures: row.failures });
    }
  }

  #begin(controller: Controller, claim: Claim): void {
    this.#count(controller.name, 1);
    const visit = this.#visit(controller, claim).finally(() => {
      this.#count(controller.name, -1);
      this.#visits.delete(visit);
      this.notify();
    });
    this.#visits.add(visit);
  }

  #count(name: string, change: number): void {
    this.#running.set(name, { count: (this.#running.get(name)?.count ?? 0) + change });
  }

  async #visit(controller: Controller, claim: Claim): Promise<void> {
    const lost = new AbortController();
    const signal = AbortSignal.any([lost.signal, this.#stopping.signal]);
    const renewal = setInterval(() => {
      this.#renew(claim.lease).then(
        (isHeld) => {
          if (!isHeld) lost.abort();
        },
        (error: unknown) => this.#log.warn("lease renewal failed", { ...claim.lease, error: String(error) }),
      );
    }, leaseMs / 3);
    try {
      const next = await controller.reconcile(claim.lease.key, claim.lease, signal);
      await this.#complete(claim, next);
    } catch (error) {
      await this.#fail(claim, error);
    } finally {
      clearInterval(renewal);
    }
  }

  async #renew(lease: Lease): Promise<boolean> {
    const { numAffectedRows } = await sql`
      update reconcile_item set lease_until = ${this.#clock.now() + leaseMs}
      where controller = ${lease.controller} and key = ${lease.key} and attempt = ${lease.attempt} and lease_until is not null`.execute(
      this.#database,
    );
    return (numAffectedRows ?? 0n) > 0n;
  }

  /** Visits that end together share a statement. */
  async #complete(claim: Claim, next: NextVisit): Promise<void> {
    const now = this.#clock.now();
    const dueAt = next.kind === "again" ? now + next.afterMs : null;
    await this.#endings.call({ ...claim.lease, dirty: claim.dirty, now, dueAt });
    if (next.kind === "again") this.#notifyAfter(next.afterMs);
  }

  async #fail(claim: Claim, error: unknown): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    // A conflict means that the snapshot was stale: look again at once, it is no failure.
    const isStale = isFault(error, "platform.resource-conflict") || isFault(error, "platform.lease-lost");
    const delayMs = isStale ? 0 : Math.min(lastRetryMs, firstRetryMs * 2 ** Math.min(claim.failures, 10));
    const message = error instanceof Error ? error.message : String(error);
    if (!isStale) {
      this.#log.warn("reconcile failed", {
        ...claim.lease,
        failures: claim.failures + 1,
        error: message,
        stack: isFault(error) ? undefined : error instanceof Error ? error.stack : undefined,
      });
    }
    try {
      await sql`
        update reconcile_item
        set lease_until = null, failures = failures + ${isStale ? 0 : 1}, last_error = ${message}, due_at = ${this.#clock.now() + delayMs}
        where controller = ${claim.lease.controller} and key = ${claim.lease.key} and attempt = ${claim.lease.attempt}`.execute(
        this.#database,
      );
      this.#notifyAfter(delayMs);
    } catch (unreachable) {
      this.#log.warn("reconcile outcome not stored; its lease will run out", {
        ...claim.lease,
        error: String(unreachable),
      });
    }
  }

  #notifyAfter(delayMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.notify();
    }, delayMs);
    this.#timers.add(timer);
  }
}

async function endVisits(database: Kysely<PlatformTables>, endings: readonly Ending[]): Promise<readonly boolean[]> {
  // One order for everybody: two writers wait for each other, and never in a circle. Nobody waits for the disk: an end that
  // is lost with the database leaves a lease that runs out, and the key is visited once more.
  const ordered = endings.toSorted((left, right) =>
    `${left.controller}\0${left.key}` < `${right.controller}\0${right.key}` ? -1 : 1,
  );
  await sql`
    with ended as (
      select * from jsonb_to_recordset(${JSON.stringify(ordered)}::jsonb)
        as ending (controller text, key text, attempt bigint, dirty bigint, now bigint, "dueAt" bigint)
    )
    update reconcile_item item
    set lease_until = null, failures = 0, last_error = null,
      due_at = case when item.dirty > ended.dirty then ended.now else ended."dueAt" end
    from ended cross join (select set_config('synchronous_commit', 'off', true)) as unhurried
    where item.controller = ended.controller and item.key = ended.key and item.attempt = ended.attempt`.execute(
    database,
  );
  return endings.map(() => true);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}

async function enqueue(
  database: Kysely<PlatformTables>,
  items: readonly { readonly controller: string; readonly key: string }[],
  now: number,
): Promise<void> {
  if (items.length > 0) await enqueuing(items, now).execute(database);
}

function enqueuing(
  items: readonly { readonly controller: string; readonly key: string }[],
  now: number,
): RawBuilder<unknown> {
  const ordered = items.toSorted((left, right) =>
    `${left.controller}\0${left.key}` < `${right.controller}\0${right.key}` ? -1 : 1,
  );
  return sql`
    insert into reconcile_item (controller, key, due_at, dirty)
    select item.controller, item.key, ${now}, 1
    from unnest(${ordered.map((item) => item.controller)}::text[], ${ordered.map((item) => item.key)}::text[]) as item (controller, key)
    on conflict (controller, key) do update
    set dirty = reconcile_item.dirty + 1, due_at = least(coalesce(reconcile_item.due_at, excluded.due_at), excluded.due_at)`;
}
