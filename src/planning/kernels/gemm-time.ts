import { type Accelerator, bytesPerWeight, peakFlopsOf, type Precision } from "../catalog/accelerator.ts";
import type { KernelConstants } from "./kernel-constants.ts";
import { rooflineTime } from "./roofline-time.ts";

/** A matrix product [rows × inner] · [inner × columns]; the right side is the weights. */
export interface MatrixProduct {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
}

/** Seconds of one matrix product with 16-bit output, its inputs in the number format given. */
export function gemmTime(
  product: MatrixProduct,
  accelerator: Accelerator,
  precision: Precision,
  constants: KernelConstants,
): number {
  const { rows, columns, inner } = product;
  const padded = Math.max(rows, constants.tileRows);
  return rooflineTime(
    {
      flops: 2 * padded * columns * inner,
      bytes: bytesPerWeight[precision] * inner * (rows + columns) + 2 * rows * columns,
      peakFlops: peakFlopsOf(accelerator, precision),
      bytesPerSecond: accelerator.memoryGbPerSecond * 1e9,
    },
    constants,
  );
}
