import { formatMemory } from "../base/units.ts";
import type { ComputeNode, NodeGpu, ResourceRequest } from "./ports.ts";

/** Whether a GPU is of the model that was asked for; letter case aside, a part of the name is enough. */
export function isModelWanted(gpu: Pick<NodeGpu, "model">, wanted: string | null): boolean {
  return wanted === null || gpu.model.toLowerCase().includes(wanted.toLowerCase());
}

/** The models that will do; empty: any. */
export function wantedModels({ gpuModel, gpuModels }: ResourceRequest): readonly string[] {
  return gpuModels ?? (gpuModel === null ? [] : [gpuModel]);
}

/** The GPUs of a node that the request could be given: of a wanted model, and cut into instances only if it asks for one. */
export function usableGpus(request: ResourceRequest, node: ComputeNode): readonly NodeGpu[] {
  const models = wantedModels(request);
  const isMig = request.migProfile !== undefined;
  return node.gpus.filter(
    (gpu) =>
      (gpu.isMig === true) === isMig && (models.length === 0 || models.some((model) => isModelWanted(gpu, model))),
  );
}

/** How many GPUs a node must have for the request. */
export function gpusNeeded({ gpus, migProfile }: ResourceRequest): number {
  return migProfile === undefined ? Math.ceil(gpus) : 1;
}

/** Whether the node could run a member of the request if nothing else ran there. */
export function couldEverFit(request: ResourceRequest, node: ComputeNode): boolean {
  return (
    request.cpus <= node.cpus &&
    request.memory <= node.memory &&
    gpusNeeded(request) <= usableGpus(request, node).length &&
    Object.entries(request.nodeLabels ?? {}).every(([name, value]) => node.labels?.[name] === value)
  );
}

/** Why no node could ever run the request, and what would help; null when one could. */
export interface Impossibility {
  readonly code:
    | "no-such-gpu-model"
    | "too-many-gpus"
    | "too-much-memory"
    | "too-many-cpus"
    | "no-such-label"
    | "no-mig"
    | "no-node-fits";
  readonly sentence: string;
  readonly changes: readonly string[];
}

/** Finds what makes a request impossible on these nodes however long it waits: GPU model, GPUs, memory, then CPUs. */
export function findImpossibility(request: ResourceRequest, nodes: readonly ComputeNode[]): Impossibility | null {
  if (nodes.some((node) => couldEverFit(request, node))) return null;
  return (
    findGpuImpossibility(request, nodes) ??
    findSizeImpossibility(request, nodes) ??
    findLabelImpossibility(request, nodes) ?? {
      code: "no-node-fits",
      sentence: "no single node has all of what it asks for",
      changes: ["ask for less memory, CPUs or GPUs", "choose another pool"],
    }
  );
}

function findGpuImpossibility(request: ResourceRequest, nodes: readonly ComputeNode[]): Impossibility | null {
  const needed = gpusNeeded(request);
  const gpusMost = Math.max(0, ...nodes.map((node) => usableGpus(request, node).length));
  if (needed <= gpusMost) return null;
  if (request.migProfile !== undefined) {
    return {
      code: "no-mig",
      sentence: `it asks for a MIG instance ${request.migProfile}, and no node has such GPUs cut into instances`,
      changes: ["ask for a share of a GPU", "choose another pool"],
    };
  }
  const wanted = wantedModels(request);
  if (gpusMost === 0 && wanted.length > 0) {
    const models = [...new Set(nodes.flatMap((node) => node.gpus.map(describeModel)))].toSorted();
    const found = models.length === 0 ? "the pool has no GPUs" : `the pool has ${models.join(", ")}`;
    const changes =
      models.length === 0
        ? ["ask for no GPUs", "choose a pool with GPUs"]
        : [`ask for ${models.join(" or ")}`, "choose another pool"];
    return { code: "no-such-gpu-model", sentence: `it asks for ${wanted.join(" or ")} GPUs, and ${found}`, changes };
  }
  const found = gpusMost === 0 ? "no node has any" : `no node has more than ${gpusMost}`;
  return {
    code: "too-many-gpus",
    sentence: `it asks for ${request.gpus} ${gpusMost === 1 || needed === 1 ? "GPU" : "GPUs"}, and ${found}`,
    changes: [gpusMost === 0 ? "ask for no GPUs" : `ask for ${gpusMost} or fewer GPUs`, "choose another pool"],
  };
}

function findSizeImpossibility(request: ResourceRequest, nodes: readonly ComputeNode[]): Impossibility | null {
  const memoryMost = Math.max(0, ...nodes.map((node) => node.memory));
  const cpusMost = Math.max(0, ...nodes.map((node) => node.cpus));
  if (request.memory > memoryMost) {
    return {
      code: "too-much-memory",
      sentence: `it asks for ${formatMemory(request.memory)} of memory, and no node has more than ${formatMemory(memoryMost, request.memory)}`,
      changes: [
        `ask for at most ${formatMemory(memoryMost, request.memory)} of memory`,
        "raise the pool's limits.memory",
      ],
    };
  }
  if (request.cpus <= cpusMost) return null;
  return {
    code: "too-many-cpus",
    sentence: `it asks for ${request.cpus} CPUs, and no node has more than ${cpusMost}`,
    changes: [`ask for at most ${cpusMost} CPUs`, "raise the pool's limits.cpus"],
  };
}

function findLabelImpossibility(request: ResourceRequest, nodes: readonly ComputeNode[]): Impossibility | null {
  const missing = Object.entries(request.nodeLabels ?? {}).find(
    ([name, value]) => !nodes.some((node) => node.labels?.[name] === value),
  );
  if (missing === undefined) return null;
  const label = missing.join(": ");
  return {
    code: "no-such-label",
    sentence: `it asks for a node with the label ${label}, and no node carries it`,
    changes: [`add ${label} to the pool's nodeLabels`, "choose another pool"],
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
