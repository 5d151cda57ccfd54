import * as z from "zod";
import { planDefaults } from "../assumptions/defaults.ts";
import { ifAbsent } from "../assumptions/if-absent.ts";
import { nameSchema, rateSchema, shareSchema, sizeSchema, uncertainSchema } from "../plan-figures.ts";
import { storagePricesSchema } from "./plan-hardware.ts";

/** The network between servers. */
export const networkSchema = z.strictObject({
  topology: z
    .enum(["rail-optimised", "leaf-spine", "fat-tree"])
    .optional()
    .describe("If absent leaf-spine for few servers of up to 3 rails, else rail-optimised."),
  switch: nameSchema
    .optional()
    .describe("A switch of the catalog, such as QM9700, or of the plan's own; chosen by the port rate if absent."),
  portRate: rateSchema
    .optional()
    .describe("Rate of one fabric port of a server, such as 400Gb/s; as such servers have if absent."),
  rails: z.number().optional().describe("Fabric ports of one server; as such servers have if absent."),
  oversubscription: z
    .number()
    .optional()
    .describe(`1 is non-blocking, 2 halves the bandwidth above the leaves; ${ifAbsent(planDefaults.oversubscription)}`),
  levels: z.literal([1, 2, 3]).optional().describe("Levels of switches; the fewest that join all servers if absent."),
  nodesPerUnit: z.number().optional().describe("Servers of one scalable unit of a rail-optimised fabric."),
  nodeCable: z
    .enum(["copper", "fibre"])
    .optional()
    .describe("Cables of the servers; if absent copper for up to two racks, else fibre."),
  exposedShare: shareSchema
    .optional()
    .describe(
      `Part of a training step that waits for other servers; if absent that of the sized runs, else ${planDefaults.exposedShare.mode}.`,
    ),
  exchange: z
    .enum(["ring", "all-to-all"])
    .optional()
    .describe("What servers exchange: ring (if absent), or all-to-all for mixtures of experts across servers."),
});

/** What is stored, and what storage costs. */
export const storageSchema = z.strictObject({
  checkpoint: z
    .strictObject({
      parameters: z
        .number()
        .optional()
        .describe("Of the largest model that is trained, such as 13e9; absent: of those that stages name as trained."),
      bytesPerParameter: z
        .number()
        .optional()
        .describe(
          `Bytes of a checkpoint for each weight, optimizer included; ${ifAbsent(planDefaults.bytesPerParameter)}`,
        ),
      interval: z.number().optional().describe("Minutes between saves; the best by Daly's formula if absent."),
      mode: z
        .enum(["synchronous", "asynchronous"])
        .optional()
        .describe("Whether the job waits while it saves; asynchronous if absent."),
      stallShare: z
        .number()
        .optional()
        .describe(`Share of the time that synchronous saving may take; ${ifAbsent(planDefaults.stallShare)}`),
      kept: z
        .number()
        .optional()
        .describe(`Checkpoints that are kept; ${ifAbsent(planDefaults.checkpointsKept)}`),
      readersOnRestart: z
        .number()
        .optional()
        .describe("Copies that a restart reads: 1 (if absent), read once and broadcast; else the data-parallel width."),
    })
    .optional()
    .describe("Checkpoints of training; if absent those of the largest model that a stage names as trained, or none."),
  datasets: z
    .array(
      z.strictObject({
        name: nameSchema.describe("Shown in the report."),
        size: sizeSchema.describe("Bytes of one copy, such as 12TB."),
        copies: z.number().optional().describe("Copies that are kept; 1 if absent."),
      }),
    )
    .max(200)
    .default([])
    .describe("Training data that is kept."),
  datasetRead: rateSchema.optional().describe("Reads of training data by all jobs together, such as 2GB/s."),
  artifacts: sizeSchema.optional().describe("Logs, results and other files of jobs, such as 5TB; none if absent."),
  servingWeights: sizeSchema
    .optional()
    .describe("Weights of all served models, one version of each; absent: of those that stages name as served."),
  versionsKept: z
    .number()
    .optional()
    .describe(`Versions of served weights that are kept; ${ifAbsent(planDefaults.versionsKept)}`),
  vectors: z
    .strictObject({
      count: z.number().describe("Vectors, such as 1e9."),
      dimensions: z.number().describe("Values of one vector, such as 1024."),
      bytesPerValue: z
        .number()
        .optional()
        .describe(`Bytes of one value; ${ifAbsent(planDefaults.bytesPerVectorValue)}`),
    })
    .optional()
    .describe("Vectors of a search index."),
  growthShare: z
    .number()
    .optional()
    .describe(
      `Growth over the horizon, over what is stored at its start; ${ifAbsent(planDefaults.storageGrowthShare)}`,
    ),
  usableShare: z
    .number()
    .optional()
    .describe(`Part of the raw capacity that redundancy and free space leave; ${ifAbsent(planDefaults.usableShare)}`),
  prices: storagePricesSchema.optional(),
});

/** The hall: racks and power. */
export const facilitySchema = z.strictObject({
  rackKw: z
    .number()
    .optional()
    .describe(`Power that one rack may draw, kW; ${ifAbsent(planDefaults.rackKw)}`),
  rackUnits: z
    .number()
    .optional()
    .describe(`Height of one rack, rack units; ${ifAbsent(planDefaults.rackUnits)}`),
  busyShare: z
    .number()
    .optional()
    .describe(`Power of a busy server over its nameplate; ${ifAbsent(planDefaults.busyShare)}`),
  idleShare: z
    .number()
    .optional()
    .describe(`Power of an idle server over its nameplate; ${ifAbsent(planDefaults.idleShare)}`),
  gridKgPerKwh: z
    .number()
    .optional()
    .describe(`Carbon dioxide of a kilowatt-hour, kg; ${ifAbsent(planDefaults.gridKgPerKwh)}`),
});

/** How often machines fail, and what a failure takes. */
export const reliabilitySchema = z.strictObject({
  hazardPerMillionGpuHours: uncertainSchema
    .optional()
    .describe(
      `Interruptions of a job in a million GPU-hours; ${ifAbsent(planDefaults.hazardPerMillionGpuHours, "drawn")}`,
    ),
  restartMinutes: uncertainSchema
    .optional()
    .describe(`Minutes from a failure until the job runs again; ${ifAbsent(planDefaults.restartMinutes, "drawn")}`),
  repairHours: z
    .number()
    .optional()
    .describe(`Hours until a failed server is back; ${ifAbsent(planDefaults.repairHours)}`),
  spareConfidence: z
    .number()
    .optional()
    .describe(`Probability that spares keep all needed servers at work; ${ifAbsent(planDefaults.spareConfidence)}`),
});
