import type { EngineNode, WorkItem } from "../engine/model.ts";
import { wholeGpu } from "../engine/model.ts";

/** One kind of member that the trace often asks for; `frequency` of all kinds together is 1. */
interface TypicalMember {
  readonly gpus: number;
  readonly millisPerGpu: number;
  readonly cpuMillis: number;
  readonly gpuModels: readonly string[];
  readonly frequency: number;
}

/** Measures a node's idle milli-GPUs that the typical member of a trace cannot use. */
export type FragmentationMeter = (node: EngineNode, cpuMillisFree: number, gpuMillisFree: readonly number[]) => number;

/** The share of all members that the typical kinds stand for. */
const coverage = 0.95;

/**
 * Makes a meter for what these workloads ask for: the measure F of FGD, over the members that need GPUs.
 *
 * To a kind that fits the node, what is left on GPUs too small for it is lost; to a kind that does not, all that is
 * idle. F is the mean over the kinds by frequency. Source: Weng et al., "Beware of Fragmentation", USENIX ATC'23,
 * section 3; unlike there, members without GPUs are left out, so that an empty cluster of one model measures 0.
 */
export function makeFragmentationMeter(items: readonly WorkItem[]): FragmentationMeter {
  const kinds = typicalMembers(items);
  return (node, cpuMillisFree, gpuMillisFree) => {
    const idle = gpuMillisFree.reduce((sum, each) => sum + each, 0);
    if (idle === 0) return 0;
    let fragmented = 0;
    for (const kind of kinds) fragmented += kind.frequency * lostTo(kind, node, cpuMillisFree, gpuMillisFree, idle);
    return Math.min(idle, fragmented);
  };
}

function lostTo(
  kind: TypicalMember,
  node: EngineNode,
  cpuMillisFree: number,
  gpuMillisFree: readonly number[],
  idle: number,
): number {
  const isModelWrong = kind.gpuModels.length > 0 && !kind.gpuModels.includes(node.gpuModel ?? "");
  if (isModelWrong || cpuMillisFree < kind.cpuMillis) return idle;
  let sufficient = 0;
  let tooSmall = 0;
  for (const free of gpuMillisFree) {
    if (free >= kind.millisPerGpu) sufficient += 1;
    else tooSmall += free;
  }
  return sufficient >= kind.gpus ? tooSmall : idle;
}

/** The most frequent kinds of member that need GPUs, which together make up 95 % of them. */
function typicalMembers(items: readonly WorkItem[]): readonly TypicalMember[] {
  const counts = new Map<string, { readonly kind: Omit<TypicalMember, "frequency">; count: number }>();
  let total = 0;
  for (const { shape, members } of items) {
    const gpu = askedOf(shape.gpu);
    if (gpu === undefined) continue;
    const kind = { ...gpu, cpuMillis: shape.cpuMillis, gpuModels: shape.gpuModels.toSorted() };
    const key = `${kind.gpus}/${kind.millisPerGpu}/${kind.cpuMillis}/${kind.gpuModels.join("|")}`;
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

function askedOf(gpu: WorkItem["shape"]["gpu"]): { readonly gpus: number; readonly millisPerGpu: number } | undefined {
  switch (gpu.kind) {
    case "whole":
      return { gpus: gpu.count, millisPerGpu: wholeGpu };
    case "share":
      return { gpus: 1, millisPerGpu: gpu.millis };
    default:
      return undefined;
  }
}
