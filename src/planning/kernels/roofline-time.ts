import type { KernelConstants } from "./kernel-constants.ts";

/** Work of one kernel: operations and bytes moved, against the accelerator's rates. */
export interface KernelWork {
  readonly flops: number;
  readonly bytes: number;
  /** Dense FLOP/s and bytes/s of the accelerator. */
  readonly peakFlops: number;
  readonly bytesPerSecond: number;
}

/** Seconds of one kernel from its work; never less than its floor. */
export function rooflineTime(work: KernelWork, constants: KernelConstants): number {
  const compute = (work.flops + constants.computeHalfGflop * 1e9) / (work.peakFlops * constants.computeEfficiency);
  const memory = (work.bytes + constants.memoryHalfMb * 1e6) / (work.bytesPerSecond * constants.memoryEfficiency);
  const [slow, fast] = compute > memory ? [compute, memory] : [memory, compute];
  const roof = slow * (1 + (fast / slow) ** constants.sharpness) ** (1 / constants.sharpness);
  return constants.floorUs * 1e-6 + roof;
}
