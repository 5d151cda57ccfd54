import { type Kysely, sql } from "kysely";
import type { Instant } from "../base/clock.ts";
import type { ModelRegistry } from "../registry/ports.ts";
import type { PredictionLog, PredictionSample, ServedPrediction } from "./ports.ts";

/** Predictions that one read answers with. */
export const maxPredictions = 200_000;

interface PredictionRow {
  readonly predictionId: string;
  readonly versionId: string;
  readonly version: string;
  readonly eventAt: number;
  readonly servedAt: number;
  readonly latencyMs: number;
  readonly inputs: ServedPrediction["inputs"];
  readonly features: readonly (number | string | boolean | null)[];
  readonly probability: number;
  readonly outcome: number | null;
}

const columns = sql`prediction_id as "predictionId", version_id as "versionId", version, event_at as "eventAt",
  served_at as "servedAt", latency_ms as "latencyMs", inputs, features, probability, outcome`;

/** Reads the prediction log. */
export class PredictionStore implements PredictionLog {
  readonly #database: Kysely<unknown>;
  readonly #registry: Pick<ModelRegistry, "get">;

  /** @param registry knows the names of each version's columns. */
  constructor(database: Kysely<unknown>, registry: Pick<ModelRegistry, "get">) {
    this.#database = database;
    this.#registry = registry;
  }

  async sample(project: string, deployment: string, range: PredictionSample): Promise<readonly ServedPrediction[]> {
    const { rows } = await sql<PredictionRow>`
      select * from (
        select ${columns} from serving_prediction
        where project = ${project} and deployment = ${deployment} and event_at >= ${range.from} and event_at < ${range.to}
        order by hashtextextended(prediction_id, 0) limit ${Math.min(range.limit, maxPredictions)}
      ) as chosen order by "eventAt", "predictionId"`.execute(this.#database);
    return await this.#named(rows);
  }

  async count(
    project: string,
    deployment: string,
    range: { readonly from: Instant; readonly to: Instant },
  ): Promise<{ readonly predictions: number; readonly outcomes: number }> {
    const { rows } = await sql<{ readonly predictions: number; readonly outcomes: number }>`
      select count(*) as predictions, count(outcome) as outcomes from serving_prediction
      where project = ${project} and deployment = ${deployment} and event_at >= ${range.from} and event_at < ${range.to}`.execute(
      this.#database,
    );
    return rows[0] ?? { predictions: 0, outcomes: 0 };
  }

  /** The predictions served last, newest first. */
  async latest(project: string, deployment: string, limit: number): Promise<readonly ServedPrediction[]> {
    const { rows } = await sql<PredictionRow>`
      select ${columns} from serving_prediction
      where project = ${project} and deployment = ${deployment}
      order by served_at desc limit ${Math.min(limit, maxPredictions)}`.execute(this.#database);
    return await this.#named(rows);
  }

  async #named(rows: readonly PredictionRow[]): Promise<readonly ServedPrediction[]> {
    const names = new Map<string, readonly string[]>();
    for (const versionId of new Set(rows.map((row) => row.versionId))) {
      names.set(versionId, (await this.#registry.get(versionId))?.inputs ?? []);
    }
    return rows.map((row) => ({
      ...row,
      features: Object.fromEntries(
        row.features.map((value, index) => [names.get(row.versionId)?.[index] ?? `column_${index}`, toNumber(value)]),
      ),
      outcome: row.outcome === 0 || row.outcome === 1 ? row.outcome : null,
    }));
  }
}

function toNumber(value: number | string | boolean | null): number | null {
  if (typeof value === "number") return value;
  return typeof value === "boolean" ? Number(value) : null;
}
