import * as z from "zod";
import { nameSchema, rateSchema, sizeSchema, uncertainSchema } from "../plan-figures.ts";

const tflopsSchema = z.number().min(1e-3).max(1e9).optional();

const computesSchema = z
  .strictObject({
    like: nameSchema.optional().describe("An accelerator of the catalog: what is left out here is taken from it."),
    bf16Tflops: tflopsSchema.describe("Dense arithmetic rate of one GPU, TFLOP/s, never with sparsity."),
    fp8Tflops: tflopsSchema.describe("As bf16Tflops, in 8 bits; if absent as of what it resembles."),
    fp4Tflops: tflopsSchema.describe("As bf16Tflops, in 4 bits; if absent as of what it resembles."),
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
  gpu: nameSchema.describe("The name by which the plan names it."),
  gpusPerServer: z.number().describe("GPUs of one server, such as 8."),
  serverUsdPerGpu: uncertainSchema.describe("Price of one GPU's share of its server, US dollars."),
  rentUsdPerGpuHour: uncertainSchema.describe("Rent of one GPU for an hour, on demand, US dollars."),
  serverRatedKw: z.number().describe("Nameplate power of one server, kW, such as 10.2."),
  serverUnits: z.number().describe("Height of one server, rack units, such as 8."),
  memory: sizeSchema.describe("Memory of one GPU, such as 80GB."),
  rails: z.number().describe("Fabric ports of one server, such as 8."),
  portRate: rateSchema.describe("Rate of one fabric port, such as 400Gb/s."),
  computes: computesSchema.optional(),
});

/** A switch of the plan's own. */
export const switchSchema = z.strictObject({
  name: nameSchema.describe("The name by which network.switch names it."),
  ports: z.number().describe("At portRate."),
  portRate: rateSchema.describe("Rate of one port, such as 400Gb/s."),
  usd: z.number().describe("Price of one switch, US dollars."),
  kw: z.number().describe("At work, with its transceivers."),
  portsPerTransceiver: z.number().optional().describe("2 for twin-port cages; 1 if absent."),
});

const usd = z.number().positive().max(1e6).optional();

/** What storage costs; each in place of this planner's assumption. */
export const storagePricesSchema = z
  .strictObject({
    fastUsdPerTerabyte: usd.describe("A raw terabyte of fast storage, US dollars; assumed if absent."),
    fastUsdPerGigabyteSecond: usd.describe("A GB/s of fast storage, US dollars; assumed if absent."),
    capacityUsdPerTerabyte: usd.describe("A raw terabyte of large, slower storage, US dollars; assumed if absent."),
    capacityUsdPerGigabyteSecond: usd.describe("A GB/s of large, slower storage, US dollars; assumed if absent."),
  })
  .describe(
    "US dollars for a raw terabyte (1e12 bytes), and for a GB/s where speed decides; servers and software included.",
  );
