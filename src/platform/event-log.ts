import { sql, type Kysely, type Transaction } from "kysely";
import { canonicalJson } from "../base/canonical-json.ts";
import { eventEntrySchema, type EventEntry, type LoggedEvent } from "./event.ts";
import { leafHash } from "./merkle.ts";
import type { PlatformTables } from "./tables.ts";

/** The channel that says "the log grew"; listeners read on from where they were. */
export const eventChannel = "millwright_events";

/** The most events that one read answers with. */
export const eventPageMax = 1000;

/** Writes an entry as the text whose hash is the leaf. */
export function writeEntry(entry: EventEntry): string {
  return canonicalJson(entry);
}

/**
 * Appends entries in the transaction of the change that they record.
 *
 * Must be the transaction's last statement: it holds the log's head until the commit, which makes the order of
 * places the order of commits, so that a reader who has seen place n has seen every place before it.
 */
export async function appendEvents<Tables>(
  transaction: Transaction<Tables>,
  entries: readonly EventEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  const texts = entries.map(writeEntry);
  const leaves = texts.map(leafHash);
  await sql`
    with head as (update event_head set size = size + ${entries.length} returning size - ${entries.length} as base),
    logged as (
      insert into event (seq, entry, leaf_hash)
      select head.base + item.place, item.entry, item.leaf
      from head, unnest(${texts}::text[], ${leaves}::bytea[]) with ordinality as item (entry, leaf, place)
    )
    select pg_notify(${eventChannel}, '')`.execute(transaction);
}

/** Which events to read; places are exclusive bounds. */
export interface EventFilter {
  readonly after?: number;
  readonly before?: number;
  readonly kind?: string | undefined;
  /** A project's name, or null for events of the whole platform. */
  readonly project?: string | null | undefined;
  /** Only events of these projects, and those of no project when `includePlatform`. */
  readonly projects?: readonly string[] | null;
  readonly name?: string | undefined;
  readonly actor?: string | undefined;
  readonly verbs?: readonly string[] | undefined;
  readonly limit: number;
  readonly order: "oldest-first" | "newest-first";
}

/** Reads events by filter, at most `limit` (and never more than `eventPageMax`). */
export async function readEvents(
  database: Kysely<PlatformTables>,
  filter: EventFilter,
): Promise<readonly LoggedEvent[]> {
  let query = database
    .selectFrom("event")
    .select(["seq", "entry"])
    .orderBy("seq", filter.order === "oldest-first" ? "asc" : "desc")
    .limit(Math.min(filter.limit, eventPageMax));
  if (filter.after !== undefined) query = query.where("seq", ">", filter.after);
  if (filter.before !== undefined) query = query.where("seq", "<", filter.before);
  if (filter.kind !== undefined) query = query.where("kind", "=", filter.kind);
  if (filter.project === null) query = query.where("project", "is", null);
  else if (filter.project !== undefined) query = query.where("project", "=", filter.project);
  if (filter.projects !== undefined && filter.projects !== null) {
    query = query.where("project", "in", filter.projects.length === 0 ? [""] : [...filter.projects]);
  }
  if (filter.name !== undefined) query = query.where("name", "=", filter.name);
  if (filter.actor !== undefined) query = query.where("actor", "=", filter.actor);
  if (filter.verbs !== undefined) query = query.where("verb", "in", [...filter.verbs]);
  const rows = await query.execute();
  return rows.map((row) => ({ ...eventEntrySchema.parse(JSON.parse(row.entry)), seq: row.seq }));
}

/** How many events the log holds. */
export async function logSize(database: Kysely<PlatformTables>): Promise<number> {
  const head = await database.selectFrom("event_head").select("size").executeTakeFirstOrThrow();
  return head.size;
}
