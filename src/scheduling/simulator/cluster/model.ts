import * as z from "zod";
import { durationPattern } from "../../../base/units.ts";
import { poolRoles, sizeSchema } from "../../../compute/model.ts";

/** The most nodes of one group. */
const nodesMax = 100_000;
/** The most GPUs of one node. */
const gpusPerNodeMax = 1024;
const cpusPerNodeMax = 65_536;

const durationSchema = z.string().regex(durationPattern, "write numbers and units, such as 2h30m");
const nameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "write letters, digits, dots and hyphens");
const levelNameSchema = nameSchema.refine((name) => name !== "node", '"node" is the level below all others');

const nodeGroupSchema = z.strictObject({
  name: nameSchema.describe("Nodes are named after it: `a100-0000`, `a100-0001`."),
  count: z.int().min(1).max(nodesMax),
  gpuModel: nameSchema.optional().describe("Left out for nodes without GPUs."),
  gpus: z.int().min(0).max(gpusPerNodeMax).default(0).describe("GPUs of each node."),
  cpus: z.number().positive().max(cpusPerNodeMax).describe("CPUs of each node."),
  memory: sizeSchema.describe("Memory of each node, such as 512GB."),
  labels: z.record(nameSchema, z.string().max(100)).default({}),
  taints: z.array(nameSchema).default([]).describe("Only workloads that tolerate every one come here."),
  mig: z.boolean().default(false).describe("Whether its GPUs are cut into MIG slices."),
  domains: z
    .record(nameSchema, z.int().min(1))
    .default({})
    .describe("Nodes in each domain of a level, such as {rack: 8}; a level left out has one domain for the group."),
});

const poolSchema = z.strictObject({
  name: nameSchema,
  role: z.enum(poolRoles).default("any").describe("What the pool is for; workloads of another role are guests."),
  floor: z.number().min(0).default(0).describe("GPUs that guests never take, even when they lie idle."),
  levels: z.array(levelNameSchema).default([]).describe("Levels above the node, widest first, such as [block, rack]."),
  nodes: z.array(nodeGroupSchema).min(1),
});

const quotaLimitSchema = z.strictObject({
  nominal: z.number().min(0).describe("What is always its own: GPUs, CPUs, or bytes of memory."),
  borrow: z.number().min(0).optional().describe("How much more it may take while it lies idle; left out: all."),
  lend: z.number().min(0).optional().describe("How much of its own others may take; left out: all."),
});

const evictionPolicies = ["never", "lower-priority", "any"] as const;

const quotaSchema = z.strictObject({
  name: nameSchema.describe("A team or a project; rows of a trace name the ones without children as their queue."),
  parent: nameSchema.optional().describe("Left out: it stands at the top."),
  weight: z.number().positive().max(1e6).default(1).describe("Its part of what is shared, relative to its siblings."),
  resources: z
    .record(z.string().regex(/^(?:gpu:)?[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/), quotaLimitSchema)
    .default({})
    .describe("By resource: gpu (of any model), gpu:H100 (of one), cpu, memory. What nothing names is not limited."),
  reclaim: z.enum(evictionPolicies).default("any").describe("Whom it evicts for what it lent."),
  preempt: z.enum(evictionPolicies).default("lower-priority").describe("Whom it evicts in its own queue."),
});

const reservationSchema = z.strictObject({
  name: nameSchema,
  from: durationSchema.describe("When it begins, from the start of the trace."),
  until: durationSchema,
  nodes: z.array(nameSchema).min(1),
  queues: z.array(nameSchema).default([]).describe("Who may run there meanwhile; empty: nobody."),
});

const outageSchema = z.strictObject({
  node: nameSchema,
  from: durationSchema.describe("When the node goes away, from the start of the trace."),
  until: durationSchema.optional().describe("Left out: it does not come back."),
});

/** The shape of a cluster file; `clusterFileSchema` also checks that its parts fit together. */
export const clusterShapeSchema = z.strictObject({
  pools: z.array(poolSchema).min(1),
  quotas: z.array(quotaSchema).default([]).describe("Left out: every queue of the trace owns an equal part."),
  reservations: z.array(reservationSchema).default([]),
  outages: z.array(outageSchema).default([]),
  evictionGrace: durationSchema.default("30s").describe("How long an evicted workload keeps its place."),
});

/** A cluster file after defaults. */
export type ClusterFile = z.output<typeof clusterShapeSchema>;
