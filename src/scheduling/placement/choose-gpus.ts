import type { NodeCapacity } from "./node-capacity.ts";
import type { TaskShape } from "./task-shape.ts";

/**
 * Chooses GPUs for a task inside a node that it fits on.
 *
 * Writes their indexes within the node (0 is the node's first) to the front of `chosen`, which must have room for
 * `shape.gpus` of them.
 *
 * @returns how many were chosen: `shape.gpus`, or 0 when the node has not that many with enough left.
 */
export type ChooseGpus = (node: NodeCapacity, shape: TaskShape, chosen: Int32Array) => number;

/** The fullest GPUs that still have enough left, so that emptier ones stay whole; ties go to the first. */
export function chooseBestFitGpus(node: NodeCapacity, shape: TaskShape, chosen: Int32Array): number {
  for (let taken = 0; taken < shape.gpus; taken += 1) {
    const previous = taken === 0 ? -1 : (chosen[taken - 1] ?? -1);
    const gpu = nextBestFit(node, shape.gpuMillis, previous);
    if (gpu === -1) return 0;
    chosen[taken] = gpu;
  }
  return shape.gpus;
}

/** The first GPUs that have enough left. */
export function chooseFirstGpus(node: NodeCapacity, shape: TaskShape, chosen: Int32Array): number {
  let taken = 0;
  for (let gpu = 0; gpu < node.gpuCount && taken < shape.gpus; gpu += 1) {
    if ((node.gpuMillis[node.gpuOffset + gpu] ?? 0) < shape.gpuMillis) continue;
    chosen[taken] = gpu;
    taken += 1;
  }
  return taken === shape.gpus ? taken : 0;
}

/** The sufficient GPU that follows `previous` in the order of (left, index); -1: none. */
function nextBestFit(node: NodeCapacity, needed: number, previous: number): number {
  const floor = previous === -1 ? -1 : (node.gpuMillis[node.gpuOffset + previous] ?? 0);
  let best = -1;
  let bestLeft = Number.POSITIVE_INFINITY;
  for (let gpu = 0; gpu < node.gpuCount; gpu += 1) {
    const left = node.gpuMillis[node.gpuOffset + gpu] ?? 0;
    if (left < needed || left >= bestLeft) continue;
    if (left < floor || (left === floor && gpu <= previous)) continue;
    best = gpu;
    bestLeft = left;
  }
  return best;
}
