import { fragmentationMeter } from "./fragmentation.ts";
import { fragmentationScore } from "./fragmentation-score.ts";
import { memoiseMeter } from "./memoise-meter.ts";
import type { PlacementPolicy } from "./placement-policy.ts";
import type { TypicalClass } from "./typical-mix.ts";

/** Fragmentation gradient descent as published: the node whose fragmentation for the typical mix drops most. */
export function fgdPolicy(mix: readonly TypicalClass[]): PlacementPolicy {
  const { score, chooseGpus } = fragmentationScore(memoiseMeter(fragmentationMeter(mix)));
  return { name: "fgd", isRepeatable: true, score, chooseGpus, scarcity: null };
}
