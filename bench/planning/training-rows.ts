import { isFault } from "../../src/base/fault.ts";
import type { Precision } from "../../src/planning/catalog/accelerator.ts";
import type { Fallback, Resolved } from "../../src/planning/catalog/fallback.ts";
import { findInterconnect, usualInterconnect } from "../../src/planning/catalog/find-interconnect.ts";
import type { ModelShape } from "../../src/planning/catalog/model-shape.ts";
import { attentionFlops, modelParameters } from "../../src/planning/catalog/model-size.ts";
import { resolveModel } from "../../src/planning/catalog/resolve-model.ts";
import {
  type Layout,
  layoutProblems,
  type TrainingJob,
  type TrainingStack,
} from "../../src/planning/training/training-job.ts";
import { numberIn, readTable, type TruthRow } from "./read-table.ts";
import { acceleratorOf, isAdmitted, type StandInRule } from "./stand-ins.ts";

/** One measured training run: the job, seconds of a step, and measured peak memory where there is one. */
export interface TrainingRow {
  readonly id: string;
  readonly table: string;
  readonly modelName: string;
  readonly how: string;
  readonly job: TrainingJob;
  readonly seconds: number | undefined;
  readonly peakGib: number | undefined;
  /** What stands in for a model or an accelerator that the catalog lacks. */
  readonly standIns: readonly Fallback[];
}

/** A row that cannot be planned, and why. */
export interface ExcludedRow {
  readonly table: string;
  readonly excluded: string;
}

function stackOf(row: TruthRow): TrainingStack {
  const framework = `${row["framework"]} ${row["table"]}`.toLowerCase();
  if (framework.includes("maxtext")) return "maxtext";
  if (/fsdp|foundry|titan/.test(framework)) return "fsdp";
  return /vtrain|narayanan|korthikanti|deepspeed/.test(framework) ? "megatron-classic" : "megatron-core";
}

function precisionOf(row: TruthRow): Precision {
  const text = (row["precision"] ?? "").toLowerCase();
  if (/gb[23]00/i.test(row["gpu"] ?? "") && (row["table"] ?? "").includes("v5.1")) return "fp4";
  if (/^nvfp4|^fp4/.test(text)) return "fp4";
  if (/fp8|mxfp8|int8/.test(text)) return "fp8";
  if (text === "" && (row["table"] ?? "").includes("mbridge")) return "fp8";
  return "bf16";
}

/** What the product takes a name for: a model of the catalog, or the typical shape of the size that it tells. */
function resolvedShape(name: string): Resolved<ModelShape> | undefined {
  try {
    return resolveModel({ model: name.replaceAll("_", "-") });
  } catch (error) {
    if (!isFault(error, "planning.model-unknown")) throw error;
    return undefined;
  }
}

/** The catalog's shape, else the one that the row states, else the typical one of the size that the name tells. */
function shapeOf(row: TruthRow): Resolved<ModelShape> | undefined {
  const resolved = resolvedShape(row["model"] ?? "");
  if (resolved !== undefined && resolved.fallback === undefined) return resolved;
  const stated = statedShape(row);
  return stated === undefined ? resolved : { value: stated };
}

function statedShape(row: TruthRow): ModelShape | undefined {
  const name = row["model"] ?? "";
  const [hidden, layers, heads] = ["hidden", "layers", "heads"].map((column) => numberIn(row, column));
  if (hidden === undefined || layers === undefined || heads === undefined) return undefined;
  if (/moe|a\d+b|deepseek|mixtral|oss/i.test(name)) return undefined;
  const ffn = numberIn(row, "ffn") ?? 4 * hidden;
  const isGated = Math.abs(ffn / hidden - 4) > 0.01 && !/gpt/i.test(name);
  return {
    name,
    hiddenSize: hidden,
    layers,
    attention: { kind: "grouped", heads, kvHeads: numberIn(row, "kv_heads") ?? heads, headSize: hidden / heads },
    feedForwardSize: ffn,
    isGated,
    vocabulary: numberIn(row, "vocab") ?? 51_200,
    isTied: !isGated,
    confidence: "B",
    source: row["source"] ?? "",
  };
}

