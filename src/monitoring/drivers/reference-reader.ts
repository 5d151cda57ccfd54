import type { SqlEngine } from "../../data/ports.ts";
import { parquetRelation } from "../../data/quote-sql.ts";
import type { BuiltTrainingSet } from "../../training/model.ts";
import {
  type ReferencePlan,
  referenceRowsMax,
  type ReferenceSample,
  referenceStatement,
  toReferenceSample,
} from "../reference-sample.ts";

/** How many training sets' samples are kept in memory; each is a few megabytes. */
const samplesKept = 4;
const columnsMax = 2000;

/** Reads samples of training sets, and keeps the last few: a set never changes under its id. */
export class ReferenceReader {
  readonly #engine: SqlEngine;
  readonly #kept = new Map<string, ReferenceSample>();

  constructor(engine: SqlEngine) {
    this.#engine = engine;
  }

  /** @throws {Fault} what the engine throws: a file that is gone or broken. */
  async read(
    set: Pick<BuiltTrainingSet, "id" | "path" | "rows" | "from" | "to">,
    wanted: { readonly label: string; readonly timestamp: string; readonly columns: readonly string[] },
    signal: AbortSignal,
  ): Promise<ReferenceSample> {
    const key = JSON.stringify([set.id, wanted]);
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const options = { files: [set.path], signal };
    const described = await this.#engine.query([`SELECT * FROM ${parquetRelation(set.path)} LIMIT 0`], {
      ...options,
      maxRows: columnsMax,
    });
    const timestamp = described.columns.find((column) => column.name === wanted.timestamp) ?? null;
    const { path, rows, from, to } = set;
    const plan: ReferencePlan = { path, rows, from, to, ...wanted, timestamp };
    const result = await this.#engine.query([referenceStatement(plan)], { ...options, maxRows: referenceRowsMax });
    const sample = toReferenceSample(plan, result);
    this.#kept.set(key, sample);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > samplesKept && oldest !== undefined) this.#kept.delete(oldest);
    return sample;
  }
}
