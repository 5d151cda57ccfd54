import { type Kysely, sql } from "kysely";
import type { Instant } from "../base/clock.ts";
import type { Lease } from "../platform/controller.ts";
import { assertLease } from "../platform/reconciler.ts";
import type { MeasuredPrediction, Prediction, PredictionKind, Settlement } from "./calibration/model.ts";

interface PredictionTable {
  kind: PredictionKind;
  workload: string;
  group: string;
  project: string;
  predicted_at: number;
  low: number;
  likely: number;
  high: number;
  measured: number | null;
  excluded: string | null;
  settled_at: number | null;
}

interface PlanningTables {
  planning_prediction: PredictionTable;
}

/** Predictions of one kind and group with what came of them. */
export interface SettledGroup {
  readonly kind: PredictionKind;
  readonly group: string;
  readonly rows: readonly MeasuredPrediction[];
  readonly excluded: Readonly<Record<string, number>>;
}

/** Predictions that one group is calibrated by, the newest; and how long settled and open ones are kept. */
const rowsMax = 1000;
const groupsMax = 500;
/** Predictions that one statement inserts. */
const rowsAtOnce = 1000;
const keptMs = 400 * 86_400_000;

/** Predictions and what was measured later. */
export class PredictionStore {
  readonly #database: Kysely<PlanningTables>;

  constructor(database: Kysely<PlanningTables>) {
    this.#database = database;
  }

  /** Keeps predictions; of one workload, kind and group the first one counts. */
  async keep(predictions: readonly Prediction[], lease: Lease | null): Promise<void> {
    if (predictions.length === 0) return;
    await this.#database.transaction().execute(async (transaction) => {
      if (lease !== null) await assertLease(transaction, lease);
      for (let begin = 0; begin < predictions.length; begin += rowsAtOnce) {
        await transaction
          .insertInto("planning_prediction")
          .values(
            predictions.slice(begin, begin + rowsAtOnce).map(({ at, ...rest }) => ({ ...rest, predicted_at: at })),
          )
          .onConflict((conflict) => conflict.columns(["kind", "workload", "group"]).doNothing())
          .execute();
      }
    });
  }

  /** Predictions of a workload that nothing came of yet. */
  async open(workload: string): Promise<readonly Prediction[]> {
    const rows = await this.#database
      .selectFrom("planning_prediction")
      .selectAll()
      .where("workload", "=", workload)
      .where("settled_at", "is", null)
      .execute();
    return rows.map(({ kind, group, project, predicted_at: at, low, likely, high }) => {
      return { kind, workload, group, project, at, low, likely, high };
    });
  }

  /** Notes what came of open predictions of a workload. */
  async settle(
    workload: string,
    settled: ReadonlyMap<PredictionKind, Settlement>,
    lease: Lease,
    now: Instant,
  ): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      for (const [kind, settlement] of settled) {
        await transaction
          .updateTable("planning_prediction")
          .set({
            measured: settlement.kind === "measured" ? settlement.seconds : null,
            excluded: settlement.kind === "excluded" ? settlement.why : null,
            settled_at: now,
          })
          .where("workload", "=", workload)
          .where("kind", "=", kind)
          .where("settled_at", "is", null)
          .execute();
      }
    });
  }

  /** Deletes what was predicted long ago. */
  async prune(now: Instant): Promise<void> {
    await this.#database
      .deleteFrom("planning_prediction")
      .where("predicted_at", "<", now - keptMs)
      .execute();
  }

  /** Every group with its newest measured predictions, oldest first, and the others counted by reason. */
  async settledGroups(): Promise<readonly SettledGroup[]> {
    const { rows } = await sql<{ kind: PredictionKind; group: string; excluded: Record<string, number> | null }>`
      select kind, "group", (select jsonb_object_agg(reasons.excluded, reasons.count) from (
        select excluded, count(*) from planning_prediction inside
        where inside.kind = groups.kind and inside."group" = groups."group" and excluded is not null group by excluded
      ) reasons) as excluded
      from (select distinct kind, "group" from planning_prediction) groups
      order by kind, "group" limit ${groupsMax}`.execute(this.#database);
    const groups: SettledGroup[] = [];
    for (const { kind, group, excluded } of rows) {
      groups.push({ kind, group, excluded: excluded ?? {}, rows: await this.measured(kind, group) });
    }
    return groups;
  }

  /** The newest measured predictions of a group, oldest first. */
  async measured(kind: PredictionKind, group: string): Promise<readonly MeasuredPrediction[]> {
    const rows = await this.#database
      .selectFrom("planning_prediction")
      .select(["low", "likely", "high", "measured"])
      .where("kind", "=", kind)
      .where("group", "=", group)
      .where("measured", "is not", null)
      .orderBy("settled_at", "desc")
      .orderBy("workload", "desc")
      .limit(rowsMax)
      .execute();
    return rows.toReversed().map(({ low, likely, high, measured }) => ({ low, likely, high, measured: measured ?? 0 }));
  }
}
