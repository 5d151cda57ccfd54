import * as z from "zod";
import { isolationLevels } from "../advice/keep-compliant.ts";
import { siteRowsSchema } from "../calibration/model.ts";
import { cacheFormatSchema, servedFormatSchema } from "../catalog/format-spelling.ts";
import { reportDocumentSchema } from "../report/model.ts";
import { layoutSchema } from "../training/training-job.ts";
import { modelFields } from "./model-fields.ts";
import { runFields } from "./run-fields.ts";

const count = z.int().min(1).max(10_000_000);
const positive = z.number().positive();
const name = z.string().min(1).max(200);
const share = z.number().min(0).max(1);
const engine = z.enum(["trtllm", "vllm", "sglang"]);
const month = z.string().regex(/^(19[7-9]|20\d)\d-(0[1-9]|1[0-2])$/, "write year and month, such as 2026-12");
const country = z.string().regex(/^[A-Z]{2}$/, "write the two-letter code of a country, such as DE");

const ownAccelerators = z.unknown().optional();
const gpusPerNode = count.optional().describe("Accelerators of one node; if absent 8, or those of one tray of a rack.");

/** One question about a training run; what is left out is assumed and listed in the answer. */
export const trainingQuestionSchema = z.strictObject({
  ...modelFields,
  accelerator: name,
  gpus: count,
  gpusPerNode,
  network: z
    .union([z.string(), positive])
    .optional()
    .describe("The node's network by name, a rate out of one node with its unit (3200Gb/s, 400GB/s), or GB/s."),
  precision: runFields.precision.default("bf16"),
  sequenceTokens: runFields.sequenceTokens.default(4096),
  globalSequences: runFields.globalSequences,
  stack: runFields.stack.default("megatron-core"),
  isLora: runFields.isLora.default(false),
  frozenPrecision: runFields.frozenPrecision,
  layout: layoutSchema.optional().describe("How it is spread; searched if absent."),
  tokens: positive.optional().describe("Tokens to train on: gives wall time and goodput."),
  gpuHoursPerInterruption: positive.default(50_700),
  checkpointSeconds: z.number().min(0).default(30),
  restartSeconds: z.number().min(0).default(600),
  ownAccelerators,
});

const servingFields = {
  engine: engine.default("vllm"),
  precision: servedFormatSchema.default("bf16"),
  kvPrecision: cacheFormatSchema.optional(),
  gpusPerNode,
  inputTokens: count.default(1024).describe("Tokens of a prompt."),
  outputTokens: count.default(256).describe("Tokens of an answer."),
  cachedShare: z.number().min(0).max(0.99).default(0).describe("Share of each prompt that a prefix cache holds."),
  load: z
    .enum(["varied", "fixed", "swept"])
    .default("varied")
    .describe(
      "How requests follow each other: varied as users' do, fixed in waves of one length, swept as in a load test.",
    ),
  tokensPerStep: z.number().min(1).max(16).default(1).describe("Tokens a step with speculative decoding; 1: none."),
  draftShare: z.number().min(0).max(2).default(0).describe("What the draft costs, over a step."),
  ttftSeconds: positive.default(2),
  tpotSeconds: positive.default(0.1),
  goodShare: z.number().min(0.5).max(0.999).default(0.95).describe("Share of requests that keep both goals."),
} as const;

/** Hours of the two profiles that a load may have. */
const [dayHours, weekHours] = [24, 168];

/** One question about serving a model; what is left out is assumed and listed in the answer. */
export const inferenceQuestionSchema = z.strictObject({
  ...modelFields,
  accelerator: name,
  ...servingFields,
  tensor: count.optional().describe("Accelerators that split one sequence; compared if absent."),
  attentionData: count.default(1),
  expert: count.default(1),
  concurrency: count.default(32),
  peakPerSecond: positive.optional().describe("Requests a second of the whole service at its busiest."),
  hourShares: z
    .array(share)
    .refine(
      (shares) => shares.length === dayHours || shares.length === weekHours,
      "write 24 shares, or 168 from Monday on",
    )
    .refine((shares) => shares.some((each) => each > 0.99), "the busiest hour is the peak: one of them must be 1")
    .optional()
    .describe("Load of each hour of a day (24) or a week (168, from Monday) over the peak: replicas by the hour."),
  ownAccelerators,
});

/** One fleet in a line: what it costs to buy, to rent and to reserve. */
export const costQuestionSchema = z.strictObject({
  gpu: name,
  gpus: count,
  startMonth: month.optional(),
  months: z.int().min(12).max(84).optional(),
  utilisation: share.optional().describe("Mean use over peak."),
  serverUsdPerGpu: positive.optional(),
  rentUsdPerGpuHour: positive.optional(),
  usdPerKwh: positive.optional(),
  pue: z.number().min(1).max(4).optional(),
  engineersBase: z.number().min(0).optional(),
  tokensPerSecondPerGpu: positive.optional().describe("Tokens that one GPU yields, to price a million of them."),
  draws: z.int().min(1).max(20_000).optional(),
  seed: z.int().optional(),
});

const servingWork = z.strictObject({
  kind: z.literal("serving"),
  ...modelFields,
  ...servingFields,
  peakPerSecond: positive,
});

const trainingWork = z.strictObject({
  kind: z.literal("training"),
  ...modelFields,
  precision: runFields.precision.default("bf16"),
  sequenceTokens: count.default(4096),
  globalSequences: count.optional(),
  tokens: positive,
  days: positive.describe("In which it must be done."),
});

/** Which GPU for a workload, from whom, and who runs it. */
export const adviceQuestionSchema = z.strictObject({
  work: z.discriminatedUnion("kind", [servingWork, trainingWork]),
  gpus: z.array(name).max(50).default([]).describe("GPUs to compare; every one with a price if empty."),
  residency: z.array(country).max(100).default([]),
  isolation: z.enum(isolationLevels).default("shared"),
  certifications: z.array(name).max(20).default([]),
  coverage: z.enum(["office-hours", "around-the-clock"]).default("office-hours"),
  engineersAvailable: z.number().min(0).optional(),
});

/** The questions that the planner answers. */
export const planningKinds = ["plan", "size-training", "size-inference", "cost", "advise"] as const;

export type PlanningKind = (typeof planningKinds)[number];

/** What a program that plans is told on its standard input. `draft` draws a plan up from the ledger. */
export const planningTaskSchema = z.strictObject({
  kind: z.enum([...planningKinds, "draft"]),
  question: z.unknown(),
  /** What this site measured of predictions like the one that is asked for; absent: no site was asked. */
  site: z.array(siteRowsSchema).max(50).readonly().optional(),
  /** The month in which it is asked, where a question needs a first month and names none. */
  thisMonth: month,
});

export type PlanningTask = z.infer<typeof planningTaskSchema>;

/** What a fault complains about: a field of the question, its members apart by dots, and the complaint. */
const questionProblemSchema = z.strictObject({ path: z.string(), message: z.string() });

export type QuestionProblem = Readonly<z.infer<typeof questionProblemSchema>>;

/** An answer with its report, or the fault that refused the question. */
export const planningReplySchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("answer"),
    answer: z.record(z.string(), z.unknown()),
    document: reportDocumentSchema,
    /** The report as `report.md` and `report.html`, for a plan also `plan.json` and `parts.csv`. */
    files: z.record(z.string(), z.string()),
  }),
  z.strictObject({
    kind: z.literal("fault"),
    code: z.string(),
    message: z.string(),
    problems: z.array(questionProblemSchema),
  }),
]);

export type PlanningReply = z.infer<typeof planningReplySchema>;