function shardingOf(row: TruthRow): Layout["sharding"] {
  const text = row["sharding"] ?? "";
  if (/fsdp|zero3/.test(text)) return "zero3";
  if (text.includes("zero2")) return "zero2";
  return text === "none" ? "none" : "zero1";
}

function layoutOf(row: TruthRow, gpus: number): Layout {
  const of = (column: string): number => numberIn(row, column) ?? 1;
  const [tensor, pipeline, context] = [of("tp"), of("pp"), of("cp")];
  const recompute = row["recompute"] ?? "";
  const isFull = recompute === "full" || recompute.includes("use_checkpoint");
  const data = Math.max(1, gpus / (tensor * pipeline * context));
  return {
    tensor,
    pipeline,
    context,
    chunks: pipeline > 1 ? of("vp") : 1,
    expert: of("ep"),
    data,
    microSequences: of("mbs_seqs"),
    sharding: shardingOf(row),
    recompute: isFull ? "full" : recompute.includes("selective") ? "selective" : "none",
    isSequenceParallel: stackOf(row) !== "megatron-classic" || recompute.includes("sp"),
  };
}

function measuredSeconds(row: TruthRow, job: TrainingJob, gpus: number): number | undefined {
  const step = numberIn(row, "step_time_s");
  if (step !== undefined) return step;
  const tokens = job.globalSequences * job.sequenceTokens;
  const rate = numberIn(row, "tokens_per_s_per_gpu");
  if (rate !== undefined) return tokens / (rate * gpus);
  const tflops = numberIn(row, "model_tflops_per_gpu");
  if (tflops === undefined) return undefined;
  const forward = 2 * modelParameters(job.model).active + attentionFlops(job.model, job.sequenceTokens);
  const isNarayanan = (row["table"] ?? "").includes("narayanan");
  return (tokens * forward * (isNarayanan ? 4 : 3)) / (tflops * 1e12 * gpus);
}

function networkOf(row: TruthRow, job: Pick<TrainingJob, "accelerator">): number {
  const named = (row["table"] ?? "").includes("vtrain") ? findInterconnect("vTrain-A100") : undefined;
  const tcpx = (row["notes"] ?? "").includes("TCPX") ? findInterconnect("GCP-A3-High") : undefined;
  return (named ?? tcpx ?? usualInterconnect(job.accelerator)).nodeGbPerSecond * 1e9;
}

function domainOf(gpu: string, gpus: number, scaleUp: number): number {
  return /gb[23]00|tpu/i.test(gpu) ? Math.min(scaleUp, gpus) : Math.min(8, gpus);
}

/** `2026-06.01` is the sixth month of 2026. */
function yearOf(date: string): number {
  const [, year = "2026", month = "7"] = /^(\d{4})(?:-(\d{2}))?/.exec(date) ?? [];
  return Number(year) + (Number(month) - 1) / 12;
}

/** NeMo's fine-tuning runs pack the questions of SQuAD, some 200 tokens each, into their sequences. */
const squadTokens = 200;

/** HGX B300 as its systems are written; `GB300` is another. */
const boardOfB300 = /(?:^|[^g])b300/i;

/**
 * What Megatron-Bridge's published recipes say of rows (v0.5.0 and v0.5.1, scripts/performance/configs): 26.06 captured whole
 * steps of all MXFP8 runs with experts but those of DeepSeek and gpt-oss on B300, and DeepSeek's attention on GB200 kept 16 bits.
 */
function graphsOf(row: TruthRow): Pick<TrainingJob, "isGraphed" | "hasWideAttention"> {
  const [gpu, model] = [row["gpu"] ?? "", row["model"] ?? ""];
  const isLate = row["table"] === "mbridge_26.06" && boardOfB300.test(gpu) && /deepseek|oss/i.test(model);
  return {
    ...(isLate ? { isGraphed: false } : {}),
    ...(/deepseek/i.test(model) && /gb200/i.test(gpu) ? { hasWideAttention: true } : {}),
  };
}

