import { writeChance, writeCount, writeShare } from "../report/write-figure.ts";
import type { LostReplica, ReplicaOption } from "./compare-replicas.ts";
import type { ServiceGoal } from "./simulate-serving.ts";

/**
 * Why ways to run a replica that could run are not the first.
 *
 * @param options in the order of `compareReplicas`, the best first.
 */
export function whyLater(options: readonly ReplicaOption[], goal: ServiceGoal): readonly LostReplica[] {
  const [best, ...others] = options;
  if (best === undefined) return [];
  return others.map((option) => ({ layout: option.words, why: whyWorse(option, best, goal) }));
}

function whyWorse(option: ReplicaOption, best: ReplicaOption, goal: ServiceGoal): string {
  const surely = `fits less surely (${writeChance(option.memory.fitProbability)})`;
  const isLessSure = option.memory.fitProbability < best.memory.fitProbability;
  if (option.replicas !== undefined && best.replicas !== undefined) {
    const more = option.replicas.gpus - best.replicas.gpus;
    if (more > 0) return `needs ${writeCount(option.replicas.gpus, "GPU")}, ${more} more`;
    const isSlower = option.closedLoop.tpotSeconds.likely >= best.closedLoop.tpotSeconds.likely;
    if (more < 0 || (isLessSure && !isSlower)) return surely;
    return `needs as many, and a token takes ${times(option, best)} as long`;
  }
  if (!keepsGoal(option, goal) && keepsGoal(best, goal)) {
    return `misses a goal: a token takes ${times(option, best)} as long`;
  }
  const rate = option.closedLoop.outputTokensPerSecondPerGpu / best.closedLoop.outputTokensPerSecondPerGpu;
  return rate <= 1 || !isLessSure ? `yields ${writeShare(Math.max(0, 1 - rate))} less from one GPU` : surely;
}

function keepsGoal({ closedLoop }: ReplicaOption, { ttftSeconds, tpotSeconds }: ServiceGoal): boolean {
  return closedLoop.ttftSeconds.likely <= ttftSeconds && closedLoop.tpotSeconds.likely <= tpotSeconds;
}

function times(option: ReplicaOption, best: ReplicaOption): string {
  return `${(option.closedLoop.tpotSeconds.likely / best.closedLoop.tpotSeconds.likely).toFixed(2)} times`;
}
