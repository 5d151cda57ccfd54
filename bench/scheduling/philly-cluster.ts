import { type EngineNode, wholeGpu } from "../../src/scheduling/engine/model.ts";
import type { QuotaNode } from "../../src/scheduling/quota/model.ts";
import { gpusPerNode } from "./philly-workloads.ts";

const gpuModel = "P100";
/** The trace knows no CPUs and no memory: jobs ask for none, nodes have some. */
const cpuMillis = 64_000;
const memory = 256e9;

/** So many equal nodes of 8 GPUs. */
export function phillyNodes(count: number): readonly EngineNode[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `node-${String(index).padStart(4, "0")}`,
    pool: "main",
    gpuModel,
    gpus: gpusPerNode,
    cpuMillis,
    memory,
    domains: [],
    state: "ready",
  }));
}

/** All virtual clusters as one: each owns its GPUs, lends what is idle, and takes it back when it asks. */
export function phillyCluster(nodesOf: Readonly<Record<string, number>>): readonly QuotaNode[] {
  const policies = { reclaim: "any", preempt: "lower-priority" } as const;
  return [
    { id: "philly", parent: null, weight: 1, resources: {}, policies },
    ...Object.entries(nodesOf).map(([id, nodes]) => ({
      id,
      parent: "philly",
      weight: nodes,
      resources: {
        [`gpu:${gpuModel}`]: { nominal: nodes * gpusPerNode * wholeGpu, borrowingLimit: null, lendingLimit: null },
      },
      policies,
    })),
  ];
}