/** What the precision, the software and the task of a row tell of its recipe. */
function recipeOf(
  row: TruthRow,
): Pick<TrainingJob, "isBlockScaled" | "documentTokens" | "isGraphed" | "hasWideAttention" | "isUnmasked" | "isEager"> {
  const text = row["precision"] ?? "";
  const table = row["table"] ?? "";
  const isNemo = table.startsWith("nemo_") && table.endsWith("_ft");
  return {
    ...graphsOf(row),
    ...(table.includes("foundry") ? { isUnmasked: true } : {}),
    ...(/\beager\b/i.test(row["notes"] ?? "") ? { isEager: true } : {}),
    ...(/^fp8|^mxfp8/i.test(text) ? { isBlockScaled: /^mxfp8|^fp8-mx/i.test(text) } : {}),
    ...(isNemo ? { documentTokens: squadTokens } : {}),
  };
}

function readRow(row: TruthRow): TrainingRow | ExcludedRow {
  const table = row["table"] ?? "";
  const excluded = (reason: string): ExcludedRow => ({ table, excluded: reason });
  const gpus = numberIn(row, "n_gpus");
  if (gpus === undefined) return excluded("no accelerator count");
  if (numberIn(row, "tp") === undefined) return excluded("no layout given");
  const model = shapeOf(row);
  if (model === undefined) return excluded("model shape not given");
  const sequences = numberIn(row, "gbs_seqs");
  const isLora = /lora/i.test(`${row["notes"]} ${row["model"]}`);
  const tokens = numberIn(row, "seq_len") ?? (/lora/i.test(row["model"] ?? "") ? 8192 : undefined);
  if (tokens === undefined || sequences === undefined) return excluded("no sequence length or batch");
  const chip = chipOf(row["gpu"] ?? "");
  if (chip === undefined) return excluded("accelerator not in the catalog");
  const accelerator = chip.value;
  const domainGpus = domainOf(row["gpu"] ?? "", gpus, accelerator.scaleUpGpus);
  const nodes = Math.max(1, domainGpus / (/gb[23]00/i.test(row["gpu"] ?? "") ? 4 : 8));
  const job: TrainingJob = {
    model: model.value,
    accelerator,
    domainGpus,
    domainBytesPerSecond: networkOf(row, { accelerator }) * nodes,
    precision: precisionOf(row),
    sequenceTokens: tokens,
    globalSequences: sequences,
    layout: splitLocalBatch(layoutOf(row, gpus), row, sequences),
    stack: stackOf(row),
    isLora,
    predictionLayers: /deepseek.?v3/i.test(row["model"] ?? "") && !(row["model"] ?? "").includes("w/o MTP") ? 1 : 0,
    ...recipeOf(row),
    isDropping: (row["model"] ?? "").includes("tokendrop"),
    softwareYear: yearOf(row["date"] ?? ""),
  };
  const problems = layoutProblems(job);
  if (problems.length > 0)
    return excluded(`layout as written does not divide: ${problems[0]?.replaceAll(/\d+/g, "#")}`);
  return {
    id: row["id"] ?? "",
    table,
    modelName: row["model"] ?? "",
    how: row["how"] ?? "",
    job,
    seconds: measuredSeconds(row, job, gpus),
    peakGib: numberIn(row, "peak_mem_gib"),
    standIns: [chip.fallback, model.fallback].filter((each) => each !== undefined),
  };
}

function chipOf(name: string): ReturnType<typeof acceleratorOf> | undefined {
  try {
    return acceleratorOf(name);
  } catch (error) {
    if (isFault(error, "planning.accelerator-unknown")) return undefined;
    throw error;
  }
}

/** TorchTitan writes the local batch, which its pipeline splits into single sequences. */
function splitLocalBatch(layout: Layout, row: TruthRow, sequences: number): Layout {
  if (layout.pipeline === 1 || !(row["table"] ?? "").includes("titan")) return layout;
  return {
    ...layout,
    microSequences: 1,
    chunks: (row["notes"] ?? "").includes("Interleaved") ? 2 : 1,
    data: Math.min(layout.data, sequences),
  };
}

/** Every row of the training table, planned or excluded; stand-ins are left out unless the rule plans them. */
export function trainingRows(folder: string, rule: StandInRule = "left out"): readonly (TrainingRow | ExcludedRow)[] {
  return readTable(folder, "training_throughput.csv")
    .map(readRow)
    .map((row) =>
      "excluded" in row || isAdmitted(row, rule) ? row : { table: row.table, excluded: "model or accelerator unknown" },
    );
}
