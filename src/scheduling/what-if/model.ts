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
  })
  .refine((change) => Object.values(change).some((each) => each.length > 0), "name at least one change");

export type WhatIfChange = z.output<typeof whatIfSchema>;
