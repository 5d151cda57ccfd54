import { parseDuration, parseSize } from "../../../base/units.ts";
import type { AdvanceReservation, EngineNode, EnginePool } from "../../engine/model.ts";
import { wholeGpu } from "../../engine/model.ts";
import type { SimulationInput } from "../simulation-input.ts";
import type { QuotaNode } from "../../quota/model.ts";
import type { ClusterFile } from "./model.ts";
import { nodeIds } from "./node-ids.ts";

/** The parts of a simulation that a cluster file describes. */
export type SimulatedCluster = Pick<
  SimulationInput,
  "pools" | "nodes" | "quotas" | "reservations" | "outages" | "graceMs"
>;

type NodeGroup = ClusterFile["pools"][number]["nodes"][number];

/** Makes the pools, nodes, quotas and times of a cluster file. */
export function buildCluster(file: ClusterFile): SimulatedCluster {
  return {
    pools: file.pools.map(
      ({ name, role, levels, floor }): EnginePool => ({ id: name, role, levels, floorMillis: floor * wholeGpu }),
    ),
    nodes: file.pools.flatMap((pool) => pool.nodes.flatMap((group) => groupNodes(pool.name, pool.levels, group))),
    quotas: file.quotas.map(toQuota),
    reservations: file.reservations.map(
      ({ name, from, until, nodes, queues }): AdvanceReservation => ({
        id: name,
        start: parseDuration(from),
        end: parseDuration(until),
        nodes,
        queues,
      }),
    ),
    outages: file.outages.map(({ node, from, until }) => ({
      node,
      from: parseDuration(from),
      until: until === undefined ? null : parseDuration(until),
    })),
    graceMs: parseDuration(file.evictionGrace),
  };
}

/** For a cluster without quotas: every queue owns an equal part of each GPU model and of the CPUs, and lends it. */
export function equalQuotas(nodes: readonly EngineNode[], queues: readonly string[]): readonly QuotaNode[] {
  const all = new Map<string, number>();
  const add = (resource: string, amount: number): void => void all.set(resource, (all.get(resource) ?? 0) + amount);
  for (const node of nodes) {
    add("cpu", node.cpuMillis);
    if (node.gpuModel !== null) add(`gpu:${node.gpuModel}`, node.gpus * wholeGpu);
  }
  const part = (amount: number): number => Math.floor(amount / Math.max(1, queues.length));
  const own = (share: (amount: number) => number): QuotaNode["resources"] =>
    Object.fromEntries([...all].map(([resource, amount]) => [resource, unlimited(share(amount))]));
  const policies = { reclaim: "any", preempt: "lower-priority" } as const;
  // What does not divide belongs to all.
  const rest = own((amount) => amount - part(amount) * queues.length);
  return [
    { id: everyone, parent: null, weight: 1, resources: rest, policies },
    ...queues.map((id) => ({ id, parent: everyone, weight: 1, resources: own(part), policies })),
  ];
}

/** The quota above all queues of a cluster without quotas; no name of a queue looks like it. */
const everyone = "(everyone)";

function unlimited(nominal: number): QuotaNode["resources"][string] {
  return { nominal, borrowingLimit: null, lendingLimit: null };
}

function toQuota(quota: ClusterFile["quotas"][number]): QuotaNode {
  const { name, parent, weight, resources, reclaim, preempt } = quota;
  const limits = Object.entries(resources).map(([resource, { nominal, borrow, lend }]) => {
    const unit = unitOf(resource);
    const inUnit = (amount: number | undefined): number | null => (amount === undefined ? null : amount * unit);
    return [resource, { nominal: nominal * unit, borrowingLimit: inUnit(borrow), lendingLimit: inUnit(lend) }] as const;
  });
  return {
    id: name,
    parent: parent ?? null,
    weight,
    resources: Object.fromEntries(limits),
    policies: { reclaim, preempt },
  };
}

/** GPUs and CPUs are counted in thousandths, everything else as it is. */
function unitOf(resource: string): number {
  return resource === "cpu" || resource === "gpu" || resource.startsWith("gpu:") ? 1000 : 1;
}

function groupNodes(pool: string, levels: readonly string[], group: NodeGroup): readonly EngineNode[] {
  const memory = parseSize(group.memory);
  return nodeIds(group).map((id, index) => ({
    id,
    pool,
    gpuModel: group.gpuModel ?? null,
    gpus: group.gpus,
    cpuMillis: Math.round(group.cpus * 1000),
    memory,
    labels: group.labels,
    taints: group.taints,
    domains: levels.map((level) => domainOf(group, level, index)),
    state: "ready",
    isMig: group.mig,
  }));
}

/** Domains are numbered in the group: `a100-rack-0`; a level without a size has one domain for the group. */
function domainOf({ name, domains }: NodeGroup, level: string, index: number): string {
  const size = domains[level];
  return `${name}-${level}-${size === undefined ? 0 : Math.floor(index / size)}`;
}
