import * as z from "zod";
import { isolationLevels } from "../advice/keep-compliant.ts";
import { siteRowsSchema } from "../calibration/model.ts";
import { costDefaults, planDefaults } from "../assumptions/defaults.ts";
import { ifAbsent } from "../assumptions/if-absent.ts";
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

const ownAccelerators = z
  .unknown()
  .optional()
  .describe(
    "A list of accelerators that the catalog lacks, each with its name and its figures, or with what it is like.",
  );
const accelerator = name.describe("An accelerator of the catalog, such as H100, or of ownAccelerators.");
const gpusPerNode = count.optional().describe("Accelerators of one node; if absent 8, or those of one tray of a rack.");

/** One question about a training run; what is left out is assumed and listed in the answer. */
export const trainingQuestionSchema = z.strictObject({
  ...modelFields,
  accelerator,
  gpus: count.describe("Accelerators that the run takes."),
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
  gpuHoursPerInterruption: positive.default(50_700).describe("GPU-hours between interruptions of a job, on average."),
  checkpointSeconds: z.number().min(0).default(30).describe("Seconds that the job stands still to save."),
  restartSeconds: z.number().min(0).default(600).describe("Seconds from an interruption until the job runs again."),
  ownAccelerators,
});

const servingFields = {
  engine: engine.default("vllm").describe("The engine that serves it."),
  precision: servedFormatSchema
    .default("bf16")
    .describe("Format of the weights; as the model's config.json, its name or its makers tell if absent, else bf16."),
  kvPrecision: cacheFormatSchema
    .optional()
    .describe("Format of the KV cache; the usual one for that of the weights if absent."),
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
  ttftSeconds: positive.default(2).describe("Goal of the time to the first token, seconds."),
  tpotSeconds: positive.default(0.1).describe("Goal of the time of each further token, seconds."),
  goodShare: z.number().min(0.5).max(0.999).default(0.95).describe("Share of requests that keep both goals."),
} as const;

/** Hours of the two profiles that a load may have. */
const [dayHours, weekHours] = [24, 168];

/** One question about serving a model; what is left out is assumed and listed in the answer. */
export const inferenceQuestionSchema = z.strictObject({
  ...modelFields,
  accelerator,
  ...servingFields,
  tensor: count.optional().describe("Accelerators that split one sequence; compared if absent."),
  attentionData: count.default(1).describe("Groups that hold attention for different sequences."),
  expert: count.default(1).describe("Accelerators that split the experts."),
  concurrency: count.default(32).describe("Requests in flight at which layouts are compared."),
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
  gpu: name.describe("A priced GPU of the catalog, such as H100."),
  gpus: count.describe("GPUs of the fleet; whole servers are priced."),
  startMonth: month.optional().describe("First month, such as 2026-12; this month if absent."),
  months: z
    .int()
    .min(12)
    .max(84)
    .optional()
    .describe(`Months that are priced; ${ifAbsent(planDefaults.horizonMonths)}`),
  utilisation: share.optional().describe(`Mean use over peak; ${ifAbsent(costDefaults.utilisation, "drawn")}`),
  serverUsdPerGpu: positive
    .optional()
    .describe("Price of one GPU's share of its server, US dollars; that of the catalog if absent."),
  rentUsdPerGpuHour: positive
    .optional()
    .describe("Rent of one GPU for an hour, on demand, US dollars; that of the catalog if absent."),
  usdPerKwh: positive.optional().describe(`Price of a kWh, US dollars; ${ifAbsent(costDefaults.usdPerKwh, "drawn")}`),
  pue: z
    .number()
    .min(1)
    .max(4)
    .optional()
    .describe(`Power of the hall over that of its machines; ${ifAbsent(costDefaults.pue, "drawn")}`),
  engineersBase: z
    .number()
    .min(0)
    .optional()
    .describe(`Engineers that a fleet of any size takes; ${ifAbsent(costDefaults.engineersBase, "drawn")}`),
  tokensPerSecondPerGpu: positive.optional().describe("Tokens that one GPU yields, to price a million of them."),
  draws: z
    .int()
    .min(1)
    .max(20_000)
    .optional()
    .describe(`Futures that are drawn; ${ifAbsent(planDefaults.draws)}`),
  seed: z
    .int()
    .optional()
    .describe(`The same seed repeats the answer; ${ifAbsent(planDefaults.seed)}`),
});

const servingWork = z.strictObject({
  kind: z.literal("serving").describe("A model that is served."),
  ...modelFields,
  ...servingFields,
  peakPerSecond: positive.describe("Requests a second of the whole service at its busiest."),
});

const trainingWork = z.strictObject({
  kind: z.literal("training").describe("A model that is trained."),
  ...modelFields,
  precision: runFields.precision.default("bf16"),
  sequenceTokens: runFields.sequenceTokens.default(4096),
  globalSequences: runFields.globalSequences,
  tokens: positive.describe("Tokens to train on, such as 300e9."),
  days: positive.describe("In which it must be done."),
});

/** Which GPU for a workload, from whom, and who runs it. */
export const adviceQuestionSchema = z.strictObject({
  work: z.discriminatedUnion("kind", [servingWork, trainingWork]).describe("What the GPUs are for."),
  gpus: z.array(name).max(50).default([]).describe("GPUs to compare; every one with a price if empty."),
  residency: z
    .array(country)
    .max(100)
    .default([])
    .describe("Countries where data may lie, such as [DE, FR]; anywhere if empty."),
  isolation: z.enum(isolationLevels).default("shared").describe("The least that an offer must have."),
  certifications: z.array(name).max(20).default([]).describe("What an offer must hold, such as [ISO 27001]."),
  coverage: z
    .enum(["office-hours", "around-the-clock"])
    .default("office-hours")
    .describe("When somebody must act on a failure."),
  engineersAvailable: z
    .number()
    .min(0)
    .optional()
    .describe("People at hand; if absent as many as are needed can be hired."),
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
