import { isFault } from "../../src/base/fault.ts";
import type { Fallback } from "../../src/planning/catalog/fallback.ts";
import { resolveModel } from "../../src/planning/catalog/resolve-model.ts";
import type { RequestShape, ServingJob } from "../../src/planning/inference/serving-job.ts";
import { servingMemory } from "../../src/planning/inference/serving-memory.ts";
import { numberIn, readTable, type TruthRow } from "./read-table.ts";
import { type ServedNames, servingJobOf, standInsOf } from "./serving-rows.ts";
import { isAdmitted, type StandInRule } from "./stand-ins.ts";

/** One measured throughput: all requests queued at once, a static batch, or a first token alone. */
export interface ThroughputRow {
  readonly id: string;
  readonly table: string;
  readonly how: string;
  readonly kind: "saturated" | "static" | "first-token";
  readonly job: ServingJob;
  readonly shape: RequestShape;
  readonly batch: number | undefined;
  /** Output tokens a second of the whole replica, or seconds to the first token. */
  readonly measured: number;
  /** What stands in for a model or an accelerator that the catalog lacks. */
  readonly standIns: readonly Fallback[];
}

/** A row that cannot be planned, and why. */
export interface ExcludedThroughput {
  readonly table: string;
  readonly excluded: string;
}

const excludedOf = (table: string, error: unknown): ExcludedThroughput => {
  if (!isFault(error)) throw error;
  return { table, excluded: error.code.replace("planning.", "").replaceAll("-", " ") };
};

/**
 * Whether a model has experts: for most throughput, NVIDIA spreads its attention by sequence. The tables write only the
 * degree; three models on three accelerators are off alike when it is read so, and by -60 to +90 % when heads are split.
 */
function hasExperts(name: string): boolean {
  try {
    return resolveModel({ model: name }).value.experts !== undefined;
  } catch (error) {
    if (isFault(error)) return false;
    throw error;
  }
}

function readTensorRt(row: TruthRow): ThroughputRow | ExcludedThroughput {
  const table = row["table"] ?? "";
  const mode = row["mode"] ?? "";
  const isFirst = mode.includes("first-token");
  const milliseconds = numberIn(row, "ttft_ms");
  const measured = isFirst
    ? milliseconds === undefined
      ? undefined
      : milliseconds / 1000
    : numberIn(row, "out_tok_s_total");
  const [inputTokens, outputTokens] = [numberIn(row, "isl"), numberIn(row, "osl")];
  if (measured === undefined || inputTokens === undefined || outputTokens === undefined)
    return { table, excluded: "not measured" };
  const degree = numberIn(row, "tp") ?? 1;
  const spread = numberIn(row, "dep") ?? (hasExperts(row["model"] ?? "") ? degree : 1);
  const tensor = spread > 1 ? 1 : degree;
  try {
    const layout = { tensor, attentionData: spread, expert: spread, pipeline: numberIn(row, "pp") ?? 1 };
    const names = {
      model: row["model"] ?? "",
      accelerator: row["gpu"] ?? "",
      engine: "trtllm" as const,
      precision: row["precision"] ?? "",
    };
    return {
      id: row["id"] ?? "",
      table,
      how: row["how"] ?? "",
      kind: isFirst ? "first-token" : mode.includes("static") ? "static" : "saturated",
      job: servingJobOf(names, layout),
      standIns: standInsOf(names),
      shape: { inputTokens, outputTokens },
      batch: numberIn(row, "batch"),
      measured,
    };
  } catch (error) {
    return excludedOf(table, error);
  }
}

/** Rows of NVIDIA's published TensorRT-LLM tables; stand-ins are left out unless the rule plans them. */
export function tensorRtRows(
  folder: string,
  rule: StandInRule = "left out",
): readonly (ThroughputRow | ExcludedThroughput)[] {
  return readTable(folder, "inference_trtllm.csv")
    .map(readTensorRt)
    .map((row) =>
      "excluded" in row || isAdmitted(row, rule) ? row : { table: row.table, excluded: "model or accelerator unknown" },
    );
}

