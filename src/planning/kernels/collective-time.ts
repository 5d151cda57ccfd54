import type { Accelerator } from "../catalog/accelerator.ts";
import type { CollectiveConstants } from "./kernel-constants.ts";

/** Share of the message that crosses each link, as NCCL defines bus bandwidth (nccl-tests PERFORMANCE.md). */
export function busShare(operation: string, gpus: number): number {
  const ring = (gpus - 1) / gpus;
  return operation.includes("reduce") && !operation.includes("scatter") ? 2 * ring : ring;
}

/** Whether so many accelerators share fast links; more of them, or none with links, meet on the host's bus. */
export function hasFastLinks(accelerator: Accelerator, gpus: number): boolean {
  return accelerator.scaleUpGbPerSecond > 0 && gpus <= accelerator.scaleUpGpus;
}

/** Bandwidth that a collective's fraction refers to, bytes/s: the scale-up links, or half the host bus without them. */
function domainBandwidth(accelerator: Accelerator, gpus: number): number {
  const isFast = hasFastLinks(accelerator, gpus);
  return (isFast ? accelerator.scaleUpGbPerSecond : accelerator.hostGbPerSecond / 2) * 1e9;
}

/**
 * Seconds of one collective in a scale-up domain.
 *
 * @param bytes the whole message: what each rank holds after an all-gather or before a reduction.
 */
export function collectiveTime(
  operation: string,
  gpus: number,
  bytes: number,
  accelerator: Accelerator,
  constants: CollectiveConstants,
): number {
  if (gpus <= 1) return 0;
  const bandwidth = domainBandwidth(accelerator, gpus) * constants.bandwidthFraction;
  const transfer = (bytes * busShare(operation, gpus)) / bandwidth;
  const floor = constants.floorUs * 1e-6;
  const power = constants.sharpness;
  return (floor ** power + transfer ** power) ** (1 / power);
}
