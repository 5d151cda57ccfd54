import * as z from "zod";
import { nameSchema, rateSchema, sizeSchema, uncertainSchema } from "../plan-figures.ts";

const tflopsSchema = z.number().min(1e-3).max(1e9).optional();

const computesSchema = z
  .strictObject({
    like: nameSchema.optional().describe("An accelerator of the catalog: what is left out here is taken from it."),
    bf16Tflops: tflopsSchema.describe("Dense arithmetic rate, never with sparsity."),
    fp8Tflops: tflopsSchema,
    fp4Tflops: tflopsSchema,
    memoryBandwidth: rateSchema.optional().describe("Of one GPU, such as 3.35TB/s."),
    fastLinks: rateSchema.optional().describe("From one GPU to the others of its server, one direction."),
  })
  .refine(
    ({ like, bf16Tflops, memoryBandwidth }) =>
      like !== undefined || (bf16Tflops !== undefined && memoryBandwidth !== undefined),
    { message: "give like, an accelerator that it resembles, or bf16Tflops and memoryBandwidth" },
  )
  .describe(
    "What one GPU does, so that stages and workloads can be sized from their models on a GPU that the catalog lacks.",
  );

/** A server of the plan's own, with its prices. */
export const acceleratorSchema = z.strictObject({
  gpu: nameSchema,
  gpusPerServer: z.number(),
  serverUsdPerGpu: uncertainSchema,
  rentUsdPerGpuHour: uncertainSchema,
  serverRatedKw: z.number(),
  serverUnits: z.number(),
  memory: sizeSchema,
  rails: z.number(),
  portRate: rateSchema,
  computes: computesSchema.optional(),
});

/** A switch of the plan's own. */
export const switchSchema = z.strictObject({
  name: nameSchema,
  ports: z.number().describe("At portRate."),
  portRate: rateSchema,
  usd: z.number(),
  kw: z.number().describe("At work, with its transceivers."),
  portsPerTransceiver: z.number().optional().describe("2 for twin-port cages; 1 if absent."),
});

const usd = z.number().positive().max(1e6).optional();

/** What storage costs; each in place of this planner's assumption. */
export const storagePricesSchema = z
  .strictObject({
    fastUsdPerTerabyte: usd,
    fastUsdPerGigabyteSecond: usd,
    capacityUsdPerTerabyte: usd,
    capacityUsdPerGigabyteSecond: usd,
  })
  .describe(
    "US dollars for a raw terabyte (1e12 bytes), and for a GB/s where speed decides; servers and software included.",
  );
