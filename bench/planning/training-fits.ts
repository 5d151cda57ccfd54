import type { TrainingRow } from "./training-rows.ts";
import { stackLineOf } from "../../src/planning/training/stack-constants.ts";

/** The constants of a stack, in the order of the fitted table. */
export const columns = [
  "hostLayerUs",
  "hostExpertUs",
  "gemmBf16",
  "gemmFp8",
  "gemmFp4",
  "blockScale",
  "expertScale",
  "attentionAmpere",
  "attentionNewer",
  "elementwisePasses",
  "dispatchPasses",
  "scorePasses",
  "tensorExposed",
  "dataExposed",
  "exchangeExposed",
  "networkEfficiency",
  "stageUs",
  "stepMs",
  "yearly",
] as const;

/** One constant of a stack. */
export type Column = (typeof columns)[number];

/** Where a constant is expected, and how far off by a factor of e; one line of constants may differ from another by `own`. */
export interface Belief {
  readonly centre: number;
  readonly deviation: number;
  /** Deviation of each further line from the first; 0 or left out: all lines share the constant. */
  readonly own?: number;
}

/** Lines of constants that are fitted together. */
export interface StackFit {
  readonly stack: string;
  readonly lines: readonly string[];
  readonly beliefs: Readonly<Record<Column, Belief>>;
  /** Constants of further lines that are expected elsewhere than the first line's. */
  readonly centres?: Readonly<Record<string, Partial<Record<Column, number>>>>;
  /** Deviations of an accelerator's pace and of a lineage of models; an unseen one has the pace 1. */
  readonly pace: { readonly accelerator: number; readonly model: (row: TrainingRow) => number };
  /** Ways of leaving rows out, by what goes together. */
  readonly folds: Readonly<Record<string, (row: TrainingRow) => string>>;
}

const fixed = (centre: number): Belief => ({ centre, deviation: 1e-6 });
const none = fixed(1e-6);

const byModel = (row: TrainingRow): string => row.job.model.name;
const byAccelerator = (row: TrainingRow): string => row.job.accelerator.name;
const byTable = (row: TrainingRow): string => row.table;

const usual: StackFit["beliefs"] = {
  hostLayerUs: { centre: 300, deviation: 0.7 },
  hostExpertUs: fixed(1),
  gemmBf16: { centre: 1.05, deviation: 0.15 },
  gemmFp8: { centre: 1, deviation: 0.2 },
  gemmFp4: { centre: 1, deviation: 0.3 },
  blockScale: fixed(1),
  expertScale: fixed(1),
  attentionAmpere: { centre: 1, deviation: 0.4 },
  attentionNewer: { centre: 1.2, deviation: 0.4 },
  elementwisePasses: { centre: 30, deviation: 0.5 },
  dispatchPasses: fixed(1),
  scorePasses: none,
  tensorExposed: { centre: 0.7, deviation: 0.4 },
  dataExposed: { centre: 0.3, deviation: 0.7 },
  exchangeExposed: { centre: 0.5, deviation: 0.7 },
  // Rings of large messages reach 0.8 to 0.95 of InfiniBand's line rate (nccl-tests); a wider belief is led off by single rows.
  networkEfficiency: { centre: 0.8, deviation: 0.1 },
  stageUs: { centre: 50, deviation: 1 },
  stepMs: { centre: 10, deviation: 1 },
  yearly: { centre: 1, deviation: 0.1 },
};

/** Clamped activations and products with biases run on kernels of their own: gpt-oss may be far off, other models less. */
function modelPace({ job }: TrainingRow): number {
  if (job.model.experts === undefined) return 0.05;
  return job.model.name.startsWith("gpt-oss") ? 0.6 : 0.12;
}

/** Every fit of the training stacks. */
export const stackFits: readonly StackFit[] = [
  {
    stack: "megatron-classic",
    lines: ["megatron-classic"],
    beliefs: {
      ...usual,
      hostLayerUs: { centre: 900, deviation: 0.5 },
      elementwisePasses: { centre: 15, deviation: 0.5 },
      scorePasses: { centre: 8, deviation: 0.3 },
      tensorExposed: { centre: 1, deviation: 0.3 },
      dataExposed: { centre: 1, deviation: 0.3 },
      stageUs: { centre: 100, deviation: 1 },
      yearly: fixed(1),
      gemmFp8: fixed(1),
      gemmFp4: fixed(1),
    },
    pace: { accelerator: 0, model: () => 0 },
    folds: { model: byModel },
  },
  {
    stack: "megatron-core",
    lines: ["megatron-core", "megatron-core-experts", "megatron-core-experts-graphs"],
    beliefs: {
      ...usual,
      hostExpertUs: { centre: 200, deviation: 0.7, own: 0.7 },
      // Few rows are in 16 bits: products of Megatron of 2021 took 1.09 of the kernel tables' time, and clocks have fallen further since.
      gemmBf16: { centre: 1.15, deviation: 0.06, own: 0.03 },
      gemmFp8: { centre: 1, deviation: 0.2, own: 0.05 },
      gemmFp4: { centre: 1, deviation: 0.3, own: 0.05 },
      blockScale: { centre: 1.05, deviation: 0.05 },
      expertScale: { centre: 1.2, deviation: 0.3, own: 0.2 },
      dispatchPasses: { centre: 10, deviation: 0.7, own: 0.3 },
      elementwisePasses: { centre: 30, deviation: 0.5, own: 0.15 },
      dataExposed: { centre: 0.3, deviation: 0.7, own: 0.4 },
      exchangeExposed: { centre: 0.6, deviation: 0.7, own: 0.5 },
      stageUs: { centre: 50, deviation: 1, own: 0.5 },
      stepMs: { centre: 10, deviation: 1, own: 0.7 },
      yearly: { centre: 1, deviation: 0.1, own: 0.1 },
    },
    centres: { "megatron-core-experts-graphs": { hostExpertUs: 20 } },
    pace: { accelerator: 0.05, model: modelPace },
    folds: { model: byModel, accelerator: byAccelerator, "published table": byTable },
  },
  {
    stack: "fsdp",
    lines: ["fsdp"],
    beliefs: {
      ...usual,
      // FlashAttention 2 forward and backward: 200 TFLOP/s on A100 and up to 340 on H100 (arXiv 2307.08691, figures 4 and 7), where
      // the measured kernels reach 157 and 597.
      attentionAmpere: { centre: 0.78, deviation: 0.12 },
      attentionNewer: { centre: 1.75, deviation: 0.12 },
      elementwisePasses: { centre: 24, deviation: 0.5 },
      tensorExposed: { centre: 1, deviation: 0.3 },
      dataExposed: { centre: 0.6, deviation: 0.5 },
      exchangeExposed: { centre: 1, deviation: 0.3 },
      // What sharded weights take hides behind the passes in an unknown part, so that the line's rate cannot be told beforehand.
      networkEfficiency: { centre: 0.7, deviation: 0.3 },
    },
    pace: { accelerator: 0.05, model: () => 0 },
    folds: { model: byModel, accelerator: byAccelerator },
  },
];

/** Which line of constants describes a row. */
export const lineOf = (row: TrainingRow): string => stackLineOf(row.job);
