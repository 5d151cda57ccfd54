import type { AcceleratorFamily } from "../catalog/accelerator.ts";
import { isGraphed, type StackConstants } from "./stack-constants.ts";
import type { TrainingJob } from "./training-job.ts";

/** Features of a head in the measured kernels. */
const measuredHead = 128;

/** Time of kernels with attention's products in 8 bits over those in 16, as kernel tables have it (Blackwell, prefill: 0.71 to 0.78). */
const narrowProducts = 0.75;

/** Features of a head beyond which products bind again: the measured ones reach 0.56 to 0.66 of the rate of products on Blackwell. */
const widestHead = 192;

/**
 * Time of exponentials over that of products for heads of 128 features, on Hopper, which hides one behind the other in part
 * (FlashAttention-3, arXiv 2407.08608, section 3.1). A score costs one exponential however many features a head has.
 */
const hopperExponentials = 0.5;

/** Time of a FLOP in heads of other sizes than the measured ones, over that in those. */
function headPace(family: AcceleratorFamily, headSize: number): number {
  const scores = measuredHead / Math.min(headSize, widestHead);
  // Blackwell doubled the rate of products and not that of exponentials, which bind there.
  if (family === "blackwell") return scores;
  return family === "hopper" ? (1 + hopperExponentials * scores) / (1 + hopperExponentials) : 1;
}

/**
 * Time of a run's attention kernels over the measured ones of the same size, which are causal, in 16 bits and have heads of 128.
 *
 * @param headSize features of one key plus one value, halved.
 */
export function attentionPace(job: TrainingJob, stack: StackConstants, headSize: number): number {
  const { family } = job.accelerator;
  const { ampere, newer } = stack.attentionScale;
  const isNarrow = job.model.experts !== undefined && isGraphed(job) && job.hasWideAttention !== true;
  return (
    (family === "ampere" ? ampere : newer) *
    headPace(family, headSize) *
    (isNarrow ? narrowProducts : 1) *
    (job.isUnmasked === true ? 2 : 1) *
    stack.pace
  );
}
