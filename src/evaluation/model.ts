import * as z from "zod";
import { durationPattern, sizePattern } from "../base/units.ts";
import { conditionSchema, defineKind, nameSchema } from "../platform/resource.ts";
import { metricNames } from "./bootstrap.ts";
import { rowsMax } from "./prepare-scores.ts";

const durationSchema = z.string().regex(durationPattern, "write numbers and units, such as 30d");
const sizeSchema = z.string().regex(sizePattern, "write a number and a unit, such as 2GB");
const columnSchema = z.string().min(1).max(128);
const metricSchema = z.enum(metricNames);

/** Limits of what one suite may ask for. */
const resamplesMax = 10_000;
const rulesMax = 20;

export const gateRuleSchema = z
  .strictObject({
    metric: metricSchema.describe("auc is better when higher; log-loss, brier and calibration when lower."),
    against: z
      .enum(["baseline", "champion"])
      .optional()
      .describe("Compares on the same rows; absent: the figure itself. Without a champion its rules are passed over."),
    atLeast: z.number().optional().describe("The figure itself is at least this (for auc)."),
    atMost: z.number().optional().describe("The figure itself is at most this (for log-loss, brier, calibration)."),
    betterBy: z.number().min(0).optional().describe("Better than the other by at least this."),
    notWorseBy: z.number().min(0).optional().describe("Worse than the other by at most this."),
    judge: z
      .enum(["interval", "point"])
      .default("interval")
      .describe("interval: the whole confidence interval keeps the rule; point: the measured figure does."),
  })
  .refine(
    (rule) => {
      const given = [rule.atLeast, rule.atMost, rule.betterBy, rule.notWorseBy].filter((bound) => bound !== undefined);
      const isComparison = rule.betterBy !== undefined || rule.notWorseBy !== undefined;
      return given.length === 1 && isComparison === (rule.against !== undefined);
    },
    { message: "give one of atLeast and atMost, or against with one of betterBy and notWorseBy" },
  );

export type GateRule = Readonly<z.output<typeof gateRuleSchema>>;

const dataSchema = z.strictObject({
  dataset: nameSchema.describe("Rows with the truth: the moment of the prediction, its inputs and the label."),
  timestamp: columnSchema.describe("Column of the moment at which the prediction would be made."),
  label: columnSchema.describe("Column of what really happened: 0 or 1."),
  columns: z.array(columnSchema).max(500).default([]).describe("Columns that are passed through as inputs."),
  featureViews: z.array(nameSchema).max(100).default([]).describe("Feature views, joined as known at that moment."),
  window: z
    .strictObject({
      after: z.literal("training").default("training").describe("The window starts where the training window ends."),
      gap: durationSchema.optional().describe("Time left out between the two."),
      length: durationSchema.describe("How long the window is, such as 30d."),
    })
    .describe("Which rows: none of them was seen in training."),
  maxRows: z.int().min(1).max(rowsMax).default(1_000_000).describe("At most this many, chosen by hash."),
  minRows: z.int().min(1).default(1000).describe("With fewer rows the candidate waits for more data."),
});

export const evaluationSpecSchema = z.strictObject({
  model: nameSchema.describe("Every candidate of this model is evaluated."),
  pool: nameSchema.describe("Where the evaluation runs."),
  resources: z
    .strictObject({
      cpus: z.number().positive().max(256).default(1),
      memory: sizeSchema.default("2GB"),
      maxDuration: durationSchema.default("15m").describe("An evaluation that runs longer is stopped."),
    })
    .prefault({}),
  priority: z.int().min(0).max(100).optional().describe("In the queue, 0 to 100, higher first; absent: 60."),
  preemptible: z
    .boolean()
    .optional()
    .describe("Whether it may be stopped for others and begin again later; absent: it may."),
  data: dataSchema,
  baseline: z
    .strictObject({
      groupBy: z
        .array(columnSchema)
        .min(1)
        .max(8)
        .describe("The baseline predicts the rate of the row's group in the training window, wider groups first."),
      strength: z.number().min(0).default(20).describe("A group's parent weighs as much as this many rows."),
    })
    .describe("What the model must beat to be worth its trouble."),
  bootstrap: z
    .strictObject({
      resamples: z.int().min(10).max(resamplesMax).default(200),
      confidence: z.number().min(0.5).max(0.999).default(0.95),
      block: durationSchema
        .optional()
        .describe("Rows of one span of time count together (1d: days share their weather); absent: each row alone."),
      seed: z.int().min(0).default(1),
    })
    .prefault({}),
  gate: z.array(gateRuleSchema).min(1).max(rulesMax).describe("A candidate passes when it keeps every rule."),
});

export type EvaluationSpec = Readonly<z.output<typeof evaluationSpecSchema>>;

const estimateSchema = z.object({ value: z.number(), low: z.number(), high: z.number() });
const estimatesSchema = z.object({
  auc: estimateSchema,
  "log-loss": estimateSchema,
  brier: estimateSchema,
  calibration: estimateSchema,
});
const histogramSchema = z.object({ edges: z.array(z.number()), counts: z.array(z.number()) });

