import { memoiseMeter } from "./memoise-meter.ts";
import type { NodeCapacity } from "./node-capacity.ts";
import type { NodeMeter } from "./node-meter.ts";
import type { ScarcityMarket } from "./placement-policy.ts";
import { servableMeter } from "./servable-demand.ts";
import type { TypicalClass } from "./typical-mix.ts";

/** How pressure on a GPU model becomes its price. */
export interface ScarcityPricing {
  /** Up to this pressure a model costs nothing: the tasks bound to it will find room without help. */
  readonly freePressure: number;
  /** From this pressure on the full price holds. */
  readonly fullPressure: number;
  /** The full price, in steps of the FGD score for each GPU taken from bound tasks. */
  readonly fullPrice: number;
}

/** Servable milli-GPUs are counted in steps of this part, so that their sum is exact whatever the order in which nodes change. */
const servableStep = 2 ** -20;

/** Chosen by cross-validation over 22 traces; see docs/benchmarks/scheduling.md. */
const defaultPricing: ScarcityPricing = { freePressure: 0.5, fullPressure: 1, fullPrice: 8 };

/**
 * Prices GPU models by how hard the tasks that are bound to some models will press on what is left of each.
 *
 * Should as much work arrive as fills all that is idle, a group of classes bound to the same models will ask for its
 * share of the mix's GPU demand times what is idle, and what is left of its models can serve so much of it
 * (`servableMeter`). The pressure on a model is the sum of these ratios over the groups that may use it. Up to half a model
 * is free, from 1 on the full price holds, in between in proportion: so the price rises as others eat what bound tasks
 * will need, and falls when they did not come. A fleet without bound tasks has no prices.
 */
export function openScarcityMarket(
  mix: readonly TypicalClass[],
  nodes: readonly NodeCapacity[],
  pricing: ScarcityPricing = defaultPricing,
): ScarcityMarket {
  const gpuModels = [...new Set(nodes.map((node) => node.gpuModel))];
  const modelOf = Int32Array.from(nodes, (node) => gpuModels.indexOf(node.gpuModel));
  const groups = boundGroups(mix, gpuModels, nodes.length);
  const prices = new Float64Array(gpuModels.length);
  const idleOfNode = new Float64Array(nodes.length);
  let idle = 0;

  const measure = (index: number, node: NodeCapacity): void => {
    const left = idleOf(node);
    idle += left - (idleOfNode[index] ?? 0);
    idleOfNode[index] = left;
    for (const group of groups) {
      if (!group.models.includes(modelOf[index] ?? -1)) continue;
      const { gpuModel, cpuMillis, gpuMillis, gpuOffset, gpuCount } = node;
      const measured = group.meter(gpuModel, cpuMillis, gpuMillis, gpuOffset, gpuCount);
      const servable = Math.round(measured / servableStep) * servableStep;
      group.supply += servable - (group.servableOfNode[index] ?? 0);
      group.servableOfNode[index] = servable;
    }
  };
  const setPrices = (): void => {
    prices.fill(0);
    for (const { share, supply, models } of groups) {
      const pressure = (share * idle) / Math.max(supply, 1);
      for (const model of models) prices[model] = (prices[model] ?? 0) + pressure;
    }
    for (let model = 0; model < prices.length; model += 1) prices[model] = toPrice(prices[model] ?? 0, pricing);
  };
  for (const [index, node] of nodes.entries()) measure(index, node);
  setPrices();
  return {
    priceAt: (node) => prices[modelOf[node] ?? -1] ?? 0,
    noteChange: (index) => {
      const node = nodes[index];
      if (node === undefined) return;
      measure(index, node);
      setPrices();
    },
  };
}

function toPrice(pressure: number, { freePressure, fullPressure, fullPrice }: ScarcityPricing): number {
  const degree = (pressure - freePressure) / (fullPressure - freePressure);
  return fullPrice * Math.min(1, Math.max(0, degree));
}

/** All classes bound to the same GPU models. */
interface BoundGroup {
  /** Places of these models in the list of the fleet's models. */
  readonly models: readonly number[];
  /** The group's share of the GPU demand of the mix. */
  readonly share: number;
  readonly meter: NodeMeter;
  readonly servableOfNode: Float64Array;
  /** The sum of `servableOfNode`. */
  supply: number;
}

function boundGroups(mix: readonly TypicalClass[], gpuModels: readonly string[], nodes: number): readonly BoundGroup[] {
  const demandOf = (each: TypicalClass): number => each.frequency * each.gpus * each.gpuMillis;
  const total = mix.reduce((sum, each) => sum + demandOf(each), 0);
  const byModels = Map.groupBy(
    mix.filter((each) => each.gpuModels.length > 0 && demandOf(each) > 0),
    (each) => [...new Set(each.gpuModels)].sort().join("|"),
  );
  return [...byModels.values()].map((classes) => ({
    models: gpuModels.flatMap((model, index) => (classes[0]?.gpuModels.includes(model) ? [index] : [])),
    share: classes.reduce((sum, each) => sum + demandOf(each), 0) / total,
    meter: memoiseMeter(servableMeter(classes)),
    servableOfNode: new Float64Array(nodes),
    supply: 0,
  }));
}

function idleOf(node: NodeCapacity): number {
  let idle = 0;
  for (let gpu = node.gpuOffset; gpu < node.gpuOffset + node.gpuCount; gpu += 1) idle += node.gpuMillis[gpu] ?? 0;
  return idle;
}
