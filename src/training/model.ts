import * as z from "zod";
import { durationPattern, sizePattern } from "../base/units.ts";
import { gpuAmountSchema } from "../compute/model.ts";
import { conditionSchema, defineKind, nameSchema } from "../platform/resource.ts";
import { parseIsoDate } from "../base/iso-date.ts";

const columnSchema = z.string().min(1).max(128);

const momentSchema = z
  .string()
  .refine(
    (text) => parseIsoDate(text) !== undefined,
    "write a date or a moment in UTC, such as 2001-02-01 or 2001-02-01T06:30:00Z",
  );

const resourcesSchema = z.strictObject({
  cpus: z.number().positive().max(4096).default(1).describe("CPU cores."),
  memory: z.string().regex(sizePattern, "write a size, such as 4GB").default("2GB").describe("Memory, such as 4GB."),
  gpus: gpuAmountSchema.default(0).describe("GPUs, or a share of one such as 0.5. Shares are counted, not enforced."),
  gpuModel: z.string().min(1).max(100).optional().describe("GPU model, such as H100; absent: any."),
  migProfile: z.string().min(1).max(20).optional().describe("A MIG instance such as 3g.40gb, in place of GPUs."),
});

const trainingSetSchema = z
  .strictObject({
    dataset: nameSchema.describe("Dataset whose rows are labelled moments."),
    timestamp: columnSchema.describe("Column of the moment at which a prediction would be made."),
    from: momentSchema.describe("First moment, in UTC: 2001-02-01."),
    to: momentSchema.describe("End of the range, itself not part of it."),
    columns: z.array(columnSchema).min(1).max(500).describe("Columns that are passed through, the label among them."),
    label: columnSchema.describe("Column that the model shall learn to tell."),
    featureViews: z
      .array(nameSchema)
      .max(50)
      .default([])
      .describe("Feature views that are joined as they were known at each moment."),
    maxRows: z.int().positive().max(1_000_000_000).optional().describe("Keep at most this many rows, chosen by hash."),
  })
  .refine((set) => set.columns.includes(set.label), { message: "columns must hold the label", path: ["columns"] })
  .refine((set) => (parseIsoDate(set.from) ?? 0) < (parseIsoDate(set.to) ?? 0), {
    message: "to must be after from",
    path: ["to"],
  });

export const trainingJobSpecSchema = z.strictObject({
  pool: nameSchema.describe("Pool of machines to run on."),
  resources: resourcesSchema.prefault({}).describe("What the job needs of a machine."),
  workdir: z.string().min(1).max(4096).describe("Folder with the code; a copy of it is kept and run."),
  command: z
    .array(z.string().max(10_000))
    .min(1)
    .max(1000)
    .describe("Program and arguments, such as [python, train.py]."),
  requirements: z
    .union([z.string().min(1).max(255), z.array(z.string().min(1).max(1000)).max(1000)])
    .optional()
    .describe(
      "Python packages, or the name of a requirements file in workdir; absent: no Python environment is built.",
    ),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().max(32_768))
    .default({})
    .describe("Environment variables. No secrets: everyone who may read the job sees them."),
  trainingSet: trainingSetSchema.describe("The rows to learn from."),
  model: nameSchema.optional().describe("Model that gets the candidate; absent: nothing is registered."),
  experiment: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe("Experiment that the run belongs to; absent: named after the model or the job."),
  maxRestarts: z
    .int()
    .min(0)
    .max(100)
    .default(3)
    .describe("How often it may start again after it was lost or killed from outside."),
  maxDuration: z
    .string()
    .regex(durationPattern, "write a duration, such as 2h")
    .default("1h")
    .describe("Longest running time of one start."),
  priority: z.int().min(0).max(100).default(50).describe("0 to 100, higher first."),
  otherPools: z.array(nameSchema).max(19).optional().describe("Further pools that will do, in order of preference."),
  queue: nameSchema.optional().describe("Project or quota that it counts against; absent: its project."),
  preemptible: z
    .boolean()
    .optional()
    .describe("Whether it may be stopped for others and go on later from its checkpoint; absent: it may."),
  minRuntime: z
    .string()
    .regex(durationPattern, "write a duration, such as 10m")
    .optional()
    .describe("It is not stopped for others before it ran this long; absent: at any time."),
  startedBy: z.string().max(255).optional().describe("What asked for it, when a controller did: drift-monitor:NAME."),
});

export type TrainingJobSpec = Readonly<z.output<typeof trainingJobSpecSchema>>;

export const trainingPhases = [
  "pending",
  "preparing",
  "queued",
  "running",
  "registering",
  "succeeded",
  "failed",
  "cancelled",
] as const;
export type TrainingPhase = (typeof trainingPhases)[number];

const builtTrainingSetSchema = z.object({
  id: z.string(),
  rows: z.number(),
  fingerprint: z.string(),
  /** Milliseconds since 1970. */
  from: z.number(),
  to: z.number(),
  path: z.string(),
  madeFrom: z.array(z.string()),
  /** Feature columns in the order of the model's inputs, passed-through columns first. */
  features: z.array(z.string()),
});

export type BuiltTrainingSet = Readonly<z.infer<typeof builtTrainingSetSchema>>;

export const trainingJobStatusSchema = z.object({
  phase: z.enum(trainingPhases),
  /** The generation that this status is about; another one starts a run of its own. */
  generation: z.number(),
  message: z.string(),
  /** What the workload is doing now, for people; empty when it is not at work. */
  progress: z.string(),
  startedBy: z.string(),
  workloadId: z.string().nullable(),
  experimentId: z.string().nullable(),
  runId: z.string().nullable(),
  codeHash: z.string().nullable(),
  trainingSet: builtTrainingSetSchema.nullable(),
  candidateId: z.string().nullable(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  conditions: z.array(conditionSchema),
});

export type TrainingJobStatus = Readonly<z.infer<typeof trainingJobStatusSchema>>;

/** The status of a job that nothing was done for yet. */
export const freshStatus: TrainingJobStatus = {
  phase: "pending",
  generation: 0,
  message: "",
  progress: "",
  startedBy: "",
  workloadId: null,
  experimentId: null,
  runId: null,
  codeHash: null,
  trainingSet: null,
  candidateId: null,
  startedAt: null,
  endedAt: null,
  conditions: [],
};

export const trainingJobKind = defineKind({
  kind: "TrainingJob",
  plural: "training-jobs",
  aliases: ["training-job", "job", "jobs"],
  scope: "project",
  summary: "Builds a training set, runs a training program on it, tracks it, and registers what it made.",
  spec: trainingJobSpecSchema as z.ZodType<TrainingJobSpec>,
  status: trainingJobStatusSchema as z.ZodType<TrainingJobStatus>,
  initialStatus: freshStatus,
  columns: [
    { heading: "PHASE", path: "status.phase" },
    { heading: "MODEL", path: "spec.model" },
    { heading: "ROWS", path: "status.trainingSet.rows", format: "count" },
    { heading: "RUN", path: "status.runId", isWide: true },
    { heading: "MESSAGE", path: "status.message" },
  ],
  needsCleanup: true,
});

/** Asks for a job to stop. */
export const cancelTrainingSchema = z.strictObject({ reason: z.string().max(1000).default("") });
