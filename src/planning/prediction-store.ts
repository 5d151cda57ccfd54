import { type Kysely, sql } from "kysely";
import type { Instant } from "../base/clock.ts";
import type { Lease } from "../platform/controller.ts";
import { assertLease } from "../platform/reconciler.ts";
import type { MeasuredPrediction, Prediction, PredictionKind, Settlement } from "./calibration/model.ts";

interface PredictionTable {
  kind: PredictionKind;
  subject: string;
  group: string;
  project: string;
  predicted_at: number;
  low: number;
  likely: number;
  high: number;
  due_at: number | null;
  load: Readonly<Record<string, number>> | null;
  measured: number | null;
  exposure: number | null;
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

/** What came of one prediction. */
export interface Settled {
  readonly prediction: Pick<Prediction, "kind" | "subject" | "group">;
  readonly settlement: Settlement;
}

/** Predictions that one group is calibrated by, the newest; and how long settled and open ones are kept. */
const rowsMax = 1000;
const groupsMax = 500;
/** Predictions that one statement inserts. */
const rowsAtOnce = 1000;
/** Predictions of which the time has come that one look takes. */
const dueMax = 2000;
const keptMs = 400 * 86_400_000;

/** Predictions and what was measured later. */
export class PredictionStore {
  readonly #database: Kysely<PlanningTables>;

  constructor(database: Kysely<PlanningTables>) {
    this.#database = database;
  }

  /** Keeps predictions; of one subject, kind and group the first one counts. */
  async keep(predictions: readonly Prediction[], lease: Lease | null): Promise<void> {
    if (predictions.length === 0) return;
    await this.#database.transaction().execute(async (transaction) => {
      if (lease !== null) await assertLease(transaction, lease);
      for (let begin = 0; begin < predictions.length; begin += rowsAtOnce) {
        await transaction
          .insertInto("planning_prediction")
          .values(predictions.slice(begin, begin + rowsAtOnce).map(toRow))
          .onConflict((conflict) => conflict.columns(["kind", "subject", "group"]).doNothing())
          .execute();
      }
    });
  }

  /** Predictions of a subject that nothing came of yet. */
  async open(subject: string): Promise<readonly Prediction[]> {
    const rows = await this.#database
      .selectFrom("planning_prediction")
      .selectAll()
      .where("subject", "=", subject)
      .where("settled_at", "is", null)
      .execute();
    return rows.map(toPrediction);
  }

  /** Whether a subject was predicted, settled or not. */
  async isPredicted(kind: PredictionKind, subject: string): Promise<boolean> {
    const rows = await this.#database
      .selectFrom("planning_prediction")
      .select("kind")
      .where("kind", "=", kind)
      .where("subject", "=", subject)
      .limit(1)
      .execute();
    return rows.length > 0;
  }

  /** Open predictions of which the time has come, the oldest first. */
  async due(now: Instant): Promise<readonly Prediction[]> {
    const rows = await this.#database
      .selectFrom("planning_prediction")
      .selectAll()
      .where("settled_at", "is", null)
      .where("due_at", "<=", now)
      .orderBy("due_at")
      .orderBy("subject")
      .limit(dueMax)
      .execute();
    return rows.map(toPrediction);
  }

  /** Notes what came of open predictions; those that were settled before keep what came first. */
  async settle(settled: readonly Settled[], lease: Lease, now: Instant): Promise<void> {
    if (settled.length === 0) return;
    await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      for (const { prediction, settlement } of settled) {
        const { kind, subject, group } = prediction;
        await transaction
          .updateTable("planning_prediction")
          .set({
            measured: settlement.kind === "measured" ? settlement.value : null,
            exposure: settlement.kind === "measured" ? (settlement.exposure ?? null) : null,
            excluded: settlement.kind === "excluded" ? settlement.why : null,
            settled_at: now,
          })
          .where("subject", "=", subject)
          .where("kind", "=", kind)
          .where("group", "=", group)
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
      .select(["low", "likely", "high", "measured", "exposure"])
      .where("kind", "=", kind)
      .where("group", "=", group)
      .where("measured", "is not", null)
      .orderBy("settled_at", "desc")
      .orderBy("subject", "desc")
      .limit(rowsMax)
      .execute();
    return rows.toReversed().map(({ low, likely, high, measured, exposure }) => {
      return { low, likely, high, measured: measured ?? 0, ...(exposure === null ? {} : { exposure }) };
    });
  }
}

function toRow({ at, dueAt, load, ...rest }: Prediction) {
  return {
    ...rest,
    predicted_at: at,
    due_at: dueAt ?? null,
    load: load === undefined ? null : sql<PredictionTable["load"]>`${JSON.stringify(load)}::jsonb`,
    measured: null,
    exposure: null,
    excluded: null,
    settled_at: null,
  };
}

function toPrediction(row: PredictionTable): Prediction {
  const { kind, subject, group, project, predicted_at: at, low, likely, high, due_at: dueAt, load } = row;
  return {
    kind,
    subject,
    group,
    project,
    at,
    low,
    likely,
    high,
    ...(dueAt === null ? {} : { dueAt }),
    ...(load === null ? {} : { load }),
  };
}
