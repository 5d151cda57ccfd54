import { type ChooseGpus, chooseFirstGpus } from "./choose-gpus.ts";
import type { NodeCapacity } from "./node-capacity.ts";
import type { NodeMeter } from "./node-meter.ts";
import { type TaskShape, wholeGpuMillis } from "./task-shape.ts";

/** The most GPUs of one node that a score looks at. */
const gpusMax = 64;

/** Scores and GPU choices by the drop of a fragmentation metric. */
export interface FragmentationScore {
  readonly score: (node: NodeCapacity, shape: TaskShape) => number;
  readonly chooseGpus: ChooseGpus;
  /** What `meter` would say of the node with the task on the GPUs that `chooseGpus` chooses. */
  readonly measureAfter: (meter: NodeMeter, node: NodeCapacity, shape: TaskShape) => number;
}

/**
 * The score of FGD: 0 to 100, higher the more the metric drops; a share tries each GPU and keeps the first best one.
 *
 * The score is a whole number on purpose. About 40 thousandths of a GPU make one step, so nodes often tie, and the fixed
 * order among them does what first fit does; with exact scores the same policy wastes half as much again.
 * Source: Weng et al., "Beware of Fragmentation", USENIX ATC'23, section 5, and its published simulator.
 */
export function fragmentationScore(meter: NodeMeter): FragmentationScore {
  const after = new Int32Array(gpusMax);
  const chosen = new Int32Array(gpusMax);
  const copyGpus = (node: NodeCapacity): void => {
    if (node.gpuCount > gpusMax) {
      throw new RangeError(`a node has ${node.gpuCount} GPUs; placement scores know nodes of up to ${gpusMax}`);
    }
    for (let gpu = 0; gpu < node.gpuCount; gpu += 1) after[gpu] = node.gpuMillis[node.gpuOffset + gpu] ?? 0;
  };
  const measure = (by: NodeMeter, node: NodeCapacity, cpuMillis: number): number =>
    by(node.gpuModel, cpuMillis, after, 0, node.gpuCount);

  /** The score of a share on its best GPU, which is left in `chosen`; `after` must hold the node's GPUs. */
  const scoreShare = (node: NodeCapacity, shape: TaskShape): number => {
    const before = measure(meter, node, node.cpuMillis);
    let best = -1;
    let tried = -1;
    for (let gpu = 0; gpu < node.gpuCount; gpu += 1) {
      const left = after[gpu] ?? 0;
      if (left < shape.gpuMillis || left === tried) continue;
      tried = left;
      after[gpu] = left - shape.gpuMillis;
      const score = toScore(before - measure(meter, node, node.cpuMillis - shape.cpuMillis));
      after[gpu] = left;
      if (score <= best) continue;
      best = score;
      chosen[0] = gpu;
    }
    return best;
  };
  const takeChosen = (shape: TaskShape, count: number): void => {
    for (let index = 0; index < count; index += 1) {
      const gpu = chosen[index] ?? 0;
      after[gpu] = (after[gpu] ?? 0) - shape.gpuMillis;
    }
  };
  const chooseGpus: ChooseGpus = (node, shape, answer) => {
    if (!isShare(shape)) return chooseFirstGpus(node, shape, answer);
    copyGpus(node);
    if (scoreShare(node, shape) === -1) return 0;
    answer[0] = chosen[0] ?? 0;
    return 1;
  };
  return {
    chooseGpus,
    score: (node, shape) => {
      copyGpus(node);
      if (isShare(shape)) return scoreShare(node, shape);
      const before = measure(meter, node, node.cpuMillis);
      takeChosen(shape, chooseFirstGpus(node, shape, chosen));
      return toScore(before - measure(meter, node, node.cpuMillis - shape.cpuMillis));
    },
    measureAfter: (by, node, shape) => {
      const count = chooseGpus(node, shape, chosen);
      copyGpus(node);
      takeChosen(shape, count);
      return measure(by, node, node.cpuMillis - shape.cpuMillis);
    },
  };
}

/** Whether the task takes a part of one GPU. */
function isShare(shape: TaskShape): boolean {
  return shape.gpus === 1 && shape.gpuMillis < wholeGpuMillis;
}

function toScore(drop: number): number {
  return Math.trunc(100 / (1 + Math.exp(-drop / wholeGpuMillis)));
}
