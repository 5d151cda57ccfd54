import { fgdPolicy } from "../placement/fgd-policy.ts";
import { millwrightPolicy } from "../placement/millwright-policy.ts";
import type { PlacementPolicy } from "../placement/placement-policy.ts";
import type { TaskShape } from "../placement/task-shape.ts";
import type { TypicalWorkload } from "../placement/typical-mix.ts";
import { migMillis } from "./mig-profile.ts";
import { type EngineSettings, type Shape, wholeGpu } from "./model.ts";
import type { NodeState } from "./node-state.ts";

/** The most GPUs of one node that fragmentation is measured on; wider ones are ranked by what they are left with. */
export const measuredGpusMax = 64;
/** Prices that moved by less than this part since they were used last are as good as new. */
const priceTolerance = 0.05;

/** Ranks the nodes of one pool: higher is better, ties go to the first node of the pool. */
export interface NodeRank {
  /** How well a node suits a member that fits there now. */
  readonly score: (node: NodeState, task: TaskShape) => number;
  /** Must be called after what runs on the node has changed. Answers whether every score is stale. */
  readonly noteChange: (node: NodeState) => boolean;
  /** The price of each GPU model that the scores were reckoned with; without prices there are none. */
  readonly prices: ReadonlyMap<string, number>;
  /** Goes on with the prices of another rank of these nodes; every score is stale. */
  readonly takePrices: (prices: Readonly<Record<string, number>>) => void;
}

/** The placement rule of the settings; null: by what a node is left with. */
export function placementRule(placement: EngineSettings["placement"], mix: TypicalWorkload): PlacementPolicy | null {
  if (mix.classes.length === 0 || placement === "bestfit" || placement === "firstfit") return null;
  return placement === "fgd" ? fgdPolicy(mix.classes) : millwrightPolicy(mix);
}

/** Ranks these nodes by the rule; `isFirstFit` where there is none and the first node will do. */
export function openNodeRank(rule: PlacementPolicy | null, isFirstFit: boolean, nodes: readonly NodeState[]): NodeRank {
  if (rule === null || nodes.some((node) => node.gpuCount > measuredGpusMax)) {
    return { ...priceless, score: isFirstFit ? () => 0 : tightest };
  }
  const { scarcity } = rule;
  if (scarcity === null) return { ...priceless, score: rule.score };
  const market = scarcity.openMarket(nodes);
  const used = new Map<string, number>(nodes.map((node) => [node.gpuModel, market.priceAt(node.index)]));
  const firstOfEach = [...new Map(nodes.toReversed().map((node) => [node.gpuModel, node])).values()];
  return {
    // By the prices used last, not those of the moment: a score depends on its node and these alone, not on when it was asked for.
    score: (node, task) => rule.score(node, task) - (used.get(node.gpuModel) ?? 0) * scarcity.use(node, task),
    noteChange: (node) => {
      market.noteChange(node.index);
      let isStale = false;
      for (const { index, gpuModel } of firstOfEach) {
        const [price, before] = [market.priceAt(index), used.get(gpuModel) ?? 0];
        if (Math.abs(price - before) <= priceTolerance * Math.max(price, before)) continue;
        isStale = true;
        used.set(gpuModel, price);
      }
      return isStale;
    },
    prices: used,
    takePrices: (prices) => {
      for (const [model, price] of Object.entries(prices)) if (used.has(model)) used.set(model, price);
    },
  };
}

const priceless: Omit<NodeRank, "score"> = { noteChange: () => false, prices: new Map(), takePrices: () => undefined };

/** Prefers the node that is left with the least: GPUs first, then CPUs. */
function tightest({ spec, gpuMillisFree, cpuFree }: NodeState): number {
  return -(gpuMillisFree + cpuFree / Math.max(1, spec.cpuMillis));
}

/** A shape as placement scores see it. */
export function toTask({ gpu, gpuModels, cpuMillis, memory }: Shape): TaskShape {
  switch (gpu.kind) {
    case "none":
      return { cpuMillis, memory, gpus: 0, gpuMillis: 0, gpuModels };
    case "whole":
      return { cpuMillis, memory, gpus: gpu.count, gpuMillis: wholeGpu, gpuModels };
    case "share":
      return { cpuMillis, memory, gpus: 1, gpuMillis: gpu.millis, gpuModels };
    case "mig":
      return { cpuMillis, memory, gpus: 1, gpuMillis: migMillis(gpu.profile), gpuModels };
  }
}
