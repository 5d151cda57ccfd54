/**
 * How one kind of kernel runs on one accelerator: a roofline whose two roofs are reached slowly.
 *
 * time = floor + (compute^p + memory^p)^(1/p), compute = (flops + half)/(peak·efficiency), memory alike.
 */
export interface KernelConstants {
  /** Microseconds of a kernel that does nearly nothing, launch included. */
  readonly floorUs: number;
  /** Fraction of the dense peak that large work reaches. */
  readonly computeEfficiency: number;
  /** Work at which half of that is reached, GFLOP. */
  readonly computeHalfGflop: number;
  /** Fraction of the memory bandwidth that large work reaches. */
  readonly memoryEfficiency: number;
  /** Traffic at which half of that is reached, MB. */
  readonly memoryHalfMb: number;
  /** p of the formula: large, the slower roof alone decides. */
  readonly sharpness: number;
  /** Rows that a product is padded to. */
  readonly tileRows: number;
}

/** How one collective runs in one scale-up domain: time = (floor^p + (bytes·share/bandwidth)^p)^(1/p). */
export interface CollectiveConstants {
  readonly floorUs: number;
  /** Fraction of the domain's one-way bandwidth (of the host bus, without a domain) as bus bandwidth. */
  readonly bandwidthFraction: number;
  readonly sharpness: number;
}

/** A kernel that was measured: what, on what, in which number format. */
export type KernelKind = "gemm" | "prefill-attention" | "decode-attention";

/** Constants of one kind of kernel on one accelerator with the error that the fit left. */
export interface FittedKernel {
  readonly accelerator: string;
  readonly kind: KernelKind;
  /** `bf16`, `fp8` or `fp4`; for attention the format of the KV cache. */
  readonly precision: string;
  readonly constants: KernelConstants;
}

/** Constants of one collective among `gpus` accelerators of one scale-up domain. */
export interface FittedCollective {
  readonly accelerator: string;
  /** `all_reduce`, `all_gather`, `reduce_scatter`, `alltoall`, or an engine's own all-reduce. */
  readonly operation: string;
  readonly gpus: number;
  readonly constants: CollectiveConstants;
}
