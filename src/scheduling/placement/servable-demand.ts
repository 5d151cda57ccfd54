import type { NodeMeter } from "./node-meter.ts";
import type { TypicalClass } from "./typical-mix.ts";

/**
 * How much GPU the node could give to tasks of these classes, were only one class to come: the mean over the classes,
 * weighted by their GPU demand.
 *
 * What is idle is not what can be served: a node with eight GPUs and CPUs for five tasks serves five. Between 0 and what is
 * idle. Costs classes × GPUs.
 *
 * @param classes those that may use the node's GPU model, each with GPUs; the model is not looked at.
 */
export function servableMeter(classes: readonly TypicalClass[]): NodeMeter {
  const demandOf = (each: TypicalClass): number => each.frequency * each.gpus * each.gpuMillis;
  const total = classes.reduce((sum, each) => sum + demandOf(each), 0);
  const weights = Float64Array.from(classes, (each) => demandOf(each) / total);
  return (_gpuModel, cpuMillis, gpuMillis, offset, count) => {
    let servable = 0;
    for (let index = 0; index < classes.length; index += 1) {
      const each = classes[index];
      if (each === undefined) continue;
      const tasks = tasksThatFit(each, cpuMillis, gpuMillis, offset, count);
      servable += (weights[index] ?? 0) * tasks * each.gpus * each.gpuMillis;
    }
    return servable;
  };
}

/** How many tasks of one class would fit together on what is left. */
function tasksThatFit(
  each: TypicalClass,
  cpuMillis: number,
  gpuMillis: ArrayLike<number>,
  offset: number,
  count: number,
): number {
  let places = 0;
  for (let gpu = offset; gpu < offset + count; gpu += 1) {
    const onOne = Math.floor((gpuMillis[gpu] ?? 0) / each.gpuMillis);
    places += each.gpus === 1 ? onOne : Math.min(onOne, 1);
  }
  const byGpus = Math.floor(places / each.gpus);
  return each.cpuMillis === 0 ? byGpus : Math.min(byGpus, Math.floor(cpuMillis / each.cpuMillis));
}