/** MLPerf Inference: mean tokens of the data set's prompts and answers (mlcommons/inference language/, recalled). */
const mlperfShapes: Readonly<Record<string, RequestShape>> = {
  "llama2-70b": { inputTokens: 295, outputTokens: 294 },
  "llama3.1-8b": { inputTokens: 870, outputTokens: 128 },
  "llama3.1-405b": { inputTokens: 9400, outputTokens: 684 },
  "mixtral-8x7b": { inputTokens: 450, outputTokens: 145 },
  "deepseek-r1": { inputTokens: 800, outputTokens: 3880 },
};
/** Requests that a replica must hold to be worth its accelerators. */
const batchMin = 256;

/** One MLPerf result: tokens a second of a whole system under a scenario. */
export interface MlperfRow {
  readonly id: string;
  readonly how: string;
  readonly scenario: string;
  readonly job: ServingJob;
  readonly replicas: number;
  readonly shape: RequestShape;
  readonly tokensPerSecond: number;
  readonly ttftLimit: number | undefined;
  readonly tpotLimit: number | undefined;
  /** What Offline and Server results of one system share. */
  readonly system: string;
  readonly standIns: readonly Fallback[];
}

/** The fewest accelerators that hold a model and a good batch, as submitters choose. */
function smallestReplica(
  names: ServedNames,
  shape: RequestShape,
  gpus: number,
): { readonly job: ServingJob; readonly replicas: number } {
  const jobOf = (tensor: number): ServingJob =>
    servingJobOf(names, { tensor, attentionData: 1, expert: 1, pipeline: 1 });
  const sizes = [1, 2, 4, 8].filter((tensor) => tensor <= gpus);
  const chosen =
    sizes.find((tensor) => servingMemory(jobOf(tensor), shape).requestsMax >= batchMin) ?? sizes.at(-1) ?? 1;
  return { job: jobOf(chosen), replicas: Math.max(1, Math.floor(gpus / chosen)) };
}

function readMlperf(row: TruthRow): MlperfRow | ExcludedThroughput {
  const table = "inference_mlperf";
  const bench = (row["bench"] ?? "").replace(/-99(?:\.9)?$/, "");
  const shape = mlperfShapes[bench];
  if (shape === undefined) return { table, excluded: "no text lengths known" };
  const tokens = numberIn(row, "tokens_per_s");
  const gpus = numberIn(row, "n_accel");
  if (tokens === undefined || gpus === undefined || row["valid"] !== "True")
    return { table, excluded: "not measured or not valid" };
  const isBlackwell = /B200|B300|PRO 6000/.test(row["accelerator"] ?? "");
  try {
    const names = {
      model: bench,
      accelerator: row["accelerator"] ?? "",
      engine: "trtllm" as const,
      precision: isBlackwell ? "fp4" : "fp8",
    };
    const limits = ["ttft_limit_ms", "tpot_limit_ms"].map((column) => numberIn(row, column));
    return {
      id: row["id"] ?? "",
      how: row["how"] ?? "",
      scenario: row["scenario"] ?? "",
      ...smallestReplica(names, shape, gpus),
      shape,
      tokensPerSecond: tokens,
      ttftLimit: limits[0] === undefined ? undefined : limits[0] / 1000,
      tpotLimit: limits[1] === undefined ? undefined : limits[1] / 1000,
      standIns: standInsOf(names),
      system: `${row["suite"]} ${row["bench"]} ${row["submitter"]} ${row["system"]}`,
    };
  } catch (error) {
    return excludedOf(table, error);
  }
}

/** Rows of MLPerf Inference. */
export function mlperfRows(folder: string): readonly (MlperfRow | ExcludedThroughput)[] {
  return readTable(folder, "inference_mlperf.csv").map(readMlperf);
}
