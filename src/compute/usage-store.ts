import { type Kysely, sql } from "kysely";
import type { Instant } from "../base/clock.ts";
import type { UsageSum } from "./model.ts";

/** One answer holds at most so many lines. */
const linesMax = 10_000;
const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** What to add up, over [from, to). */
export interface UsageFilter {
  readonly from: Instant;
  readonly to: Instant;
  /** null: of all projects. */
  readonly projects: readonly string[] | null;
  readonly by: readonly UsageSum[];
  /** What is held still counts until now. */
  readonly now: Instant;
}

/** A line of the ledger's sums; of the names only those that were asked for are given. `day` is a date in UTC, `hour` such as `2026-11-25T13`. */
export type UsageLine = Readonly<Partial<Record<UsageSum, string | null>>> & {
  /** GPU-seconds by what they were worth; `open`: held still, and not known yet. */
  readonly gpuSeconds: {
    readonly useful: number;
    readonly idle: number;
    readonly lost: number;
    readonly open: number;
  };
  /** Of the lost ones, why. */
  readonly lostTo: { readonly preempted: number; readonly failed: number; readonly cancelled: number };
  readonly cpuSeconds: number;
};

type SumRow = Readonly<Partial<Record<UsageSum, string | null>>> &
  Readonly<Record<"useful" | "idle" | "lost" | "open" | "preempted" | "failed" | "cancelled" | "cpu_seconds", number>>;

/** What each name of a sum is in the table. */
const columns: Readonly<Record<UsageSum, string>> = {
  project: "e.project",
  purpose: "e.purpose",
  day: "to_char(to_timestamp(slot.begin / 1000.0) at time zone 'utc', 'YYYY-MM-DD')",
  hour: "to_char(to_timestamp(slot.begin / 1000.0) at time zone 'utc', 'YYYY-MM-DD\"T\"HH24')",
  pool: "e.pool",
  queue: "e.queue",
  model: "e.gpu_model",
  owner: "e.owner_kind || '/' || e.owner_name",
};

/** Reads the ledger. It is written with the state of the workloads, in the same transactions. */
export class UsageStore {
  readonly #database: Kysely<never>;

  constructor(database: Kysely<never>) {
    this.#database = database;
  }

  /** Adds up what was held in a time; a stretch that crosses its bounds, or those of a day, counts by its part. */
  async sums({ from, to, projects, by, now }: UsageFilter): Promise<readonly UsageLine[]> {
    const names = by.map((name) => sql`${sql.raw(columns[name])} as ${sql.id(name)}`);
    const places = by.map((_, index) => sql.raw(String(index + 1)));
    const span = sql.raw("(greatest(0, part.until - part.since) / 1000.0)");
    const gpu = sql`(e.gpu_millis / 1000.0 * ${span})`;
    const sumOf = (condition: string) => sql`coalesce(sum(${gpu}) filter (where ${sql.raw(condition)}), 0)::float8`;
    // An entry is cut at the bounds of the hours or days that it touches, and at no others.
    const slotMs = by.includes("hour") ? hourMs : by.includes("day") ? dayMs : null;
    const slots =
      slotMs === null
        ? sql`(values (null::bigint)) as slot (begin)`
        : sql`generate_series(greatest(e.from_at, ${from}::bigint) / ${slotMs}::bigint * ${slotMs}::bigint,
            least(coalesce(e.to_at, ${now}::bigint), ${to}::bigint) - 1, ${slotMs}::bigint) as slot (begin)`;
    const { rows } = await sql<SumRow>`
      select ${sql.join([
        ...names,
        sql`${sumOf("e.outcome = 'useful'")} as useful`,
        sql`${sumOf("e.outcome = 'idle'")} as idle`,
        sql`${sumOf("e.outcome = 'lost'")} as lost`,
        sql`${sumOf("e.outcome is null")} as open`,
        sql`${sumOf("e.cause = 'preempted'")} as preempted`,
        sql`${sumOf("e.cause = 'failed'")} as failed`,
        sql`${sumOf("e.cause = 'cancelled'")} as cancelled`,
        sql`sum(e.cpus * ${span})::float8 as cpu_seconds`,
      ])}
      from usage_entry e cross join lateral ${slots}
      cross join lateral (select
        greatest(e.from_at, ${from}::bigint, coalesce(slot.begin, 0)) as since,
        least(coalesce(e.to_at, ${now}::bigint), ${to}::bigint, coalesce(slot.begin + ${slotMs}::bigint, ${to}::bigint)) as until) part
      where e.from_at < ${to} and (e.to_at is null or e.to_at > ${from}) and part.until > part.since
        and (${projects === null} or e.project = any(${projects ?? []}::text[]))
      ${places.length === 0 ? sql`` : sql`group by ${sql.join(places)} order by ${sql.join(places)}`}
      limit ${linesMax}`.execute(this.#database);
    return rows.map((row) => toLine(row, by));
  }
}

function toLine(row: SumRow, by: readonly UsageSum[]): UsageLine {
  const { useful, idle, lost, open, preempted, failed, cancelled } = row;
  return {
    ...Object.fromEntries(by.map((name) => [name, row[name] ?? null])),
    gpuSeconds: { useful, idle, lost, open },
    lostTo: { preempted, failed, cancelled },
    cpuSeconds: row.cpu_seconds ?? 0,
  };
}
