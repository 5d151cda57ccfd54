import {
  type Accelerator,
  bytesPerWeight,
  isWeightOnly,
  peakFlopsOf,
  type WeightFormat,
} from "../catalog/accelerator.ts";
import type { KernelConstants } from "./kernel-constants.ts";
import { rooflineTime } from "./roofline-time.ts";

/** A matrix product [rows × inner] · [inner × columns]; the right side is the weights. */
export interface MatrixProduct {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
}

/** Bytes of a value that weights in a format are multiplied with: as wide, but 16 bits where only weights are narrow. */
const bytesPerInput = (format: WeightFormat): number => bytesPerWeight[isWeightOnly(format) ? "bf16" : format];

/** Seconds of one matrix product with 16-bit output, its weights in the number format given. */
export function gemmTime(
  product: MatrixProduct,
  accelerator: Accelerator,
  format: WeightFormat,
  constants: KernelConstants,
): number {
  const { rows, columns, inner } = product;
  const padded = Math.max(rows, constants.tileRows);
  return rooflineTime(
    {
      flops: 2 * padded * columns * inner,
      bytes: inner * (bytesPerInput(format) * rows + bytesPerWeight[format] * columns) + 2 * rows * columns,
      peakFlops: peakFlopsOf(accelerator, format),
      bytesPerSecond: accelerator.memoryGbPerSecond * 1e9,
    },
    constants,
  );
}
