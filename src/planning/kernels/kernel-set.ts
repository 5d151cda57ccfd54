import { type Accelerator, type Precision, productFormatOf, type WeightFormat } from "../catalog/accelerator.ts";
import { findCollectiveConstants, findKernelConstants, type Provenance } from "./find-constants.ts";
import type { CollectiveConstants, KernelConstants } from "./kernel-constants.ts";

/** All kernel constants of one accelerator in one number format, looked up once and used many times. */
export interface KernelSet {
  readonly accelerator: Accelerator;
  /** The format of products, and of the weights that they read. */
  readonly precision: Precision;
  readonly weightFormat: WeightFormat;
  readonly gemm: KernelConstants;
  readonly prefillAttention: KernelConstants;
  readonly decodeAttention: KernelConstants;
  collective(operation: string, gpus: number): CollectiveConstants;
  /** What was measured on another accelerator, in words. */
  readonly fallbacks: readonly string[];
  /** Whether kernels of another family stand in for any. */
  readonly isFromStrangers: boolean;
}

/** What was measured elsewhere, in words; what has one origin stands in one sentence. */
function tellFallbacks(
  accelerator: Accelerator,
  found: readonly (readonly [what: string, provenance: Provenance])[],
): readonly string[] {
  const byOrigin = new Map<string, string[]>();
  for (const [what, provenance] of found) {
    if (provenance.kind === "measured") continue;
    const how = provenance.kind === "family" ? "the same family" : "another family, scaled by the roofline";
    const origin = `those of ${provenance.from} are used (${how})`;
    byOrigin.set(origin, [...(byOrigin.get(origin) ?? []), what]);
  }
  return [...byOrigin].map(
    ([origin, whats]) => `${whats.join(", ")} of ${accelerator.name} were not measured; ${origin}`,
  );
}

/**
 * Looks up the kernel constants of an accelerator.
 *
 * @param kvPrecision the format of the KV cache.
 * @param without accelerators whose measurements are left out, to test the transfer.
 */
export function kernelSetOf(
  accelerator: Accelerator,
  weightFormat: WeightFormat,
  kvPrecision: "bf16" | "fp8" = "bf16",
  without: readonly string[] = [],
): KernelSet {
  const precision = productFormatOf(weightFormat);
  const units = { bf16: true, fp8: accelerator.fp8Tflops !== undefined, fp4: accelerator.fp4Tflops !== undefined };
  const gemm = findKernelConstants("gemm", accelerator, units[precision] ? precision : "bf16", without);
  const prefill = findKernelConstants("prefill-attention", accelerator, "bf16", without);
  const decode = findKernelConstants("decode-attention", accelerator, kvPrecision, without);
  const reduce = findCollectiveConstants("all_reduce", accelerator, Math.min(8, accelerator.scaleUpGpus), without);
  const known = new Map<string, CollectiveConstants>();
  return {
    accelerator,
    precision,
    weightFormat,
    gemm: gemm.constants,
    prefillAttention: prefill.constants,
    decodeAttention: decode.constants,
    collective(operation, gpus) {
      const key = `${operation} ${gpus}`;
      const found = known.get(key) ?? findCollectiveConstants(operation, accelerator, gpus, without).constants;
      known.set(key, found);
      return found;
    },
    fallbacks: tellFallbacks(accelerator, [
      ["matrix products", gemm.provenance],
      ["attention kernels", prefill.provenance],
      ["collectives", reduce.provenance],
    ]),
    isFromStrangers: [gemm, prefill, reduce].some(({ provenance }) => provenance.kind === "roofline"),
  };
}
