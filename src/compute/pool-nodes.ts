import { parseSize } from "../base/units.ts";
import type { PoolSpec, PoolStatus } from "./model.ts";
import type { ComputeNode, NodeGpu } from "./ports.ts";

/** What a pool offers of the machines that its driver found: at most its limits, and simulated GPUs where it asks for them. */
export function poolNodes(pool: string, spec: PoolSpec, machines: readonly ComputeNode[]): readonly ComputeNode[] {
  return machines.map((machine) => ({
    name: machine.name,
    cpus: Math.min(machine.cpus, spec.limits.cpus ?? machine.cpus),
    memory: Math.min(machine.memory, spec.limits.memory === undefined ? machine.memory : parseSize(spec.limits.memory)),
    gpus: spec.simulatedGpus === undefined ? machine.gpus : simulatedGpus(pool, machine.name, spec.simulatedGpus),
  }));
}

function simulatedGpus(pool: string, node: string, asked: NonNullable<PoolSpec["simulatedGpus"]>): readonly NodeGpu[] {
  return Array.from({ length: asked.count }, (_, index) => ({
    index,
    model: asked.model,
    memory: parseSize(asked.memory),
    simulated: true,
    device: `simulated/${pool}/${node}/${index}`,
  }));
}

/** What a limit asks for beyond the machine, as a sentence; null when the machine has it all. */
export function findExcessLimit(spec: PoolSpec, machines: readonly ComputeNode[]): string | null {
  const cpus = Math.max(0, ...machines.map((machine) => machine.cpus));
  const memory = Math.max(0, ...machines.map((machine) => machine.memory));
  if ((spec.limits.cpus ?? 0) > cpus)
    return `limits.cpus is ${spec.limits.cpus}, the machine has ${cpus}: it offers ${cpus}`;
  if (spec.limits.memory !== undefined && parseSize(spec.limits.memory) > memory) {
    return `limits.memory is ${spec.limits.memory}, the machine has ${memory} bytes: it offers those`;
  }
  return null;
}

/** Adds up the nodes of a pool. */
export function sumNodes(nodes: readonly ComputeNode[]): Pick<PoolStatus, "cpus" | "memory" | "gpus"> {
  return {
    cpus: nodes.reduce((sum, node) => sum + node.cpus, 0),
    memory: nodes.reduce((sum, node) => sum + node.memory, 0),
    gpus: nodes.reduce((sum, node) => sum + node.gpus.length, 0),
  };
}
