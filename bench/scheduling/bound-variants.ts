import { type Random, seededRandom } from "../../src/base/random.ts";
import type { OpenbPod } from "../../src/scheduling/simulator/trace/openb-trace.ts";

/** A trace made from real ones by binding a share of its GPU pods to GPU models. */
export interface Variant {
  readonly name: string;
  readonly pods: readonly OpenbPod[];
}

/** How a bound pod gets its models; null: it stays free. */
type DrawModels = (pod: OpenbPod, random: Random) => readonly string[] | null;

/** What the variants are made from: traces without bound pods, and one whose bound pods lend their models. */
export interface VariantSources {
  readonly default: readonly OpenbPod[];
  readonly cpu100: readonly OpenbPod[];
  readonly gpushare60: readonly OpenbPod[];
  readonly multigpu30: readonly OpenbPod[];
  readonly gpuspec25: readonly OpenbPod[];
}

/** GPUs of each model in the fleet, in weights of a draw. */
const byCapacity = { G2: 4392, T4: 842, P100: 265, G3: 312, V100M16: 195, V100M32: 204 };
const evenly = { G2: 1, T4: 1, P100: 1, G3: 1, V100M16: 1, V100M32: 1 };
const mostlyG2 = { ...evenly, G2: 8 };
const scarceFirst = { G2: 0.3, T4: 1, P100: 1.2, G3: 1.2, V100M16: 1.2, V100M32: 1.2 };
/** The most GPUs that one node of a model has, where that is fewer than eight. */
const gpusPerNode: Readonly<Record<string, number>> = { T4: 4, P100: 2 };

/**
 * Twenty-two traces with bound pods: `gpuspec25`, others like it with 10 to 40 % bound, and some with models drawn evenly,
 * by capacity, mostly the plentiful model, mostly scarce ones, and on traces with more CPU, shared or multi-GPU tasks.
 *
 * @param draw sets all random draws: another number gives other pods the same shares.
 */
export function boundVariants(sources: VariantSources, draw: number): readonly Variant[] {
  const like = likeDonor(sources.gpuspec25);
  const plans: readonly (readonly [string, readonly OpenbPod[], number, DrawModels])[] = [
    ["like gpuspec, 10 %", sources.default, 0.1, like],
    ["like gpuspec, 10 %, again", sources.default, 0.1, like],
    ["like gpuspec, 20 %", sources.default, 0.2, like],
    ["like gpuspec, 20 %, again", sources.default, 0.2, like],
    ["like gpuspec, 25 %", sources.default, 0.25, like],
    ["like gpuspec, 33 %", sources.default, 0.33, like],
    ["like gpuspec, 33 %, again", sources.default, 0.33, like],
    ["like gpuspec, 40 %", sources.default, 0.4, like],
    ["evenly, 15 %", sources.default, 0.15, weighted(evenly)],
    ["evenly, 25 %", sources.default, 0.25, weighted(evenly)],
    ["by capacity, 25 %", sources.default, 0.25, weighted(byCapacity)],
    ["by capacity, 33 %", sources.default, 0.33, weighted(byCapacity)],
    ["by capacity, 50 %", sources.default, 0.5, weighted(byCapacity)],
    ["mostly G2, 30 %", sources.default, 0.3, weighted(mostlyG2)],
    ["mostly G2, 60 %", sources.default, 0.6, weighted(mostlyG2)],
    ["mostly scarce models, 15 %", sources.default, 0.15, weighted(scarceFirst)],
    ["cpu100, like gpuspec, 25 %", sources.cpu100, 0.25, like],
    ["gpushare60, like gpuspec, 25 %", sources.gpushare60, 0.25, like],
    ["gpushare60, evenly, 20 %", sources.gpushare60, 0.2, weighted(evenly)],
    ["multigpu30, like gpuspec, 25 %", sources.multigpu30, 0.25, like],
    ["multigpu30, like gpuspec, 33 %", sources.multigpu30, 0.33, like],
  ];
  return [
    { name: "gpuspec25", pods: sources.gpuspec25 },
    ...plans.map(([name, pods, share, models], index) => ({
      name,
      pods: bind(pods, share, models, seededRandom(draw * 100 + index)),
    })),
  ];
}

function bind(pods: readonly OpenbPod[], share: number, drawModels: DrawModels, random: Random): readonly OpenbPod[] {
  return pods.map((pod) => {
    if (pod.gpus === 0 || random.next() >= share) return pod;
    const gpuModels = drawModels(pod, random);
    return gpuModels === null ? pod : { ...pod, gpuModels };
  });
}

/** The models of a bound pod of the donor that takes the same GPUs, or of any where no such pod is bound. */
function likeDonor(donor: readonly OpenbPod[]): DrawModels {
  const bound = donor.filter((pod) => pod.gpus > 0 && pod.gpuModels.length > 0);
  const bySize = Map.groupBy(bound, (pod) => `${pod.gpus}/${pod.gpuMillis}`);
  return (pod, random) => {
    const alike = bySize.get(`${pod.gpus}/${pod.gpuMillis}`) ?? (pod.gpus === 1 ? bound : []);
    return alike[Math.floor(random.next() * alike.length)]?.gpuModels ?? null;
  };
}

/** One model by weight, for every fourth pod a second one. */
function weighted(weights: Readonly<Record<string, number>>): DrawModels {
  return (pod, random) => {
    const able = Object.entries(weights).filter(([model]) => pod.gpus <= (gpusPerNode[model] ?? 8));
    const total = able.reduce((sum, [, weight]) => sum + weight, 0);
    let place = random.next() * total;
    const first = able.find(([, weight]) => (place -= weight) < 0)?.[0];
    const second = random.next() < 0.25 ? able[Math.floor(random.next() * able.length)]?.[0] : undefined;
    if (first === undefined) return null;
    return second === undefined || second === first ? [first] : [first, second].sort();
  };
}
