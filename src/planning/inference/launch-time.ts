import type { ServingContext } from "./iteration-time.ts";
import { launchedKernels } from "./small-kernels.ts";

/** How sharply the slower of host and accelerator decides: 1 would be their sum, infinity the slower alone. */
const overlapPower = 4;

/** Seconds of an iteration whose kernels a host launches one by one beside the accelerator's work: the slower of both. */
export function slowerOf(kernels: number, launches: number): number {
  return (kernels ** overlapPower + launches ** overlapPower) ** (1 / overlapPower);
}

/** Seconds in which the host launches the kernels of an iteration with prompts in it, however few tokens those have. */
export function launchTime({ job, engine, kernels }: ServingContext): number {
  return engine.launchUs * 1e-6 * launchedKernels(job.model, kernels.precision !== "bf16");
}
