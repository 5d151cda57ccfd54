import { toTask } from "../engine/node-rank.ts";
import type { EngineNode, WorkItem } from "../engine/model.ts";
import { fragmentationMeter } from "../placement/fragmentation.ts";
import type { TypicalClass } from "../placement/typical-mix.ts";

/** Measures a node's idle milli-GPUs that the typical member of a trace cannot use. */
export type FragmentationMeter = (node: EngineNode, cpuMillisFree: number, gpuMillisFree: readonly number[]) => number;

/** The share of all members that the typical kinds stand for. */
const coverage = 0.95;

/**
 * Makes a meter for what these workloads ask for: the measure F of FGD (`fragmentationMeter`) over the members that need
 * GPUs. Members without GPUs are left out, so that an empty cluster of one model measures 0.
 */
export function makeFragmentationMeter(items: readonly WorkItem[]): FragmentationMeter {
  const meter = fragmentationMeter(typicalMembers(items));
  return ({ gpuModel }, cpuMillisFree, gpuMillisFree) =>
    meter(gpuModel ?? "", cpuMillisFree, gpuMillisFree, 0, gpuMillisFree.length);
}

/** The most frequent kinds of member that need GPUs, which together make up 95 % of them. */
function typicalMembers(items: readonly WorkItem[]): readonly TypicalClass[] {
  const counts = new Map<string, { readonly kind: Omit<TypicalClass, "frequency">; count: number }>();
  let total = 0;
  for (const { shape, members } of items) {
    if (shape.gpu.kind === "none" || shape.gpu.kind === "mig") continue;
    const { gpus, gpuMillis, cpuMillis } = toTask(shape);
    const kind = { gpus, gpuMillis, cpuMillis, gpuModels: shape.gpuModels.toSorted() };
    const key = `${kind.gpus}/${kind.gpuMillis}/${kind.cpuMillis}/${kind.gpuModels.join("|")}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { kind, count: members.max });
    else known.count += members.max;
    total += members.max;
  }
  let covered = 0;
  const taken = [...counts.values()]
    .sort((left, right) => right.count - left.count)
    .filter(({ count }) => {
      const isWanted = covered < coverage * total;
      if (isWanted) covered += count;
      return isWanted;
    });
  return taken.map(({ kind, count }) => ({ ...kind, frequency: count / covered }));
}
