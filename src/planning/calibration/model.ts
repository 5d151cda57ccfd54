import * as z from "zod";
import type { Instant } from "../../base/clock.ts";

/**
 * What is predicted and later measured: `queue-wait`, `training-duration`, `step-time`, `ttft` and `tpot` in seconds,
 * `power` in watts of one node, `failures` in interruptions in a million GPU-hours.
 */
export const predictionKinds = [
  "queue-wait",
  "training-duration",
  "step-time",
  "ttft",
  "tpot",
  "power",
  "failures",
] as const;

export type PredictionKind = (typeof predictionKinds)[number];

/** So many comparisons make the site's own error the one that is stated; before, the shipped one stands beside it. */
export const comparisonsForOwnError = 10;

/** A prediction of one subject: a workload, a deployment or a node in an hour, GPUs of a model on a day. */
export interface Prediction {
  readonly kind: PredictionKind;
  readonly subject: string;
  /** Predictions of one group are corrected together. */
  readonly group: string;
  readonly project: string;
  readonly at: Instant;
  readonly low: number;
  readonly likely: number;
  readonly high: number;
  /** When it can be compared; absent: when the subject's own end is seen. */
  readonly dueAt?: Instant;
  /** The load that it was made for; a comparison under another load is left out. */
  readonly load?: Readonly<Record<string, number>>;
}

/** What became of a prediction: what was measured, or why it is not compared. */
export type Settlement =
  | { readonly kind: "measured"; readonly value: number; readonly exposure?: number }
  | { readonly kind: "excluded"; readonly why: string };

const seconds = z.number().positive().max(1e9);

/** A prediction that somebody hands in, to be compared with what the platform measures. */
export const handedInSchema = z
  .strictObject({
    workload: z.string().min(1).max(200),
    kind: z
      .enum(["training-duration", "step-time"])
      .default("training-duration")
      .describe("training-duration: seconds from start to end; step-time: seconds of one step, as the run logs them."),
    /** What it was predicted for: an accelerator and a stack, such as `H100-SXM megatron-core`. */
    group: z.string().min(1).max(200),
    low: seconds,
    likely: seconds,
    high: seconds,
  })
  .refine(({ low, likely, high }) => low <= likely && likely <= high, {
    message: "low <= likely <= high, in seconds",
  });

/** Predictions beside what was measured, in the kind's unit, in the order in which they were measured. */
export const measuredPredictionSchema = z.strictObject({
  low: z.number(),
  likely: z.number(),
  high: z.number(),
  measured: z.number(),
  /** Of failures: GPU-hours in which `measured` interruptions were counted. */
  exposure: z.number().min(0).optional(),
});

/** A prediction beside what was measured. */
export type MeasuredPrediction = Readonly<z.infer<typeof measuredPredictionSchema>>;

/** What a site measured of one kind and group. */
export const siteRowsSchema = z.strictObject({
  kind: z.enum(predictionKinds),
  group: z.string().min(1).max(400),
  rows: z.array(measuredPredictionSchema).max(1000).readonly(),
});

/** What a site measured of one kind and group, the newest comparisons, oldest first. */
export type SiteRows = Readonly<z.infer<typeof siteRowsSchema>>;

const driftSchema = z.strictObject({
  /** Measured over shipped prediction, geometric means: of the newest comparisons, and of those before them. */
  recent: z.number(),
  before: z.number(),
  recentN: z.int(),
  /** Welch's t of the difference of the two means, as logarithms. */
  score: z.number(),
  hasDrifted: z.boolean(),
});

/** Whether the newest comparisons tell something else than those before. */
export type Drift = Readonly<z.infer<typeof driftSchema>>;

/** How a site differs from the shipped constants, and how wrong predictions were here. */
export const siteCalibrationSchema = z.strictObject({
  kind: z.enum(predictionKinds),
  group: z.string(),
  /** Predictions that were measured. */
  n: z.int(),
  /** Predictions that were not compared, by reason. */
  excluded: z.record(z.string(), z.int()),
  /** What a shipped prediction is multiplied by. */
  factor: z.number(),
  /** Standard deviation of log(measured / predicted); of failures, of the rate over itself. */
  spread: z.number(),
  /** Errors in percent of predictions corrected by what was known before each; null without any. */
  mape: z.number().nullable(),
  median: z.number().nullable(),
  p80: z.number().nullable(),
  bias: z.number().nullable(),
  /** Share of measurements inside the interval that was stated. */
  coverage80: z.number().nullable(),
  /** Of failures: what was counted, and in how many GPU-hours. */
  interruptions: z.number().optional(),
  gpuHours: z.number().optional(),
  /** Null with too few comparisons. */
  drift: driftSchema.nullable(),
  /** Whether there are enough comparisons for the site's own error to be the one that is stated. */
  isOwn: z.boolean(),
  words: z.string(),
});

export type SiteCalibration = Readonly<z.infer<typeof siteCalibrationSchema>>;
