import { fragmentationMeter } from "./fragmentation.ts";
import { fragmentationScore } from "./fragmentation-score.ts";
import { memoiseMeter } from "./memoise-meter.ts";
import type { NodeMeter } from "./node-meter.ts";
import type { PlacementPolicy } from "./placement-policy.ts";
import { openScarcityMarket, type ScarcityPricing } from "./scarcity-market.ts";
import { servableMeter } from "./servable-demand.ts";
import { wholeGpuMillis } from "./task-shape.ts";
import type { TypicalWorkload } from "./typical-mix.ts";

/**
 * FGD on the mix without its GPU models, less a charge for taking scarce models from the tasks that are bound to them.
 *
 * FGD counts all that is idle on other models as lost to a bound class. That term weighs on every placement of a model
 * alike and drowns what tells good places from bad ones, and it sends flexible tasks to whatever model has few bound
 * classes, however scarce. So two questions are kept apart. How well a task packs is asked as if every model would do. What it
 * takes from bound tasks is charged by how much less of them the node could serve, at the price of `openScarcityMarket`: a
 * remainder that no bound task could use is free, however scarce its model. The loss is rounded to whole GPUs for the same
 * reason as the score of FGD is to whole steps: ties let the fixed order pack.
 * Without bound classes this is FGD to the letter.
 */
export function millwrightPolicy(workload: TypicalWorkload, pricing?: ScarcityPricing): PlacementPolicy {
  const mix = workload.classes;
  const fgd = fragmentationScore(memoiseMeter(fragmentationMeter(workload.classesOfAnyModel)));
  const meters = new Map<string, NodeMeter>();
  const meterOf = (gpuModel: string): NodeMeter => {
    const known = meters.get(gpuModel);
    if (known !== undefined) return known;
    const meter = memoiseMeter(servableMeter(mix.filter((each) => each.gpus > 0 && each.gpuModels.includes(gpuModel))));
    meters.set(gpuModel, meter);
    return meter;
  };
  const isBound = mix.some((each) => each.gpus > 0 && each.gpuModels.length > 0);
  return {
    name: "millwright",
    isRepeatable: true,
    score: fgd.score,
    chooseGpus: fgd.chooseGpus,
    scarcity: !isBound
      ? null
      : {
          openMarket: (nodes) => openScarcityMarket(mix, nodes, pricing),
          use: (node, shape) => {
            const meter = meterOf(node.gpuModel);
            const before = meter(node.gpuModel, node.cpuMillis, node.gpuMillis, node.gpuOffset, node.gpuCount);
            const lost = before - fgd.measureAfter(meter, node, shape);
            return Math.round(lost / (Math.max(shape.gpus, 1) * wholeGpuMillis));
          },
        },
  };
}
