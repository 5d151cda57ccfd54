import { z } from "zod";
import type { Instant, Millis } from "../../base/clock.ts";
import type { AdvanceReservation, EngineNode, WorkItem } from "../engine/model.ts";
import type { QuotaNode } from "../quota/model.ts";

/** Whole numbers are exact up to here. */
const amountMax = Number.MAX_SAFE_INTEGER;
const nameSchema = z.string().min(1).max(500);
const amountSchema = z.number().min(0).max(amountMax);
const countSchema = z.int().min(0).max(1_000_000);
const namesSchema = z.array(nameSchema).max(1000).readonly();
const amountsSchema = z.record(nameSchema, amountSchema);
const textsSchema = z.record(nameSchema, z.string().max(500));
const roleSchema = z.enum(["development", "training", "evaluation", "serving", "any"]);

const engineNodeSchema = z.strictObject({
  id: nameSchema,
  pool: nameSchema,
  gpuModel: nameSchema.nullable(),
  gpus: z.int().min(0).max(1024),
  cpuMillis: amountSchema,
  memory: amountSchema,
  custom: amountsSchema.exactOptional(),
  labels: textsSchema.exactOptional(),
  taints: namesSchema.exactOptional(),
  domains: namesSchema,
  state: z.enum(["ready", "draining", "down"]),
  isMig: z.boolean().exactOptional(),
}) satisfies z.ZodType<EngineNode>;

const shapeSchema = z.strictObject({
  gpu: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("none") }),
    z.strictObject({ kind: z.literal("whole"), count: z.int().min(1).max(1024) }),
    z.strictObject({ kind: z.literal("share"), millis: z.int().min(1).max(1000) }),
    z.strictObject({ kind: z.literal("mig"), profile: nameSchema }),
  ]),
  gpuModels: namesSchema,
  cpuMillis: amountSchema,
  memory: amountSchema,
  custom: amountsSchema.exactOptional(),
  nodeLabels: textsSchema.exactOptional(),
  tolerations: namesSchema.exactOptional(),
});

const workItemSchema = z.strictObject({
  id: nameSchema,
  name: nameSchema,
  queue: nameSchema,
  role: roleSchema,
  pools: z.array(nameSchema).min(1).max(100).readonly(),
  priority: z.int().min(0).max(100),
  submittedAt: z.int(),
  shape: shapeSchema,
  members: z
    .strictObject({ min: z.int().min(1).max(100_000), max: z.int().min(1).max(100_000) })
    .refine(({ min, max }) => min <= max, "members.min is above members.max; lower it"),
  topology: z
    .strictObject({
      required: nameSchema.exactOptional(),
      preferred: nameSchema.exactOptional(),
      slice: z.strictObject({ size: z.int().min(1).max(100_000), level: nameSchema }).exactOptional(),
    })
    .nullable(),
  limitMs: z.int().min(1).nullable(),
  forecast: z.strictObject({ p50Ms: z.number().min(1), p90Ms: z.number().min(1) }).nullable(),
  isPreemptible: z.boolean(),
  minRuntimeMs: z.number().min(0),
  restartMs: z.number().min(0),
  timesPreempted: countSchema,
}) satisfies z.ZodType<WorkItem>;

const quotaNodeSchema = z.strictObject({
  id: nameSchema,
  parent: nameSchema.nullable(),
  weight: z.number().min(0),
  resources: z.record(
    nameSchema,
    z.strictObject({
      nominal: amountSchema,
      borrowingLimit: amountSchema.nullable(),
      lendingLimit: amountSchema.nullable(),
    }),
  ),
  policies: z.strictObject({
    reclaim: z.enum(["never", "lower-priority", "any"]),
    preempt: z.enum(["never", "lower-priority", "any"]),
  }),
}) satisfies z.ZodType<QuotaNode>;

const reservationSchema = z
  .strictObject({
    id: nameSchema,
    start: z.int(),
    end: z.int(),
    nodes: namesSchema,
    queues: namesSchema,
  })
  .refine(
    ({ start, end }) => start < end,
    "a reservation ends after it starts",
  ) satisfies z.ZodType<AdvanceReservation>;

