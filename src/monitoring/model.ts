import * as z from "zod";
import { durationPattern } from "../base/units.ts";
import { metricNames } from "../evaluation/bootstrap.ts";
import { conditionSchema, defineKind, nameSchema } from "../platform/resource.ts";

const durationSchema = z.string().regex(durationPattern, "write numbers and units, such as 30d");
const isoDateSchema = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z)?$/, "write 2001-05-01 or 2001-05-01T00:00:00Z");

const qualitySchema = z.strictObject({
  metric: z.enum(metricNames).default("auc"),
  worseBy: z.number().positive().describe("How much worse than in the evaluation is a drift, in the metric's unit."),
});

const thresholdsSchema = z.strictObject({
  psi: z
    .number()
    .positive()
    .default(0.2)
    .describe(
      "Population stability index of an input or the prediction; by convention 0.1 is some, 0.2 a real change.",
    ),
  label: z
    .number()
    .positive()
    .default(0.2)
    .describe("Cohen's h between the label's rates; by convention 0.2 is small, 0.5 medium."),
  quality: qualitySchema.default({ metric: "auc", worseBy: 0.03 }),
});

const retrainSchema = z.strictObject({
  trainingJob: nameSchema.describe("The job that is copied with a longer window."),
  extendTo: z
    .union([z.literal("newest-outcomes"), isoDateSchema])
    .default("newest-outcomes")
    .describe("Where the longer window ends: a moment in UTC, or where outcomes end."),
  holdOut: durationSchema
    .default("0s")
    .describe("Left out before the newest outcome, so that an evaluation has rows; whole days are kept."),
  prefix: nameSchema.max(50).describe("Retraining jobs are called PREFIX-1, PREFIX-2, and so on."),
});

export const driftMonitorSpecSchema = z.strictObject({
  deployment: nameSchema.describe("Whose traffic is watched."),
  reference: z
    .literal("training")
    .default("training")
    .describe("What it is compared with: the training set of the version that serves."),
  inputs: z
    .array(z.string().min(1).max(128))
    .max(200)
    .optional()
    .describe("Inputs of the model to watch; absent: all of them."),
  window: durationSchema.default("30d").describe("How far back from the newest prediction live traffic is taken."),
  minSamples: z.int().min(100).default(1000).describe("With fewer predictions nothing is said."),
  every: durationSchema.default("30s").describe("How often it looks."),
  thresholds: thresholdsSchema.prefault({}),
  onDrift: z
    .strictObject({
      alert: z.boolean().default(true).describe("Opens an alert, one at a time; it closes by itself."),
      retrain: retrainSchema.optional().describe("Starts a training on longer history, one at a time."),
    })
    .prefault({}),
  cooldown: durationSchema.default("1h").describe("After a retraining was started, none is for this long."),
});

export type DriftMonitorSpec = Readonly<z.output<typeof driftMonitorSpecSchema>>;
export type RetrainPolicy = Readonly<z.output<typeof retrainSchema>>;

export const findingSchema = z.object({
  /** The input's name, or `prediction`, `label`, or the metric's name. */
  column: z.string(),
  kind: z.enum(["input", "prediction", "label", "quality"]),
  /** What `value` is: psi, cohens-h, or a loss of the metric. */
  statistic: z.string(),
  value: z.number(),
  threshold: z.number(),
  /** What the reference does by itself over as long a span; null where that cannot be told. */
  floor: z.number().nullable(),
  /** The chance of the value without any difference, from sampling alone. */
  pValue: z.number().nullable(),
  /** Kolmogorov-Smirnov distance, for people; it decides nothing. */
  distance: z.number().nullable(),
  drifted: z.boolean(),
  message: z.string(),
});

export type Finding = Readonly<z.infer<typeof findingSchema>>;

export const distributionSchema = z.object({
  column: z.string(),
  /** Cuts between the bins, ascending; bin i is at least edge i - 1 and below edge i. */
  edges: z.array(z.number()),
  /** One name a bin, the last for unknown values. */
  labels: z.array(z.string()),
  /** Shares, one a bin. */
  reference: z.array(z.number()),
  live: z.array(z.number()),
});

export type Distribution = Readonly<z.infer<typeof distributionSchema>>;

/** One comparison of live traffic with the training window; kept, newest 200 a monitor. */
export const driftReportSchema = z.object({
  id: z.string(),
  project: z.string(),
  monitor: z.string(),
  deployment: z.string(),
  versionId: z.string(),
  at: z.number(),
  verdict: z.enum(["drifted", "steady"]),
  message: z.string(),
  liveRows: z.number(),
  liveOutcomes: z.number(),
  referenceRows: z.number(),
  /** Of the live predictions' own moments. */
  from: z.number(),
  to: z.number(),
  findings: z.array(findingSchema),
  distributions: z.array(distributionSchema),
  /** What was looked at: the same text means that nothing new came. */
  basis: z.string(),
});

export type DriftReport = Readonly<z.infer<typeof driftReportSchema>>;

export const alertStates = ["open", "acknowledged", "resolved"] as const;

export const alertSchema = z.object({
  id: z.string(),
  project: z.string(),
  monitor: z.string(),
  deployment: z.string(),
  state: z.enum(alertStates),
  severity: z.enum(["warning"]),
  message: z.string(),
  /** The report that opened it. */
  reportId: z.string(),
  openedAt: z.number(),
  acknowledgedBy: z.string().nullable(),
  acknowledgedAt: z.number().nullable(),
  closedAt: z.number().nullable(),
});

export type Alert = Readonly<z.infer<typeof alertSchema>>;

export const driftMonitorStatusSchema = z.object({
  /** `pending`, `waiting` (too few predictions), `watching`, `drifted`, `retraining` or `blocked`. */
  phase: z.string(),
  /** When the last report was made. */
  lastCheck: z.number().nullable(),
  lastReport: z.string().nullable(),
  liveRows: z.number(),
  findings: z.array(findingSchema),
  /** Id of the alert that is not resolved yet. */
  alert: z.string().nullable(),
  /** The newest retraining that it started. */
  retrainJob: z.string().nullable(),
  conditions: z.array(conditionSchema),
});

export type DriftMonitorStatus = Readonly<z.infer<typeof driftMonitorStatusSchema>>;

/** Watches what a deployment is asked and answers, against what its model learnt from. */
export const driftMonitorKind = defineKind({
  kind: "DriftMonitor",
  plural: "drift-monitors",
  aliases: ["drift-monitor", "monitor", "monitors"],
  scope: "project",
  summary: "Compares live inputs, predictions and outcomes with the training window; alerts and starts retraining.",
  spec: driftMonitorSpecSchema as z.ZodType<DriftMonitorSpec>,
  status: driftMonitorStatusSchema as z.ZodType<DriftMonitorStatus>,
  initialStatus: {
    phase: "pending",
    lastCheck: null,
    lastReport: null,
    liveRows: 0,
    findings: [],
    alert: null,
    retrainJob: null,
    conditions: [],
  },
  columns: [
    { heading: "DEPLOYMENT", path: "spec.deployment" },
    { heading: "PHASE", path: "status.phase" },
    { heading: "LIVE ROWS", path: "status.liveRows", format: "count" },
    { heading: "RETRAINING", path: "status.retrainJob" },
    { heading: "CHECKED", path: "status.lastCheck", format: "age" },
  ],
  needsCleanup: false,
});
