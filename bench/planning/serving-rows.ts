import { isFault } from "../../src/base/fault.ts";
import type { Precision } from "../../src/planning/catalog/accelerator.ts";
import { findAccelerator } from "../../src/planning/catalog/find-accelerator.ts";
import { usualInterconnect } from "../../src/planning/catalog/find-interconnect.ts";
import { findModel } from "../../src/planning/catalog/find-model.ts";
import type { Engine, RequestShape, ServingJob, ServingLayout } from "../../src/planning/inference/serving-job.ts";
import { numberIn, readTable, type TruthRow } from "./read-table.ts";

/** One measured serving in a closed loop; times in seconds. */
export interface ServingRow {
  readonly id: string;
  readonly how: string;
  readonly job: ServingJob;
  readonly shape: RequestShape;
  readonly concurrency: number;
  readonly ttft: number | undefined;
  readonly tpot: number | undefined;
  readonly isAmbiguous: boolean;
  /** Rows that share software, model and accelerator, to be left out together. */
  readonly family: string;
}

/** Prefill and decode on workers of their own. */
export interface DisaggregatedRow extends ServingRow {
  readonly prefill: ServingJob;
  readonly prefillWorkers: number | undefined;
  readonly decodeWorkers: number | undefined;
}

/** A row that cannot be planned, and why. */
export interface ExcludedServing {
  readonly excluded: string;
  readonly mode: string;
}

function precisionOf(text: string): Precision {
  const lower = text.toLowerCase();
  return lower.includes("fp4") ? "fp4" : lower.includes("fp8") ? "fp8" : "bf16";
}

/** A serving job from names, with the network that such servers usually have. */
export function servingJobOf(
  names: { readonly model: string; readonly accelerator: string; readonly engine: Engine; readonly precision: string },
  layout: ServingLayout,
): ServingJob {
  const accelerator = findAccelerator(names.accelerator);
  const perNode = /gb[23]00/i.test(names.accelerator) ? 4 : 8;
  const domainGpus = Math.max(8, accelerator.scaleUpGpus);
  const precision = precisionOf(names.precision);
  const model = findModel(names.model);
  return {
    model,
    accelerator,
    domainGpus,
    domainBytesPerSecond: (usualInterconnect(accelerator).nodeGbPerSecond * 1e9 * domainGpus) / perNode,
    precision,
    kvPrecision: precision === "bf16" ? "bf16" : "fp8",
    engine: names.engine,
    layout: model.experts === undefined ? { ...layout, expert: 1 } : layout,
  };
}

function engineOf(text: string): Engine {
  return text === "vllm" || text === "sglang" ? text : "trtllm";
}

/** A degree above eight is a count of accelerators: attention is spread by sequence and experts whole (wide expert parallelism). */
function layoutOf(row: TruthRow, prefix: "" | "prefill_" | "decode_"): ServingLayout {
  const of = (column: string): number => Math.max(1, numberIn(row, column) ?? 1);
  const written = of(`${prefix}tp_size`);
  const isWide = written > 8;
  const tensor = isWide ? 1 : written;
  const data = isWide ? written : of(`${prefix}attention_dp_size`);
  const gpus = tensor * data;
  const expert = isWide ? gpus : of(prefix === "" ? "moe_ep_size" : `${prefix}moe_ep_size`);
  return { tensor, attentionData: data, expert: gpus % expert === 0 ? expert : 1, pipeline: of("pp_size") };
}

function readRow(row: TruthRow): ServingRow | DisaggregatedRow | ExcludedServing {
  const mode = row["mode"] ?? "";
  const names = {
    model: row["model_path"] ?? "",
    accelerator: row["system"] ?? "",
    engine: engineOf(row["backend"] ?? ""),
    precision: row["precision"] ?? "",
  };
  const concurrency = numberIn(row, "conc") ?? numberIn(row, "batch_size");
  if (concurrency === undefined) return { excluded: "concurrency not given", mode };
  const milli = (column: string): number | undefined => {
    const value = numberIn(row, column);
    return value === undefined || value <= 0 ? undefined : value / 1000;
  };
  const base = {
    id: row["id"] ?? "",
    how: row["how"] ?? "",
    shape: { inputTokens: numberIn(row, "isl") ?? 1, outputTokens: numberIn(row, "osl") ?? 1 },
    concurrency,
    ttft: milli("ttft_ms_median"),
    tpot: milli("tpot_ms_median"),
    isAmbiguous: row["tp_ambiguous"] === "True",
    family: `${names.model} ${names.accelerator} ${names.engine}`,
  };
  try {
    if (mode !== "disagg") return { ...base, job: servingJobOf(names, layoutOf(row, "")) };
    return {
      ...base,
      job: servingJobOf(names, layoutOf(row, "decode_")),
      prefill: servingJobOf(names, layoutOf(row, "prefill_")),
      prefillWorkers: numberIn(row, "prefill_num_workers"),
      decodeWorkers: numberIn(row, "decode_num_workers"),
    };
  } catch (error) {
    if (isFault(error)) return { excluded: error.code.replace("planning.", "").replace("-", " "), mode };
    throw error;
  }
}

/** Every row of the table of served models, planned or excluded. */
export function servingRows(folder: string): readonly (ServingRow | DisaggregatedRow | ExcludedServing)[] {
  return readTable(folder, "inference_silicon.csv").map(readRow);
}
