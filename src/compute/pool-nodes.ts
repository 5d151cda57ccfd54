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
    ...(Object.keys(spec.nodeLabels).length === 0 ? {} : { labels: { ...machine.labels, ...spec.nodeLabels } }),
    ...(spec.topology === undefined ? {} : { domains: domainsOf(machine.name, spec.topology) }),
  }));
}

/** A node that the topology does not name, or not at every level, stands in domains of its own. */
function domainsOf(node: string, { levels, nodes }: NonNullable<PoolSpec["topology"]>): readonly string[] {
  const named = nodes[node] ?? [];
  return named.length === levels.length ? named : levels.map(() => node);
}

/** What is wrong with a pool's topology on these machines, as a sentence; null when nothing is. */
export function findTopologyProblem({ topology }: PoolSpec, machines: readonly ComputeNode[]): string | null {
  if (topology === undefined) return null;
  const { levels, nodes } = topology;
  if (new Set(levels).size !== levels.length) return `topology.levels names a level twice: ${levels.join(", ")}`;
  for (const [node, domains] of Object.entries(nodes)) {
    if (!machines.some((machine) => machine.name === node)) {
      const known = machines.map((machine) => machine.name).join(", ");
      return `topology.nodes names ${node}, and the pool has ${known === "" ? "no nodes" : known}; it is passed over`;
    }
    if (domains.length !== levels.length) {
      return `topology.nodes gives ${node} ${domains.length} domains, and there are ${levels.length} levels (${levels.join(", ")}); it stands alone`;
    }
  }
  const unnamed = machines.find((machine) => nodes[machine.name] === undefined);
  return unnamed === undefined ? null : `topology.nodes does not name ${unnamed.name}; it stands alone`;
}

function simulatedGpus(pool: string, node: string, asked: NonNullable<PoolSpec["simulatedGpus"]>): readonly NodeGpu[] {
  return Array.from({ length: asked.count }, (_, index) => ({
    index,
    model: asked.model,
    memory: parseSize(asked.memory),
    simulated: true,
    device: `simulated/${pool}/${node}/${index}`,
    ...(asked.mig ? { isMig: true } : {}),
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
