import { isFault } from "../../src/base/fault.ts";
import { type Accelerator, isWeightOnly, type WeightFormat } from "../../src/planning/catalog/accelerator.ts";
import type { Fallback } from "../../src/planning/catalog/fallback.ts";
import { domainGbPerSecond, usualInterconnect } from "../../src/planning/catalog/find-interconnect.ts";
import { readWeightFormat } from "../../src/planning/catalog/format-spelling.ts";
import { resolveModel } from "../../src/planning/catalog/resolve-model.ts";
import type {
  Engine,
  LoadKind,
  RequestScheduling,
  RequestShape,
  ServingJob,
  ServingLayout,
} from "../../src/planning/inference/serving-job.ts";
import { numberIn, readTable, type TruthRow } from "./read-table.ts";
import { type SplitHint, usualWorkers } from "./split-workers.ts";
import { acceleratorOf, isAdmitted, type StandInRule } from "./stand-ins.ts";

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
  /** Whether the table calls it split serving; some rows are that do not say so. */
  readonly isCalledSplit: boolean;
  /** What stands in for a model or an accelerator that the catalog lacks. */
  readonly standIns: readonly Fallback[];
}

/** Prefill and decode on workers of their own. */
export interface DisaggregatedRow extends ServingRow {
  readonly prefill: ServingJob;
  readonly prefillWorkers: number;
  readonly decodeWorkers: number;
}

/** A row that cannot be planned, and why. */
export interface ExcludedServing {
  readonly excluded: string;
  readonly mode: string;
}

function precisionOf(text: string): WeightFormat {
  const lower = text.toLowerCase();
  if (lower.includes("fp4")) return "fp4";
  if (lower.includes("fp8")) return "fp8";
  const words = lower.split(/[^a-z0-9]+/).map(readWeightFormat);
  return words.findLast((format) => format !== undefined && isWeightOnly(format)) ?? "bf16";
}

/** What a row names. */
export interface ServedNames {
  readonly model: string;
  readonly accelerator: string;
  readonly engine: Engine;
  readonly precision: string;
}

/** What stands in for a named model or accelerator that the catalog lacks, as the product plans it. */
export function standInsOf({ model, accelerator }: Pick<ServedNames, "model" | "accelerator">): readonly Fallback[] {
  const found = [acceleratorOf(accelerator).fallback, resolveModel({ model }).fallback];
  return found.filter((each) => each !== undefined);
}

/** A serving job from names, with the network that such servers usually have. */
export function servingJobOf(names: ServedNames, layout: ServingLayout): ServingJob {
  const accelerator = acceleratorOf(names.accelerator).value;
  const domainGpus = Math.max(8, accelerator.scaleUpGpus);
  const precision = precisionOf(names.precision);
  const model = resolveModel({ model: names.model }).value;
  return {
    model,
    accelerator,
    domainGpus,
    domainBytesPerSecond: domainGbPerSecond(usualInterconnect(accelerator), domainGpus) * 1e9,
    precision,
    kvPrecision: precision === "bf16" || isWeightOnly(precision) ? "bf16" : "fp8",
    engine: names.engine,
    layout: model.experts === undefined ? { ...layout, expert: 1 } : layout,
  };
}

function engineOf(text: string): Engine {
  return text === "vllm" || text === "sglang" ? text : "trtllm";
}

/**
 * What the experts' degrees multiply a written degree with. The table writes tensor x expert degree of one and the same
 * accelerators where attention's data degree is stated and experts are split both ways: such rows are there twice, with one
 * measurement, once with the product and once without.
 */
function productOf(row: TruthRow): number {
  const [split, whole] = [numberIn(row, "moe_tp_size") ?? 1, numberIn(row, "moe_ep_size") ?? 1];
  return split > 1 && whole > 1 && numberIn(row, "attention_dp_size") !== undefined ? whole : 1;
}

/** The layout as written; for `prefill_` and `decode_` that of one worker. */
function layoutOf(row: TruthRow, prefix: "" | "prefill_" | "decode_"): ServingLayout {
  const of = (column: string): number => Math.max(1, numberIn(row, column) ?? 1);
  const groups = of(`${prefix}attention_dp_size`);
  const product = prefix === "" ? productOf(row) : 1;
  const tensor = groups === 1 ? of(`${prefix}tp_size`) / product : of(`${prefix}tp_size`);
  const attentionData = groups === 1 ? 1 : groups / product;
  const gpus = tensor * attentionData;
  const expert = of(prefix === "" ? "moe_ep_size" : `${prefix}moe_ep_size`);
  return { tensor, attentionData, expert: gpus % expert === 0 ? expert : 1, pipeline: of("pp_size") };
}

