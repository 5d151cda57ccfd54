import * as z from "zod";
import type { Instant } from "../../base/clock.ts";

/** What is predicted and later measured. */
export const predictionKinds = ["queue-wait", "training-duration"] as const;

export type PredictionKind = (typeof predictionKinds)[number];

/** A prediction of a workload, in seconds. */
export interface Prediction {
  readonly kind: PredictionKind;
  readonly workload: string;
  /** Predictions of one group are corrected together. */
  readonly group: string;
  readonly project: string;
  readonly at: Instant;
  readonly low: number;
  readonly likely: number;
  readonly high: number;
}

/** What became of a prediction: seconds that were measured, or why it is not compared. */
export type Settlement =
  | { readonly kind: "measured"; readonly seconds: number }
  | { readonly kind: "excluded"; readonly why: string };

const seconds = z.number().positive().max(1e9);

/** A prediction that somebody hands in, to be compared with what the platform measures. */
export const handedInSchema = z
  .strictObject({
    workload: z.string().min(1).max(200),
    /** What it was predicted for: an accelerator and a stack, such as `H100-SXM megatron-core`. */
    group: z.string().min(1).max(200),
    low: seconds,
    likely: seconds,
    high: seconds,
  })
  .refine(({ low, likely, high }) => low <= likely && likely <= high, {
    message: "low <= likely <= high, in seconds",
  });

/** Predictions beside what was measured, in seconds, in the order in which they were measured. */
export const measuredPredictionSchema = z.strictObject({
  low: z.number(),
  likely: z.number(),
  high: z.number(),
  measured: z.number(),
});

/** A prediction beside what was measured. */
export type MeasuredPrediction = Readonly<z.infer<typeof measuredPredictionSchema>>;

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
  /** Standard deviation of log(measured / predicted). */
  spread: z.number(),
  /** Errors in percent of predictions corrected by what was known before each; null without any. */
  mape: z.number().nullable(),
  median: z.number().nullable(),
  p80: z.number().nullable(),
  bias: z.number().nullable(),
  /** Share of measurements inside the interval that was stated. */
  coverage80: z.number().nullable(),
  words: z.string(),
});

export type SiteCalibration = Readonly<z.infer<typeof siteCalibrationSchema>>;
