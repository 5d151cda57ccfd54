import { type Kysely, sql, type Transaction } from "kysely";
import type { Clock, Instant } from "../../base/clock.ts";
import type { LentMoney } from "../gateway/limits/lease-book.ts";
import type { WindowSpending } from "./limit-status.ts";

/** Stands for the workers that are gone for good and whose sums were added up. */
const goneWorkers = "";

/** Rows that one reading of what was lent answers with; the rest is read page by page. */
const pageSize = 5_000;

/** What became of what should be written: `rival`: another owner lent more than this one knew of, so nothing was written. */
export type LentWritten = "written" | "rival";

/** Money that is lent to gateways: by limit, window and worker. What is not written here may not be spent. */
export class LimitStore {
  readonly #database: Kysely<unknown>;
  readonly #clock: Clock;

  constructor(database: Kysely<unknown>, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /**
   * Writes what was lent, all or nothing; sums never fall, so writing twice changes nothing.
   *
   * @param amountOf what each limit may lend in all; null for one that is no more.
   */
  async record(lent: readonly LentMoney[], amountOf: (limit: string) => number | null): Promise<LentWritten> {
    const ordered = lent.toSorted((left, right) => (left.limit < right.limit ? -1 : 1));
    return await this.#database.transaction().execute(async (transaction) => {
      for (const limit of new Set(ordered.map((each) => each.limit))) {
        await sql`select pg_advisory_xact_lock(hashtextextended(${`serving-limit/${limit}`}, 0))`.execute(transaction);
      }
      for (const each of ordered) {
        if (each.given === 0) continue;
        const others = await committedToOthers(transaction, each);
        if (others + each.granted - each.returned > (amountOf(each.limit) ?? 0)) return "rival";
      }
      await this.#upsert(transaction, ordered);
      return "written";
    });
  }

  /** All that was lent of limits whose window may still be open: those that start at `windowsFrom` or later, or have no end. */
  async lent(windowsFrom: Instant): Promise<readonly LentMoney[]> {
    const all: LentMoney[] = [];
    for (let last: LentMoney | null = null; ; ) {
      const rows: readonly LentMoney[] = await this.#page(windowsFrom, last);
      all.push(...rows);
      last = rows.at(-1) ?? null;
      if (rows.length < pageSize) return all;
    }
  }

  /** What is known of one window. */
  async spending(limit: string, window: Instant): Promise<WindowSpending> {
    const { rows } = await sql<WindowSpending>`
      select coalesce(sum(granted - returned), 0)::bigint as committed, coalesce(sum(spent), 0)::bigint as spent
      from serving_limit_lent where limit_id = ${limit} and window_start = ${window}`.execute(this.#database);
    return rows[0] ?? { committed: 0, spent: 0 };
  }

  /** Adds up the workers that were not heard since a moment, and forgets windows that started before another one. */
  async tidy(unheardSince: Instant, windowsBefore: Instant): Promise<void> {
    await sql`delete from serving_limit_lent where window_start <> 0 and window_start < ${windowsBefore}`.execute(
      this.#database,
    );
    await sql`
      with gone as (
        delete from serving_limit_lent where heard_at < ${unheardSince} and worker <> ${goneWorkers}
        returning limit_id, window_start, granted, returned, spent
      )
      insert into serving_limit_lent (limit_id, window_start, worker, granted, returned, spent, heard_at)
      select limit_id, window_start, ${goneWorkers}, sum(granted), sum(returned), sum(spent), ${this.#clock.now()}
      from gone group by limit_id, window_start
      on conflict (limit_id, window_start, worker) do update set
        granted = serving_limit_lent.granted + excluded.granted,
        returned = serving_limit_lent.returned + excluded.returned,
        spent = serving_limit_lent.spent + excluded.spent`.execute(this.#database);
  }

  async #upsert(transaction: Transaction<unknown>, lent: readonly LentMoney[]): Promise<void> {
    await sql`
      insert into serving_limit_lent (limit_id, window_start, worker, granted, returned, spent, heard_at)
      select "limit", "window", worker, granted, returned, spent, ${this.#clock.now()}
      from jsonb_to_recordset(${JSON.stringify(lent)}::jsonb) as item ("limit" text, "window" bigint, worker text,
        granted bigint, returned bigint, spent bigint)
      on conflict (limit_id, window_start, worker) do update set
        granted = greatest(serving_limit_lent.granted, excluded.granted),
        returned = greatest(serving_limit_lent.returned, excluded.returned),
        spent = greatest(serving_limit_lent.spent, excluded.spent),
        heard_at = excluded.heard_at`.execute(transaction);
  }

  async #page(windowsFrom: Instant, after: LentMoney | null): Promise<readonly LentMoney[]> {
    const { limit, window, worker } = after ?? { limit: "", window: -1, worker: "" };
    const { rows } = await sql<LentMoney>`
      select limit_id as "limit", window_start as "window", worker, granted, returned, spent, 0 as given
      from serving_limit_lent
      where (window_start = 0 or window_start >= ${windowsFrom})
        and (limit_id, window_start, worker) > (${limit}, ${window}, ${worker})
      order by limit_id, window_start, worker limit ${pageSize}`.execute(this.#database);
    return rows;
  }
}

async function committedToOthers(transaction: Transaction<unknown>, lent: LentMoney): Promise<number> {
  const { rows } = await sql<{ readonly committed: number }>`
    select coalesce(sum(granted - returned), 0)::bigint as committed from serving_limit_lent
    where limit_id = ${lent.limit} and window_start = ${lent.window} and worker <> ${lent.worker}`.execute(transaction);
  return rows[0]?.committed ?? 0;
}
