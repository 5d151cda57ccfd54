import { type Kysely, sql, type Transaction } from "kysely";
import type { Instant, Millis } from "../base/clock.ts";
import type { RefusalWindow } from "./gateway/refusal-tally.ts";
import type { StoredRefusals } from "./refusal-series.ts";

/** Sums that one read answers with. */
const maxSums = 20_000;

/** What the gateway refused before any replica was asked, by span. */
export class RefusalStore {
  readonly #database: Kysely<unknown>;

  constructor(database: Kysely<unknown>) {
    this.#database = database;
  }

  /**
   * Refusals in [from, to), oldest first, in spans of `stepMs`: those of the deployment, and those that were refused before a deployment
   * was known: of the project, and of callers whose project nobody knows.
   */
  async read(
    project: string,
    deployment: string,
    { from, to, stepMs }: { readonly from: Instant; readonly to: Instant; readonly stepMs: Millis },
  ): Promise<readonly StoredRefusals[]> {
    const { rows } = await sql<StoredRefusals>`
      select case when deployment <> '' then 'deployment' when project <> '' then 'project' else 'platform' end as scope,
        reason, (starts_at / ${stepMs}::bigint) * ${stepMs}::bigint as at, sum(requests)::bigint as requests
      from serving_refusal
      where starts_at >= ${from} and starts_at < ${to}
        and ((project = ${project} and deployment in (${deployment}, '')) or (project = '' and deployment = ''))
      group by 1, 2, 3 order by 3, 1, 2 limit ${maxSums}`.execute(this.#database);
    return rows;
  }
}

/** Adds sums of a gateway to those that are stored. */
export async function addRefusals(transaction: Transaction<unknown>, windows: readonly RefusalWindow[]): Promise<void> {
  if (windows.length === 0) return;
  // In one order, so that two gateways never wait for each other.
  const keyOf = (each: RefusalWindow): string =>
    `${each.project}/${each.deployment}/${each.reason}/${String(each.startsAt).padStart(16, "0")}`;
  const list = JSON.stringify(windows.toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1)));
  await sql`
    insert into serving_refusal (project, deployment, reason, starts_at, requests)
    select project, deployment, reason, "startsAt", requests
    from jsonb_to_recordset(${list}::jsonb) as item (project text, deployment text, reason text, "startsAt" bigint, requests bigint)
    on conflict (project, deployment, reason, starts_at) do update set
      requests = serving_refusal.requests + excluded.requests`.execute(transaction);
}