/** Nodes by name, or all of one domain of a pool: of its rack, its leaf. */
const nodesSchema = z.union([
  z.strictObject({ nodes: namesSchema }),
  z.strictObject({ pool: nameSchema, level: nameSchema, domain: nameSchema }),
]);

/** One change of the world that a what-if makes. */
export const changeSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("add-nodes"), nodes: z.array(engineNodeSchema).min(1).max(10_000).readonly() }),
  /** So many more nodes as this one; `domains` says where they lie, if not beside it. */
  z.strictObject({
    kind: z.literal("add-nodes-like"),
    like: nameSchema,
    count: z.int().min(1).max(10_000),
    domains: namesSchema.exactOptional(),
  }),
  z.strictObject({ kind: z.literal("remove-nodes"), which: nodesSchema }),
  /** They take nothing new; what runs there ends by itself. */
  z.strictObject({ kind: z.literal("drain-nodes"), which: nodesSchema }),
  /** Replaces the node of the quota tree with this id, or adds it. */
  z.strictObject({ kind: z.literal("set-quota"), quota: quotaNodeSchema }),
  z.strictObject({ kind: z.literal("submit"), item: workItemSchema }),
  z.strictObject({ kind: z.literal("set-priority"), id: nameSchema, priority: z.int().min(0).max(100) }),
  /** Puts another workload in the place of a waiting one of the same id. */
  z.strictObject({ kind: z.literal("edit"), item: workItemSchema }),
  /** Takes a workload out of the queue, or ends it. */
  z.strictObject({ kind: z.literal("cancel"), id: nameSchema }),
  z.strictObject({ kind: z.literal("reserve"), reservation: reservationSchema }),
  z.strictObject({ kind: z.literal("cancel-reservation"), id: nameSchema }),
]);

/** The changes of one what-if, made in this order and at the same moment. */
export const changesSchema = z.array(changeSchema).min(1).max(1000);

export type Change = z.infer<typeof changeSchema>;
export type NodeSelection = z.infer<typeof nodesSchema>;

/** How the start of one workload changes. */
export interface StartChange {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /**
   * `never`: it started before and does not any more; `at-last`: the other way round; `displaced`: it runs now, loses its
   * place with its node, and starts again at `after`.
   */
  readonly kind: "earlier" | "later" | "never" | "at-last" | "new" | "cancelled" | "displaced";
  readonly before: Instant | null;
  readonly after: Instant | null;
  /** How much later it starts; negative for earlier; null unless it waits now and starts both ways. */
  readonly shiftMs: Millis | null;
}

/** An eviction or a loss that one of the two worlds has more often. */
export interface EvictionChange {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** Times that it is evicted, or loses its place with its node. */
  readonly before: number;
  readonly after: number;
  readonly lostGpuSecondsBefore: number;
  readonly lostGpuSecondsAfter: number;
}

/** Sums over one world. */
export interface WorldTotals {
  /** Workloads that wait now and start within what was played. */
  readonly started: number;
  /** Workloads that do not. */
  readonly neverStarted: number;
  /** Waiting from now on, of all; who never starts counts until the end of the window. */
  readonly waitMs: Millis;
  readonly waitMsMean: Millis;
  /** GPU-seconds that runs hold in the window, in what the ready and draining nodes have. */
  readonly gpuSecondsUsed: number;
  readonly gpuSecondsTotal: number;
  /** 0 to 1. */
  readonly utilisation: number;
  readonly evictions: number;
  readonly lostGpuSeconds: number;
}

/** What changes for whom, and when. */
export interface WhatIfAnswer {
  /** When the changes are made. */
  readonly at: Instant;
  /** Until when the two worlds are compared: the last start in either. */
  readonly until: Instant;
  /** Those who gain or lose most first; who starts at the same moment in both is left out. */
  readonly starts: readonly StartChange[];
  readonly evictions: readonly EvictionChange[];
  readonly before: WorldTotals;
  readonly after: WorldTotals;
  /** Whether a play stopped at a bound with workloads still waiting. */
  readonly isCutOff: boolean;
}