/** More accelerators than one worker's heads are split over: all of a split serving together, or of attention spread by sequence. */
const wideMin = 9;

/**
 * What a row says of a split serving whose workers it does not count; undefined where the layout is what is written.
 *
 * A degree above eight in a rack-wide domain, the same for prefill and decode, is the count of all accelerators (rows of one
 * measurement are there in both notations); a degree of one for a model that fits on no single accelerator says nothing.
 */
function hintOf(row: TruthRow, accelerator: Accelerator, hasExperts: boolean): SplitHint | undefined {
  if (!hasExperts || numberIn(row, "decode_num_workers") !== undefined) return undefined;
  const isRack = accelerator.scaleUpGpus > 8;
  if (row["mode"] !== "disagg") {
    const gpus = numberIn(row, "tp_size") ?? 1;
    const isTotal = isRack && gpus >= wideMin && numberIn(row, "moe_ep_size") === 1;
    return isTotal ? { prefillGpus: undefined, decodeGpus: undefined, gpus } : undefined;
  }
  const [prefill, decode] = [layoutOf(row, "prefill_"), layoutOf(row, "decode_")];
  const isTotal = isRack && decode.tensor >= wideMin && decode.tensor === prefill.tensor && prefill.expert === 1;
  if (isTotal) return { prefillGpus: undefined, decodeGpus: undefined, gpus: decode.tensor };
  const isLost = decode.tensor === 1 && prefill.tensor === 1;
  if (isLost) return { prefillGpus: undefined, decodeGpus: undefined, gpus: undefined };
  return { prefillGpus: prefill.tensor, decodeGpus: decode.tensor, gpus: undefined };
}

/** Tokens a step of DeepSeek's drafting module, and since when TensorRT-LLM was measured with it (half the runs of two releases together). */
const draftedTokens = 1.3;
const draftedSince = "2026-01-14";

/**
 * Tokens a step that a row's release and date let expect: no column marks speculative decoding, but DeepSeek's models under
 * TensorRT-LLM jump by half from a date on, except under the release that was measured without.
 */
function tokensPerStep(row: TruthRow, engine: Engine, isLatent: boolean): number {
  if (engine !== "trtllm" || !isLatent || row["mode"] === "disagg") return 1;
  const releases = row["backend_versions"] ?? "";
  if ((row["date_first"] ?? "") < draftedSince || releases === "1.2.0rc6.post2" || releases.startsWith("1.3")) return 1;
  return releases.includes("|") ? Math.sqrt(draftedTokens) : draftedTokens;
}

/** Requests in flight at one replica; more of them for each running one than the replica has accelerators are those of a fleet. */
function concurrencyOf(row: TruthRow): number | undefined {
  const [all, batch] = [numberIn(row, "conc"), numberIn(row, "batch_size")];
  if (all === undefined || batch === undefined) return all ?? batch;
  return all / batch > (numberIn(row, "n_gpus") ?? all) ? batch : all;
}

/**
 * How the requests of a row came, which no column says: InferenceX draws lengths up to powers of two and dates its runs;
 * NVIDIA's grids have one length, a power of two, and no date; NVIDIA's other runs have lengths in thousands.
 */
function loadOf(row: TruthRow, inputTokens: number): LoadKind {
  if (inputTokens % 1000 === 0) return "swept";
  return row["date_first"] === "" ? "fixed" : "varied";
}

/** Lengths that vary are drawn evenly from eight tenths of what is written up to it. */
const meanShare = 0.9;

function shapeOf(row: TruthRow): RequestShape {
  const [inputTokens, outputTokens] = [numberIn(row, "isl") ?? 1, numberIn(row, "osl") ?? 1];
  const load = loadOf(row, inputTokens);
  const share = load === "varied" ? meanShare : 1;
  return { inputTokens: share * inputTokens, outputTokens: share * outputTokens, load };
}

