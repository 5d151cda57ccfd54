import { type Amounts, isGpuKey, type QuotaNode } from "../quota/model.ts";
import { type DeclaredQuota, gpuKeys, projectQueue, toQuotaTree } from "../quota/declared-quotas.ts";
import { anyModel } from "../model.ts";
import { wholeGpu } from "../engine/model.ts";
import { nobodysQueue } from "./engine-settings.ts";
import type { PoolFacts } from "./world.ts";

/** Who there is, and what was declared for them. */
export interface DeclaredPeople {
  readonly quotas: readonly DeclaredQuota[];
  readonly teams: readonly string[];
  readonly projects: readonly { readonly name: string; readonly team: string }[];
}

/** The quota tree that the engine works with: what was declared over what there is, and a queue of nobody's beside it. */
export function quotaTreeOf(people: DeclaredPeople, pools: readonly PoolFacts[]): readonly QuotaNode[] {
  const { nodes } = toQuotaTree({ ...people, capacity: capacityOf(pools, quotaModelsOf(people.quotas)) });
  const nobodys: QuotaNode = {
    id: nobodysQueue,
    parent: null,
    weight: 1,
    resources: {},
    policies: { reclaim: "never", preempt: "never" },
  };
  return [...nodes, nobodys];
}

/** The GPU models that quotas name. */
function quotaModelsOf(quotas: readonly DeclaredQuota[]): readonly string[] {
  const named = quotas.flatMap(({ spec }) => Object.keys(spec.gpus));
  return [...new Set(named)].filter((model) => model !== anyModel).toSorted();
}

/** The GPU models that a quota tree names. */
export function modelsOfTree(nodes: readonly QuotaNode[]): readonly string[] {
  const keys = nodes.flatMap(({ resources }) => Object.keys(resources));
  return [...new Set(keys)].filter((key) => isGpuKey(key) && key !== "gpu").map((key) => key.slice("gpu:".length));
}

/** All there is of what quotas may speak of. A GPU that two pools share counts once. */
function capacityOf(pools: readonly PoolFacts[], quotaModels: readonly string[]): Amounts {
  const amounts: Record<string, number> = {};
  const add = (key: string, amount: number): void => {
    amounts[key] = (amounts[key] ?? 0) + amount;
  };
  const counted = new Set<string>();
  for (const node of pools.flatMap((pool) => pool.nodes)) {
    add("cpu", Math.round(node.cpus * 1000));
    add("memory", node.memory);
    for (const { device, model } of node.gpus) {
      if (counted.has(device)) continue;
      counted.add(device);
      for (const key of gpuKeys(
        quotaModels.map((name) => `gpu:${name}`),
        model,
      ))
        add(key, wholeGpu);
    }
  }
  return amounts;
}

/** The queue that a workload names: a project, or a quota, a team or a queue's own id; undefined when there is none. */
export function findQueue(queues: ReadonlySet<string>, name: string): string | undefined {
  return [projectQueue(name), `quota/${name}`, `team/${name}`, name].find((id) => queues.has(id));
}

/** The nodes of a tree that workloads can queue in. */
export function queuesOf(nodes: readonly QuotaNode[]): ReadonlySet<string> {
  const parents = new Set(nodes.map((node) => node.parent));
  return new Set(nodes.filter(({ id }) => !parents.has(id) && id !== nobodysQueue).map(({ id }) => id));
}
