import { type Kysely, sql } from "kysely";
import type { Instant } from "../base/clock.ts";
import type { NodeHour, PowerSample } from "./calibration/power-model.ts";

const hourMs = 3_600_000;
/** Nodes that one look at an hour takes. */
const nodesMax = 20_000;
const keptMs = 400 * 86_400_000;

/** Watts that exporters pushed, summed by node and hour. */
export class PowerStore {
  readonly #database: Kysely<never>;

  constructor(database: Kysely<never>) {
    this.#database = database;
  }

  /** Adds samples to their hours, in one statement. */
  async add(samples: readonly PowerSample[]): Promise<void> {
    if (samples.length === 0) return;
    await sql`
      insert into planning_power (node, scope, hour_at, samples, watts_sum, held_sum)
      select node, scope, at / ${hourMs}::bigint * ${hourMs}::bigint, count(*), sum(watts), sum("heldShare")
      from jsonb_to_recordset(${JSON.stringify(samples)}::jsonb)
        as item (node text, scope text, at bigint, watts double precision, "heldShare" double precision)
      group by 1, 2, 3 order by 3, 1, 2
      on conflict (hour_at, node, scope) do update set
        samples = planning_power.samples + excluded.samples,
        watts_sum = planning_power.watts_sum + excluded.watts_sum,
        held_sum = planning_power.held_sum + excluded.held_sum`.execute(this.#database);
  }

  /** What was pushed in the hour that begins at `hourAt`. */
  async hour(hourAt: Instant): Promise<readonly NodeHour[]> {
    const { rows } = await sql<NodeHour>`
      select node, scope, samples::integer, watts_sum / samples as watts, held_sum / samples as "heldShare"
      from planning_power where hour_at = ${hourAt} order by node, scope limit ${nodesMax}`.execute(this.#database);
    return rows;
  }

  async prune(now: Instant): Promise<void> {
    await sql`delete from planning_power where hour_at < ${now - keptMs}`.execute(this.#database);
  }
}