/**
 * How a row's engine was set to schedule, from the scripts that InferenceMAX publishes: TensorRT-LLM took one prompt an
 * iteration for DeepSeek and many for others, waited for company with attention spread by sequence and for short answers
 * of Llama 70B, and SGLang looked for requests every 10 or 30 steps on Blackwell. NVIDIA's grids do not say; their rows are
 * most like chunks of 2048 tokens.
 */
function schedulingOf(job: ServingJob, row: TruthRow, load: LoadKind, concurrency: number): Partial<RequestScheduling> {
  const { model, engine, layout, accelerator } = job;
  if (load === "fixed") return engine === "sglang" ? {} : { prefill: "mixed", tokensMax: 2048 };
  if (load !== "varied") return {};
  const [inputTokens, outputTokens] = [numberIn(row, "isl") ?? 1, numberIn(row, "osl") ?? 1];
  if (engine === "sglang") {
    const isOld = accelerator.family === "hopper";
    return { tokensMax: 32_768, lookEvery: isOld ? 1 : concurrency >= 16 ? 30 : 10 };
  }
  if (engine !== "trtllm") return {};
  if (layout.attentionData > 1) {
    return { tokensMax: inputTokens + 64 + concurrency, holdSteps: 60, holdPrompts: layout.attentionData };
  }
  if (model.attention.kind === "latent") return { tokensMax: inputTokens + 64 + concurrency };
  if (model.experts !== undefined) return { tokensMax: 20_000 };
  const waits = inputTokens === 1024 && outputTokens === 1024 && layout.tensor < 8;
  return { tokensMax: 16_384, ...(waits ? { holdSteps: 20, holdPrompts: 16 } : {}) };
}

function readRow(row: TruthRow): ServingRow | DisaggregatedRow | ExcludedServing {
  const mode = row["mode"] ?? "";
  const names = {
    model: row["model_path"] ?? "",
    accelerator: row["system"] ?? "",
    engine: engineOf(row["backend"] ?? ""),
    precision: row["precision"] ?? "",
  };
  const concurrency = concurrencyOf(row);
  if (concurrency === undefined) return { excluded: "concurrency not given", mode };
  const milli = (column: string): number | undefined => {
    const value = numberIn(row, column);
    return value === undefined || value <= 0 ? undefined : value / 1000;
  };
  const common = {
    id: row["id"] ?? "",
    how: row["how"] ?? "",
    shape: shapeOf(row),
    concurrency,
    ttft: milli("ttft_ms_median"),
    tpot: milli("tpot_ms_median"),
    isAmbiguous: row["tp_ambiguous"] === "True",
    isCalledSplit: mode === "disagg",
  };
  try {
    const base = { ...common, standIns: standInsOf(names) };
    const jobOf = (layout: ServingLayout): ServingJob => servingJobOf(names, layout);
    const plain = jobOf(layoutOf(row, mode === "disagg" ? "decode_" : ""));
    const isLatent = plain.model.attention.kind === "latent";
    const job = { ...plain, tokensPerStep: tokensPerStep(row, names.engine, isLatent) };
    const hint = hintOf(row, job.accelerator, job.model.experts !== undefined);
    if (hint !== undefined) {
      const workers = usualWorkers(jobOf, hint, base.shape, concurrency);
      return { ...base, ...workers, job: jobOf(workers.decode), prefill: jobOf(workers.prefill) };
    }
    if (mode !== "disagg") {
      const scheduling = schedulingOf(job, row, base.shape.load ?? "varied", concurrency);
      return { ...base, job: { ...job, scheduling } };
    }
    return {
      ...base,
      job,
      prefill: jobOf(layoutOf(row, "prefill_")),
      prefillWorkers: numberIn(row, "prefill_num_workers") ?? 1,
      decodeWorkers: numberIn(row, "decode_num_workers") ?? 1,
    };
  } catch (error) {
    if (isFault(error)) return { excluded: error.code.replace("planning.", "").replace("-", " "), mode };
    throw error;
  }
}

/** Every row of the table of served models, planned or excluded; stand-ins are left out unless the rule plans them. */
export function servingRows(
  folder: string,
  rule: StandInRule = "left out",
): readonly (ServingRow | DisaggregatedRow | ExcludedServing)[] {
  return readTable(folder, "inference_silicon.csv")
    .map((row) => ({ row: readRow(row), mode: row["mode"] ?? "" }))
    .map(({ row, mode }) =>
      "excluded" in row || isAdmitted(row, rule) ? row : { excluded: "model or accelerator unknown", mode },
    );
}
