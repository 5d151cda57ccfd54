import { z } from "zod";
import type { Gigabytes, GigabytesPerSecond } from "./quantities.ts";

/** How sure a constant is: A two sources agree, B one source was read, C recalled from a datasheet, U given by the user. */
export const confidenceSchema = z.enum(["A", "B", "C", "U"]);

const families = [
  "ampere",
  "ada",
  "hopper",
  "blackwell",
  "blackwell-rtx",
  "cdna",
  "gaudi",
  "tpu",
  "trainium",
  "other",
] as const;

/** The line of chips an accelerator belongs to; measured kernels transfer within a family first. */
export type AcceleratorFamily = (typeof families)[number];

/** Rates, memories and watts: beyond these bounds no chip is, and quotients would leave the range of numbers. */
const rate = z.number().min(1e-3).max(1e9);

/**
 * An accelerator as a catalog entry, also the shape of a user's own YAML entry.
 *
 * Arithmetic rates are dense (never "with sparsity") TFLOP/s; memory in GB (10^9 bytes); bandwidths in GB/s, one
 * direction. A rate that the chip does not have is left out.
 */
export const acceleratorSchema = z
  .strictObject({
    name: z.string().min(1).max(80),
    vendor: z.string().min(1).max(80),
    family: z.enum(families).default("other"),
    year: z.int().min(2010).max(2100),
    bf16Tflops: rate,
    fp8Tflops: rate.optional(),
    fp4Tflops: rate.optional(),
    memoryGb: rate.transform((value) => value as Gigabytes),
    memoryGbPerSecond: rate.transform((value) => value as GigabytesPerSecond),
    scaleUpGbPerSecond: z
      .number()
      .min(0)
      .max(1e9)
      .transform((value) => value as GigabytesPerSecond),
    scaleUpGpus: z.int().min(1).max(100_000),
    hostGbPerSecond: rate.transform((value) => value as GigabytesPerSecond),
    watts: rate.optional(),
    confidence: confidenceSchema.default("U"),
    source: z.string().min(1).default("given by the user"),
  })
  .readonly();

/** An accelerator of the catalog or of the user: dense TFLOP/s, GB, GB/s one way, watts. */
export type Accelerator = z.infer<typeof acceleratorSchema>;

/** A number format of weights and matrix products. */
export type Precision = "bf16" | "fp8" | "fp4";

/**
 * Number formats that weights are served in. `int8` and `int4` (AWQ, GPTQ) are of weights alone: kernels read them, unpack them
 * and multiply in 16 bits. Products of 8-bit integers (w8a8) are planned as if made in 16.
 */
export const weightFormats = ["bf16", "fp8", "fp4", "int8", "int4"] as const;

/** A number format of served weights. */
export type WeightFormat = (typeof weightFormats)[number];

/** Whether only weights are kept in a format, so that products are made in 16 bits. */
export function isWeightOnly(format: WeightFormat): format is Exclude<WeightFormat, Precision> {
  return format === "int8" || format === "int4";
}

/** The format of the products of weights in a format. */
export function productFormatOf(format: WeightFormat): Precision {
  return isWeightOnly(format) ? "bf16" : format;
}

/**
 * Bytes of one weight in a number format, scales included: fp4 has one of 8 bits for 16 values; int4 one of 16 bits and a zero
 * of 4 bits for 128 values (4.16 bits; with embeddings in 16 bits some 4.5 of a large model), as AWQ and GPTQ write it.
 */
export const bytesPerWeight: Readonly<Record<WeightFormat, number>> = {
  bf16: 2,
  fp8: 1,
  fp4: 0.5625,
  int8: 1,
  int4: (4 + 20 / 128) / 8,
};

/**
 * The dense arithmetic rate in a number format, FLOP/s.
 *
 * A format that the chip has no units for runs at the rate of bf16: the weights are unpacked first.
 */
export function peakFlopsOf(accelerator: Accelerator, format: WeightFormat): number {
  const bf16 = accelerator.bf16Tflops;
  const own = { bf16, fp8: accelerator.fp8Tflops, fp4: accelerator.fp4Tflops };
  const tflops = own[productFormatOf(format)] ?? bf16;
  return tflops * 1e12;
}

/** Cards that keep the codes of error correction in the memory that they correct, a sixteenth of it. */
const inlineCorrected = /^(?:A10|A10G|A16|A40|L4|L20|L40|L40S|T4)$/;

/**
 * Bytes of memory that programs see. Makers count memory in powers of two: 80 GB are 80 x 2^30 bytes, of which some five in a
 * thousand are the driver's. nvidia-smi tells 81,559 MiB of an H100-80, 143,771 of an H200, 183,359 of a B200 (180 here), 81,920
 * of an A100-80, 46,068 of an L40S and 23,034 of an L4, whose error correction is inline.
 */
export function visibleBytes({ name, memoryGb }: { readonly name: string; readonly memoryGb: number }): number {
  return memoryGb * 2 ** 30 * (inlineCorrected.test(name) ? 15 / 16 : 0.995);
}
