import * as z from "zod";
import { sizePattern } from "../base/units.ts";
import { conditionSchema, defineKind } from "../platform/resource.ts";

/** The most GPUs that a pool may pretend to have on one machine. */
const simulatedGpusMax = 64;

export const sizeSchema = z.string().regex(sizePattern, "write a number and a unit, such as 24GB");

/** What a pool is for; `any` takes every purpose. */
export const poolRoles = ["development", "training", "evaluation", "serving", "any"] as const;

export const nodeGpuSchema = z.object({
  index: z.number(),
  model: z.string(),
  memory: z.number(),
  simulated: z.boolean(),
  device: z.string(),
});

export const nodeSchema = z.object({
  name: z.string(),
  cpus: z.number(),
  memory: z.number(),
  gpus: z.array(nodeGpuSchema),
});

const poolSpecSchema = z.strictObject({
  role: z.enum(poolRoles).default("any").describe("What the pool is for."),
  driver: z
    .literal("local")
    .default("local")
    .describe("How its tasks run: `local` runs processes on the server's machine."),
  limits: z
    .strictObject({
      cpus: z.number().positive().max(4096).optional().describe("CPUs that its tasks may ask for together."),
      memory: sizeSchema.optional().describe("Memory that its tasks may ask for together, such as 8GB."),
    })
    .prefault({})
    .describe("How much of the machine the pool may use; what is left out is the whole machine."),
  simulatedGpus: z
    .strictObject({
      model: z.string().min(1).max(60).describe("The model that they pretend to be, such as H100."),
      count: z.int().min(1).max(simulatedGpusMax).describe("How many the node pretends to have."),
      memory: sizeSchema.default("80GB").describe("Memory of each, such as 80GB."),
    })
    .optional()
    .describe("GPUs that only pretend to be there, for trying out queues without hardware; shown as simulated."),
});

const poolStatusSchema = z.object({
  phase: z.string(),
  conditions: z.array(conditionSchema),
  nodes: z.array(nodeSchema),
  /** Sums over the nodes. */
  cpus: z.number(),
  memory: z.number(),
  gpus: z.number(),
  /** For people: `2 × H100 (simulated)`; empty without GPUs. */
  gpuSummary: z.string(),
});

/** Machines that workloads of some purpose share. */
export const poolKind = defineKind({
  kind: "Pool",
  plural: "pools",
  aliases: ["pool"],
  scope: "platform",
  summary: "Machines that workloads share, with a role: development, training, evaluation, serving or any.",
  spec: poolSpecSchema,
  status: poolStatusSchema,
  initialStatus: { phase: "pending", conditions: [], nodes: [], cpus: 0, memory: 0, gpus: 0, gpuSummary: "" },
  columns: [
    { heading: "ROLE", path: "spec.role" },
    { heading: "DRIVER", path: "spec.driver" },
    { heading: "PHASE", path: "status.phase" },
    { heading: "CPUS", path: "status.cpus", format: "count" },
    { heading: "MEMORY", path: "status.memory", format: "bytes" },
    { heading: "GPUS", path: "status.gpuSummary" },
  ],
  needsCleanup: true,
});

export type PoolSpec = z.infer<typeof poolSpecSchema>;
export type PoolStatus = z.infer<typeof poolStatusSchema>;

/** What an id of a workload may look like: it names a folder and stands in addresses. */
export const workloadIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "use at most 100 letters, digits, dots, dashes and underscores");

export const workloadStates = [
  "queued",
  "admitted",
  "starting",
  "running",
  "preempted",
  "succeeded",
  "failed",
  "cancelled",
] as const;

export const purposes = ["training", "evaluation", "pipeline", "replica", "workspace"] as const;

export const resourceRequestSchema = z.object({
  cpus: z.number().positive().max(4096),
  memory: z.number().positive(),
  gpus: z.int().min(0).max(4096),
  gpuModel: z.string().nullable(),
});

export const pendingReasonSchema = z.object({
  code: z.string(),
  sentence: z.string(),
  blockers: z.array(z.object({ id: z.string(), name: z.string(), gpus: z.number() })),
  changes: z.array(z.string()),
});

export const taskOutcomeSchema = z.object({
  kind: z.enum(["exited", "signalled", "out-of-memory", "out-of-time", "lost", "start-failed", "cancelled"]),
  exitCode: z.number().nullable(),
  message: z.string(),
});

/** A workload on the wire. Neither its command nor its environment is shown. */
export const workloadSchema = z.object({
  id: workloadIdSchema,
  project: z.string(),
  owner: z.object({ kind: z.string(), project: z.string().nullable(), name: z.string() }),
  purpose: z.enum(purposes),
  pool: z.string(),
  priority: z.number(),
  resources: resourceRequestSchema,
  maxRestarts: z.number(),
  state: z.enum(workloadStates),
  attempt: z.number(),
  phase: z.string(),
  reason: pendingReasonSchema.nullable(),
  node: z.string().nullable(),
  gpuIndices: z.array(z.number()),
  outcome: taskOutcomeSchema.nullable(),
  queuedAt: z.number(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
});

/** What a submission must look like. */
export const workloadRequestSchema = z.object({
  id: workloadIdSchema,
  project: z.string().min(1).max(63),
  owner: workloadSchema.shape.owner,
  purpose: z.enum(purposes),
  pool: z.string().min(1).max(63),
  priority: z.number().min(0).max(100),
  resources: resourceRequestSchema,
  maxRestarts: z.int().min(0).max(100),
  command: z.object({
    argv: z.array(z.string()).min(1).max(1000),
    files: z.record(
      z.string().regex(/^(?!\.\.?$)[^/\0]{1,255}$/, "name a file or folder, without slashes"),
      z.string(),
    ),
    env: z.record(z.string(), z.string()),
    secretEnv: z.record(z.string(), z.string()),
    requirements: z.array(z.string().max(1000)).max(1000).nullable(),
    maxDurationMs: z.number().positive().nullable(),
    graceMs: z.number().min(0).max(3_600_000),
  }),
});

/** Events about workloads carry the pool and the state, for those who decide by them. */
export const workloadEventDataSchema = z.object({ pool: z.string(), state: z.enum(workloadStates) });
