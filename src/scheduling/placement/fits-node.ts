import type { NodeCapacity } from "./node-capacity.ts";
import type { TaskShape } from "./task-shape.ts";

/** Whether what is left of the node is enough for the task: CPUs, memory, the GPU model, and enough of enough GPUs. */
export function fitsNode(node: NodeCapacity, shape: TaskShape): boolean {
  if (shape.cpuMillis > node.cpuMillis || shape.memory > node.memory) return false;
  if (shape.gpus === 0) return true;
  if (shape.gpuModels.length > 0 && !shape.gpuModels.includes(node.gpuModel)) return false;
  let sufficient = 0;
  for (let gpu = node.gpuOffset; gpu < node.gpuOffset + node.gpuCount; gpu += 1) {
    if ((node.gpuMillis[gpu] ?? 0) >= shape.gpuMillis) sufficient += 1;
  }
  return sufficient >= shape.gpus;
}
