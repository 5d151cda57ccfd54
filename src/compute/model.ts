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
  isMig: z.boolean().optional(),
});

export const nodeSchema = z.object({
  name: z.string(),
  cpus: z.number(),
  memory: z.number(),
  gpus: z.array(nodeGpuSchema),
  labels: z.record(z.string(), z.string()).optional(),
  domains: z.array(z.string()).optional(),
});

/** Name of a level or of a domain of a pool's topology. */
const domainSchema = z.string().min(1).max(63);
/** The most levels above the node, and nodes that a topology may name. */
const levelsMax = 8;

const poolTopologySchema = z.strictObject({
  levels: z
    .array(domainSchema)
    .min(1)
    .max(levelsMax)
    .describe("Levels above the node, widest first, such as [block, leaf, rack]."),
  nodes: z
    .record(z.string(), z.array(domainSchema).max(levelsMax))
    .default({})
    .describe("The domain of each node at each level; a node that is not named stands alone."),
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
      mig: z.boolean().default(false).describe("Whether they are cut into MIG instances; then only those fit."),
    })
    .optional()
    .describe("GPUs that only pretend to be there, for trying out queues without hardware; shown as simulated."),
  lend: z
    .boolean()
    .default(true)
    .describe("Whether workloads of another purpose may use what lies idle; the pool's own may take it back."),
  floor: z
    .number()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe("GPUs that workloads of another purpose never take, even when they lie idle."),
  nodeLabels: z
    .record(z.string().min(1).max(63), z.string().max(255))
    .default({})
    .describe("Labels that every node of the pool carries, such as zone: eu."),
  topology: poolTopologySchema.optional().describe("How far nodes are from each other, as a tree."),
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
    { heading: "MEMORY", path: "status.memory", format: "memory" },
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

/** The most members that a workload may have. */
const membersMax = 16_384;

/** Whole GPUs, or a share of one in thousandths. */
export const gpuAmountSchema = z
  .number()
  .min(0)
  .max(4096)
  .refine((gpus) => Number.isInteger(gpus) || (gpus < 1 && Number.isInteger(Math.round(gpus * 1e9) / 1e6)), {
    message: "write whole GPUs, or a share of one in thousandths, such as 0.5",
  });

export const resourceRequestSchema = z.object({
  cpus: z.number().positive().max(4096),
  memory: z.number().positive(),
  gpus: gpuAmountSchema,
  gpuModel: z.string().nullable(),
  gpuModels: z.array(z.string().min(1).max(100)).max(20).optional(),
  migProfile: z.string().min(1).max(20).optional(),
  nodeLabels: z.record(z.string().min(1).max(63), z.string().max(255)).optional(),
});

const topologySchema = z.object({
  required: z.string().min(1).max(63).optional(),
  preferred: z.string().min(1).max(63).optional(),
  slice: z.object({ size: z.int().min(1).max(membersMax), level: z.string().min(1).max(63) }).optional(),
});

const membersSchema = z
  .object({ min: z.int().min(1).max(membersMax), max: z.int().min(1).max(membersMax) })
  .refine(({ min, max }) => min <= max, { message: "min is at most max" });

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
  queue: z.string(),
  pools: z.array(z.string()),
  members: membersSchema,
  topology: topologySchema.nullable(),
  isPreemptible: z.boolean(),
  minRuntimeMs: z.number(),
  restartMs: z.number(),
  priority: z.number(),
  resources: resourceRequestSchema,
  maxRestarts: z.number(),
  state: z.enum(workloadStates),
  attempt: z.number(),
  phase: z.string(),
  reason: pendingReasonSchema.nullable(),
  node: z.string().nullable(),
  gpuIndices: z.array(z.number()),
  places: z.array(
    z.object({
      node: z.string(),
      gpus: z.array(nodeGpuSchema.extend({ millis: z.number(), slice: z.number().optional() })),
    }),
  ),
  outcome: taskOutcomeSchema.nullable(),
  limitMs: z.number().nullable(),
  checkpointAt: z.number().nullable(),
  timesPreempted: z.number(),
  queuedAt: z.number(),
  admittedAt: z.number().nullable(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  isLeaving: z.boolean(),
});

/** What a submission must look like. */
export const workloadRequestSchema = z.object({
  id: workloadIdSchema,
  project: z.string().min(1).max(63),
  owner: workloadSchema.shape.owner,
  purpose: z.enum(purposes),
  pool: z.string().min(1).max(63),
  priority: z.number().min(0).max(100),
  resources: resourceRequestSchema.refine(({ gpus, migProfile }) => migProfile === undefined || gpus === 0, {
    message: "ask for a MIG instance or for GPUs, not for both: set gpus to 0",
  }),
  queue: z.string().min(1).max(63).optional(),
  pools: z.array(z.string().min(1).max(63)).min(1).max(20).optional(),
  members: membersSchema.optional(),
  topology: topologySchema.nullable().optional(),
  isPreemptible: z.boolean().optional(),
  minRuntimeMs: z.number().min(0).optional(),
  restartMs: z.number().min(0).optional(),
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
    checkpointFolder: z.string().min(1).max(4096).optional(),
  }),
});

/** What the ledger can be added up by. */
export const usageSums = ["project", "purpose", "day", "hour", "pool", "queue", "model", "owner"] as const;
export type UsageSum = (typeof usageSums)[number];
