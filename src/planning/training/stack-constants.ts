import type { Precision } from "../catalog/accelerator.ts";
import type { ModelShape } from "../catalog/model-shape.ts";
import { parseTable } from "../catalog/parse-table.ts";
import { fittedPaceTable, fittedStackTable } from "./fitted-stacks.ts";
import type { TrainingJob } from "./training-job.ts";

/** What a training stack adds to bare kernels; fitted on measured runs, few on purpose. */
export interface StackConstants {
  /** Microseconds of the host to launch one layer's forward pass; the accelerator waits when it is faster. */
  readonly hostLayerUs: number;
  /** Microseconds of the host beside that for each expert a rank holds in a layer: their products are launched one by one. */
  readonly hostExpertUs: number;
  /** Time of matrix products over the kernel tables', by number format (clocks under load, quantisation). */
  readonly gemmScale: Readonly<Record<Precision, number>>;
  /** Time of products in a format with a scale for each few values over one with a scale for each tensor. */
  readonly blockScale: number;
  /** Time of the experts' grouped products over plain ones of the same sizes (uneven tiles, more of them). */
  readonly expertScale: number;
  /** Time of attention over the kernel tables', on Ampere and on anything newer (kernels written for Ampere lag there). */
  readonly attentionScale: { readonly ampere: number; readonly newer: number };
  /** Times one layer's forward pass reads or writes the hidden vector beside the products. */
  readonly elementwisePasses: number;
  /** Times a layer with experts reads or writes the hidden vector for each expert a token visits (permute, quantise, sum up). */
  readonly dispatchPasses: number;
  /** Times it reads or writes the whole score matrix; 0 with fused attention. */
  readonly scorePasses: number;
  /** Share of tensor parallel communication that is not hidden. */
  readonly tensorExposed: number;
  /** Share of data parallel communication that is not hidden behind the backward pass. */
  readonly dataExposed: number;
  /** Share of expert and context parallel communication that is not hidden. */
  readonly exchangeExposed: number;
  /** Reached share of the network's line rate. */
  readonly networkEfficiency: number;
  /** Seconds between micro-batches of a pipeline, a stage. */
  readonly stageUs: number;
  /** Milliseconds a step whatever its size. */
  readonly stepMs: number;
  /** How much faster a year of software releases makes it, as a logarithm; 0 at the year of calibration. */
  readonly yearly: number;
  /** Time of all that the accelerator does over the kernel tables': clocks under hours of load, kernels that suit a model. */
  readonly pace: number;
  /**
   * Half width of the 80 % interval, as a logarithm, from residuals of rows left out of the fit: of runs whose model and
   * accelerator other rows have, and of runs whose lineage of models or whose accelerator none has.
   */
  readonly spread: number;
  readonly spreadOfModel: number;
  readonly spreadOfAccelerator: number;
}

const stacks = new Map(
  parseTable(fittedStackTable).map((row) => {
    const of = (column: string): number => Number(row[column]);
    const constants: StackConstants = {
      hostLayerUs: of("hostLayerUs"),
      hostExpertUs: of("hostExpertUs"),
      gemmScale: { bf16: of("gemmBf16"), fp8: of("gemmFp8"), fp4: of("gemmFp4") },
      blockScale: of("blockScale"),
      expertScale: of("expertScale"),
      attentionScale: { ampere: of("attentionAmpere"), newer: of("attentionNewer") },
      elementwisePasses: of("elementwisePasses"),
      dispatchPasses: of("dispatchPasses"),
      scorePasses: of("scorePasses"),
      tensorExposed: of("tensorExposed"),
      dataExposed: of("dataExposed"),
      exchangeExposed: of("exchangeExposed"),
      networkEfficiency: of("networkEfficiency"),
      stageUs: of("stageUs"),
      stepMs: of("stepMs"),
      yearly: of("yearly"),
      pace: 1,
      spread: of("spread"),
      spreadOfModel: of("spreadOfModel"),
      spreadOfAccelerator: of("spreadOfAccelerator"),
    };
    return [row["stack"] ?? "", constants];
  }),
);

const paces = new Map(parseTable(fittedPaceTable).map((row) => [`${row["stack"]} ${row["of"]}`, Number(row["pace"])]));

/** The year whose software the constants describe; older software is slower by `yearly`. */
export const calibrationYear = 2026.5;

/** Software from this moment on captures whole steps with experts into graphs, on the chips it was written for. */
const graphsSince = 2026.4;

/** What tells the constants that describe a run. */
export type RunKind = Pick<TrainingJob, "stack" | "model" | "accelerator" | "precision" | "softwareYear" | "isGraphed">;

/**
 * Whether steps with experts are captured into graphs: older software, older chips and products in 16 bits wait for the host.
 *
 * The kernels that fuse the experts' products, and the graphs that go with them, are written for 8 bits (Megatron-Bridge
 * v0.5.0, `cutedsl_fused_grouped_mlp` in scripts/performance/configs).
 */
export function isGraphed(job: Omit<RunKind, "stack" | "model">): boolean {
  if (job.isGraphed !== undefined) return job.isGraphed;
  const isNew = (job.softwareYear ?? calibrationYear) >= graphsSince;
  return isNew && job.accelerator.family === "blackwell" && job.precision !== "bf16";
}

/** Models that share kernels: all sizes of one release, and all with latent attention; apart with and without experts. */
export function lineageOf(model: Pick<ModelShape, "name" | "attention" | "experts">): string {
  const release = model.name.replace(/-?\d+(?:\.\d+)?[bmtBMT]\b.*$/, "").trim();
  const kernels = model.attention.kind === "latent" ? "latent attention" : release;
  return model.experts === undefined ? kernels : `${kernels} with experts`;
}

/** The line of constants that describes a run, the most particular that was fitted. */
export function stackLineOf(job: RunKind): string {
  if (job.stack !== "megatron-core" || job.model.experts === undefined) return job.stack;
  return isGraphed(job) ? "megatron-core-experts-graphs" : "megatron-core-experts";
}

/** The constants fitted for a training stack; models with experts have their own where they were measured. */
export function stackConstantsOf(job: RunKind): StackConstants {
  const found = stacks.get(stackLineOf(job));
  if (found === undefined) throw new RangeError(`no constants were fitted for ${stackLineOf(job)}`);
  const { accelerator, lineage } = strangersIn(job);
  const paceOf = (of: string): number => paces.get(`${job.stack} ${of}`) ?? 1;
  return {
    ...found,
    pace: paceOf(job.accelerator.name) * paceOf(lineageOf(job.model)),
    spread: Math.max(found.spread, accelerator ? found.spreadOfAccelerator : 0, lineage ? found.spreadOfModel : 0),
  };
}

/** Whether no measured run of the stack had the job's accelerator, or a model of its lineage. */
export function strangersIn(job: Pick<TrainingJob, "stack" | "model" | "accelerator">): {
  readonly accelerator: boolean;
  readonly lineage: boolean;
} {
  const isStrange = (of: string): boolean => !paces.has(`${job.stack} ${of}`);
  return { accelerator: isStrange(job.accelerator.name), lineage: isStrange(lineageOf(job.model)) };
}
