import { formatSize } from "../base/units.ts";
import type { ComputeNode, NodeGpu, ResourceRequest } from "./ports.ts";

/** Whether a GPU is of the model that was asked for; letter case aside, a part of the name is enough. */
export function isModelWanted(gpu: NodeGpu, wanted: string | null): boolean {
  return wanted === null || gpu.model.toLowerCase().includes(wanted.toLowerCase());
}

/** Whether the node could run the request if nothing else ran there. */
export function couldEverFit(request: ResourceRequest, node: ComputeNode): boolean {
  return (
    request.cpus <= node.cpus &&
    request.memory <= node.memory &&
    request.gpus <= node.gpus.filter((gpu) => isModelWanted(gpu, request.gpuModel)).length
  );
}

/** Why no node could ever run the request, and what would help; null when one could. */
export interface Impossibility {
  readonly code: "no-such-gpu-model" | "too-many-gpus" | "too-much-memory" | "too-many-cpus" | "no-node-fits";
  readonly sentence: string;
  readonly changes: readonly string[];
}

/** Finds what makes a request impossible on these nodes however long it waits: GPU model, GPUs, memory, then CPUs. */
export function findImpossibility(request: ResourceRequest, nodes: readonly ComputeNode[]): Impossibility | null {
  if (nodes.some((node) => couldEverFit(request, node))) return null;
  const models = [...new Set(nodes.flatMap((node) => node.gpus.map(describeModel)))].toSorted();
  const gpusMost = Math.max(
    0,
    ...nodes.map((node) => node.gpus.filter((gpu) => isModelWanted(gpu, request.gpuModel)).length),
  );
  const memoryMost = Math.max(0, ...nodes.map((node) => node.memory));
  const cpusMost = Math.max(0, ...nodes.map((node) => node.cpus));
  if (request.gpus > 0 && gpusMost === 0 && request.gpuModel !== null) {
    const found = models.length === 0 ? "the pool has no GPUs" : `the pool has ${models.join(", ")}`;
    const changes =
      models.length === 0
        ? ["ask for no GPUs", "choose a pool with GPUs"]
        : [`ask for ${models.join(" or ")}`, "choose another pool"];
    return { code: "no-such-gpu-model", sentence: `it asks for ${request.gpuModel} GPUs, and ${found}`, changes };
  }
  if (request.gpus > gpusMost) {
    const found = gpusMost === 0 ? "no node has any" : `no node has more than ${gpusMost}`;
    return {
      code: "too-many-gpus",
      sentence: `it asks for ${request.gpus} ${gpusMost === 1 || request.gpus === 1 ? "GPU" : "GPUs"}, and ${found}`,
      changes: [gpusMost === 0 ? "ask for no GPUs" : `ask for ${gpusMost} or fewer GPUs`, "choose another pool"],
    };
  }
  if (request.memory > memoryMost) {
    return {
      code: "too-much-memory",
      sentence: `it asks for ${formatSize(request.memory)} of memory, and no node has more than ${formatSize(memoryMost)}`,
      changes: [`ask for at most ${formatSize(memoryMost)} of memory`, "raise the pool's limits.memory"],
    };
  }
  if (request.cpus > cpusMost) {
    return {
      code: "too-many-cpus",
      sentence: `it asks for ${request.cpus} CPUs, and no node has more than ${cpusMost}`,
      changes: [`ask for at most ${cpusMost} CPUs`, "raise the pool's limits.cpus"],
    };
  }
  return {
    code: "no-node-fits",
    sentence: "no single node has all of what it asks for",
    changes: ["ask for less memory, CPUs or GPUs", "choose another pool"],
  };
}

/** Names a GPU's model for people: `H100 (simulated)`. */
export function describeModel(gpu: NodeGpu): string {
  return gpu.simulated ? `${gpu.model} (simulated)` : gpu.model;
}

/** Names GPUs with their counts for people: `2 × H100 (simulated)`; empty without any. */
export function describeGpus(gpus: readonly NodeGpu[]): string {
  const counts = new Map<string, number>();
  for (const gpu of gpus) counts.set(describeModel(gpu), (counts.get(describeModel(gpu)) ?? 0) + 1);
  return [...counts].map(([model, count]) => `${count} × ${model}`).join(", ");
}
