import type { Random } from "../../base/random.ts";
import { chooseBestFitGpus } from "./choose-gpus.ts";
import type { NodeCapacity } from "./node-capacity.ts";
import type { PlacementPolicy } from "./placement-policy.ts";
import { type TaskShape, wholeGpuMillis } from "./task-shape.ts";

/** What the published scores divide by: the CPUs of the largest node of the trace, and eight GPUs. */
const cpuMillisScale = 128_000;
const gpuMillisScale = 8000;
/** Bit 31 stands for this many whole GPUs or more. */
const kindsMax = 31;

/** Any node, by the luck of `random`; GPUs by luck too. */
export function randomPolicy(random: Random): PlacementPolicy {
  return {
    name: "random",
    isRepeatable: false,
    score: () => random.next(),
    chooseGpus: (node, shape, chosen) => chooseRandomGpus(node, shape, chosen, random),
    scarcity: null,
  };
}

/** The first node in the fixed order. */
export const firstFitPolicy: PlacementPolicy = {
  name: "firstfit",
  isRepeatable: true,
  score: () => 0,
  chooseGpus: chooseBestFitGpus,
  scarcity: null,
};

/** The node with the least left afterwards, CPUs and GPUs weighing the same. */
export const bestFitPolicy: PlacementPolicy = {
  name: "bestfit",
  isRepeatable: true,
  score: (node, shape) => {
    const cpuLeft = (node.cpuMillis - shape.cpuMillis) / cpuMillisScale;
    const gpuLeft = (idleMillis(node) - shape.gpus * shape.gpuMillis) / gpuMillisScale;
    return Math.trunc(100 * (1 - (0.5 * cpuLeft + 0.5 * gpuLeft)));
  },
  chooseGpus: chooseBestFitGpus,
  scarcity: null,
};

/** The node whose free CPUs and GPUs point least in the direction of the request. */
export const dotProductPolicy: PlacementPolicy = {
  name: "dotprod",
  isRepeatable: true,
  score: (node, shape) => {
    const cpus = (node.cpuMillis / cpuMillisScale) * (shape.cpuMillis / cpuMillisScale);
    const gpus = (idleMillis(node) / gpuMillisScale) * ((shape.gpus * shape.gpuMillis) / gpuMillisScale);
    return Math.trunc(100 * (1 - (cpus + gpus) / 2));
  },
  chooseGpus: chooseBestFitGpus,
  scarcity: null,
};

/** GPUs in use before free GPUs, nodes in use before free nodes. */
export const packingPolicy: PlacementPolicy = {
  name: "packing",
  isRepeatable: true,
  score: scorePacking,
  chooseGpus: chooseBestFitGpus,
  scarcity: null,
};

/** Nodes that hold tasks of the same kind (shares, one GPU, two GPUs, …), the fuller first. */
export const clusteringPolicy: PlacementPolicy = {
  name: "clustering",
  isRepeatable: true,
  score: (node, shape) => {
    if (shape.gpus === 0) return 0;
    const base = Math.floor((25 * (gpuMillisScale - idleMillis(node))) / gpuMillisScale);
    const kind = taskKindBit(shape);
    if (node.taskKinds === kind) return base + 75;
    if ((node.taskKinds & kind) !== 0) return base + 50;
    return node.taskKinds === 0 ? base + 25 : base;
  },
  chooseGpus: chooseBestFitGpus,
  scarcity: null,
};

/** The bit of `NodeCapacity.taskKinds` that stands for tasks like this one; 0 for tasks without GPUs. */
export function taskKindBit(shape: TaskShape): number {
  if (shape.gpus === 0) return 0;
  if (shape.gpuMillis < wholeGpuMillis) return 1;
  return (1 << Math.min(shape.gpus, kindsMax)) | 0;
}

function idleMillis(node: NodeCapacity): number {
  let idle = 0;
  for (let gpu = node.gpuOffset; gpu < node.gpuOffset + node.gpuCount; gpu += 1) idle += node.gpuMillis[gpu] ?? 0;
  return idle;
}

/** Scratch for `scorePacking`: which GPUs the task would take. */
const packed = new Int32Array(64);

function scorePacking(node: NodeCapacity, shape: TaskShape): number {
  if (shape.gpus === 0) return 0;
  if (idleMillis(node) === node.gpuCount * wholeGpuMillis) return Math.max(33 - node.gpuCount, node.gpuCount);
  const count = chooseBestFitGpus(node, shape, packed);
  let wholeGpus = 0;
  let percentLeft = 0;
  for (let index = 0; index < count; index += 1) {
    const left = node.gpuMillis[node.gpuOffset + (packed[index] ?? 0)] ?? 0;
    if (left === wholeGpuMillis) wholeGpus += 1;
    percentLeft += (100 * left) / wholeGpuMillis;
  }
  return wholeGpus > 0 ? Math.max(50 - wholeGpus, 33) : Math.max(100 - Math.trunc(Math.trunc(percentLeft) / 10), 50);
}

/** Each set of sufficient GPUs is as likely as any other. */
function chooseRandomGpus(node: NodeCapacity, shape: TaskShape, chosen: Int32Array, random: Random): number {
  let sufficient = 0;
  for (let gpu = 0; gpu < node.gpuCount; gpu += 1) {
    if ((node.gpuMillis[node.gpuOffset + gpu] ?? 0) >= shape.gpuMillis) sufficient += 1;
  }
  if (sufficient < shape.gpus) return 0;
  let taken = 0;
  for (let gpu = 0; gpu < node.gpuCount && taken < shape.gpus; gpu += 1) {
    if ((node.gpuMillis[node.gpuOffset + gpu] ?? 0) < shape.gpuMillis) continue;
    if (random.next() * sufficient < shape.gpus - taken) {
      chosen[taken] = gpu;
      taken += 1;
    }
    sufficient -= 1;
  }
  return taken;
}
