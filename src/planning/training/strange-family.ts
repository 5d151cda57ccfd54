import type { Fallback } from "../catalog/fallback.ts";
import { listAccelerators } from "../catalog/find-accelerator.ts";
import { strangersIn } from "./stack-constants.ts";
import type { TrainingJob } from "./training-job.ts";

/**
 * How far off a stack's constants may be on a family of accelerators that none of its runs had, as a logarithm, beside their error
 * on a new accelerator.
 *
 * Llama 2 took 184,320 (7B) and 1,720,320 (70B) hours of A100 for 2T tokens (Touvron 2023, table 2), 1.24 times what
 * `megatron-core` said with constants of Hopper and Blackwell. Published is that this was Meta's own software of early 2023, on GPUs
 * held to 350 or 400 W (section 2.2.1), and that the hours are all that were used; how much each of these took is not. Runs of
 * one family predicted from the other's were off by 7 to 10 % (dense, four of five).
 */
const familySpread = 0.2;

/** Why a run's time is less sure than on families that the stack was measured on; nothing where it was. */
export function strangeFamily(
  job: Pick<TrainingJob, "stack" | "model" | "accelerator">,
): readonly Pick<Fallback, "reason" | "spread">[] {
  const { family } = job.accelerator;
  const relatives = listAccelerators().filter((each) => each.family === family);
  if (relatives.some((accelerator) => !strangersIn({ ...job, accelerator }).accelerator)) return [];
  const reason = `no run of ${job.stack} on ${family} was measured (Meta's hours for Llama 2 on A100 were 1.24 times such an estimate)`;
  return [{ reason, spread: familySpread }];
}
