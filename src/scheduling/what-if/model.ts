import * as z from "zod";
import { gpuAmountSchema, purposes, sizeSchema } from "../../compute/model.ts";
import { durationPattern } from "../../base/units.ts";
import { nameSchema } from "../../platform/resource.ts";
import { quotaKind } from "../model.ts";

/** The most changes of one sort, and nodes that one of them adds. */
const changesMax = 100;
const nodesMax = 10_000;

const durationSchema = z.string().regex(durationPattern, "write a duration, such as 2h");

const submissionSchema = z.strictObject({
  name: nameSchema.describe("What it is called in the answer."),
  project: nameSchema.default("default"),
  purpose: z.enum(purposes).default("training"),
  pools: z.array(nameSchema).min(1).max(20).describe("Pools that will do, in order of preference."),
  queue: nameSchema.optional(),
  cpus: z.number().positive().max(4096).default(1),
  memory: sizeSchema.default("2GB"),
  gpus: gpuAmountSchema.default(0),
  gpuModel: z.string().min(1).max(100).optional(),
  members: z.int().min(1).max(16_384).default(1),
  withinLevel: z.string().min(1).max(63).optional().describe("Level of the topology that all members must lie in."),
  limit: durationSchema.optional(),
  priority: z.number().min(0).max(100).default(50),
});

const nodesSchema = z
  .strictObject({
    pool: nameSchema,
    nodes: z.array(z.string().min(1).max(255)).min(1).max(nodesMax).optional(),
    domain: z.string().min(1).max(255).optional().describe("A domain of the topology, such as rack-3."),
  })
  .refine((each) => (each.nodes === undefined) !== (each.domain === undefined), "name nodes, or a domain");

const editedId = { id: z.string().min(1).max(100).describe("Id of a workload that waits.") };
const countSchema = z.int().min(1).max(16_384);
const amountSchema = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const modelNamesSchema = z.array(z.string().min(1).max(100)).min(1).max(20);
const levelSchema = z.string().min(1).max(63);

/** Another value of one field of a workload that waits, as `why` proposes it: field and value mean the same. */
const editSchema = z.discriminatedUnion("field", [
  z.strictObject({ ...editedId, field: z.literal("shape.gpu.count"), to: z.int().min(1).max(1024) }),
  z.strictObject({ ...editedId, field: z.literal("shape.gpu.millis"), to: z.int().min(1).max(1000) }),
  z.strictObject({ ...editedId, field: z.literal("shape.gpu.profile"), to: z.string().min(1).max(20) }),
  z.strictObject({ ...editedId, field: z.literal("shape.gpuModels"), to: modelNamesSchema }),
  z.strictObject({ ...editedId, field: z.literal("shape.cpuMillis"), to: amountSchema }),
  z.strictObject({ ...editedId, field: z.literal("shape.memory"), to: amountSchema }),
  z.strictObject({
    ...editedId,
    field: z.literal("members"),
    to: z.strictObject({ min: countSchema, max: countSchema }).refine(({ min, max }) => min <= max, "min is above max"),
  }),
  z.strictObject({
    ...editedId,
    field: z.literal("topology"),
    to: z
      .strictObject({
        required: levelSchema.exactOptional(),
        preferred: levelSchema.exactOptional(),
        slice: z.strictObject({ size: countSchema, level: levelSchema }).exactOptional(),
      })
      .nullable(),
  }),
  z.strictObject({ ...editedId, field: z.literal("limitMs"), to: z.int().min(1).max(Number.MAX_SAFE_INTEGER) }),
  z.strictObject({ ...editedId, field: z.literal("pools"), to: z.array(nameSchema).min(1).max(20) }),
  z.strictObject({ ...editedId, field: z.literal("priority"), to: z.number().min(0).max(100) }),
]);

export type TriedEdit = z.output<typeof editSchema>;

/** Changes that are tried out on a copy of the platform's state. */
export const whatIfSchema = z
  .strictObject({
    addNodes: z
      .array(
        z.strictObject({
          pool: nameSchema,
          count: z.int().min(1).max(nodesMax).default(1),
          like: z.string().min(1).max(255).optional().describe("A node of the pool; left out: its first."),
        }),
      )
      .max(changesMax)
      .default([]),
    drain: z
      .array(nodesSchema)
      .max(changesMax)
      .default([])
      .describe("Nodes that start nothing new; runs there run on."),
    remove: z
      .array(nodesSchema)
      .max(changesMax)
      .default([])
      .describe("Nodes that are gone at once; what runs there is lost and queues again."),
    quotas: z
      .array(z.strictObject({ name: nameSchema, spec: quotaKind.spec }))
      .max(changesMax)
      .default([])
      .describe("Quotas as they would be: new ones, or others in the place of those of the same name."),
    submit: z.array(submissionSchema).max(changesMax).default([]),
    cancel: z.array(z.string().min(1).max(100)).max(changesMax).default([]).describe("Ids of workloads."),
    priorities: z
      .array(z.strictObject({ id: z.string().min(1).max(100), priority: z.number().min(0).max(100) }))
      .max(changesMax)
      .default([]),
    edits: z
      .array(editSchema)
      .max(changesMax)
      .default([])
      .describe("Other values of single fields of workloads that wait, as why proposes them; they keep their turn."),
  })
  .refine((change) => Object.values(change).some((each) => each.length > 0), "name at least one change");

export type WhatIfChange = z.output<typeof whatIfSchema>;