export const modelReportSchema = z.object({
  role: z.enum(["candidate", "baseline", "champion"]),
  /** Id of the version; null for the baseline. */
  versionId: z.string().nullable(),
  figures: estimatesSchema,
  reliability: z.array(
    z.object({
      low: z.number(),
      high: z.number(),
      rows: z.number(),
      predicted: z.number(),
      observed: z.number(),
    }),
  ),
  roc: z.array(z.object({ falsePositiveRate: z.number(), truePositiveRate: z.number() })),
  histogram: histogramSchema,
  /** Scores at evenly spaced ranks, ascending: the distribution of predictions. */
  quantiles: z.array(z.number()),
  meanScore: z.number(),
});

/** What the task writes: figures, no verdict. */
export const measurementSchema = z.object({
  rows: z.number(),
  positives: z.number(),
  blocks: z.number().nullable(),
  models: z.array(modelReportSchema),
  /** Why the champion is not among the models although there is one; null otherwise. */
  championLeftOut: z.string().nullable(),
  /** Candidate minus the other, on the same rows and resamples. */
  differences: z.array(z.object({ against: z.enum(["baseline", "champion"]), figures: estimatesSchema })),
  /** Wall seconds by step. */
  seconds: z.record(z.string(), z.number()),
});

export const gateResultSchema = z.object({
  passed: z.boolean(),
  message: z.string(),
  rules: z.array(z.object({ rule: z.string(), outcome: z.enum(["kept", "broken", "skipped"]), found: z.string() })),
});

/** One evaluation of one version, kept. */
export const evaluationReportSchema = z.object({
  id: z.string(),
  project: z.string(),
  evaluation: z.string(),
  model: z.string(),
  versionId: z.string(),
  passed: z.boolean(),
  gate: gateResultSchema,
  window: z.object({ from: z.number(), to: z.number() }),
  evaluationSet: z
    .object({ id: z.string(), rows: z.number(), fingerprint: z.string(), madeFrom: z.array(z.string()) })
    .nullable(),
  bootstrap: z.object({
    resamples: z.number(),
    confidence: z.number(),
    block: z.string().nullable(),
    seed: z.number(),
  }),
  /** Null when the model could not be scored; the gate's message says why. */
  measurement: measurementSchema.nullable(),
  workload: z.string(),
  at: z.number(),
});

export type Measurement = Readonly<z.infer<typeof measurementSchema>>;
export type ModelReport = z.infer<typeof modelReportSchema>;
export type GateResult = Readonly<z.infer<typeof gateResultSchema>>;
export type EvaluationReport = Readonly<z.infer<typeof evaluationReportSchema>>;

export const evaluationStatusSchema = z.object({
  /** `idle`, `preparing`, `evaluating`, `waiting-for-data` or `blocked`. */
  phase: z.string(),
  /** Version that is being evaluated, or was last. */
  lastCandidate: z.string().nullable(),
  verdict: z.enum(["passed", "rejected"]).nullable(),
  /** The last report in a sentence. */
  summary: z.string(),
  auc: z.number().nullable(),
  baselineAuc: z.number().nullable(),
  workload: z.string().nullable(),
  conditions: z.array(conditionSchema),
});

export type EvaluationStatus = z.infer<typeof evaluationStatusSchema>;

/** A suite that judges every candidate of a model by itself. */
export const evaluationKind = defineKind({
  kind: "Evaluation",
  plural: "evaluations",
  aliases: ["evaluation", "eval"],
  scope: "project",
  summary: "Judges every candidate of a model on data after its training window, against a baseline and the champion.",
  spec: evaluationSpecSchema as z.ZodType<EvaluationSpec>,
  status: evaluationStatusSchema,
  initialStatus: {
    phase: "idle",
    lastCandidate: null,
    verdict: null,
    summary: "",
    auc: null,
    baselineAuc: null,
    workload: null,
    conditions: [],
  },
  columns: [
    { heading: "MODEL", path: "spec.model" },
    { heading: "PHASE", path: "status.phase" },
    { heading: "VERDICT", path: "status.verdict" },
    { heading: "AUC", path: "status.auc", format: "ratio" },
    { heading: "BASELINE", path: "status.baselineAuc", format: "ratio" },
    { heading: "SUMMARY", path: "status.summary", isWide: true },
  ],
  needsCleanup: false,
});

/** The task file: everything that the evaluation's program reads; paths are absolute. */
export const evaluationTaskSchema = z.object({
  evaluationSet: z.string(),
  /** Rows of the training window with groups and label, for the baseline. */
  trainingRows: z.string(),
  label: z.string(),
  timestamp: z.string(),
  groupBy: z.array(z.string()),
  strength: z.number(),
  models: z.array(
    z.object({
      role: z.enum(["candidate", "champion"]),
      versionId: z.string(),
      name: z.string(),
      path: z.string(),
      inputs: z.array(z.string()),
    }),
  ),
  resamples: z.number(),
  confidence: z.number(),
  /** Milliseconds of a block; null: each row alone. */
  blockMs: z.number().nullable(),
  seed: z.number(),
  threads: z.number(),
});

export type EvaluationTask = Readonly<z.infer<typeof evaluationTaskSchema>>;

/** What the program writes: a measurement, or why the model could not be scored. */
export const taskReportSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("measured"), measurement: measurementSchema }),
  z.object({ kind: z.literal("unfit"), code: z.string(), message: z.string() }),
]);

export type TaskReport = z.infer<typeof taskReportSchema>;

/** The file in the task's folder that holds its report. */
export const reportFileName = "report.json";
