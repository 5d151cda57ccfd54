import type { Instant } from "../../base/clock.ts";
import { parseDuration, parseSize } from "../../base/units.ts";
import type { QueuedWorkload } from "../../compute/ports.ts";
import { quotaTreeOf } from "../live/declared-tree.ts";
import type { Declared, PoolFacts, World } from "../live/world.ts";
import { toQuotaTree } from "../quota/declared-quotas.ts";
import type { WhatIfChange } from "./model.ts";

/** The state after a change, and what could not be done as it was asked for. */
export interface ChangedWorld {
  readonly world: World;
  readonly problems: readonly string[];
}

/** Makes a change on a copy of the platform's state. */
export function changeWorld(world: World, change: WhatIfChange, now: Instant): ChangedWorld {
  const problems: string[] = [];
  const pools = drainNodes(addNodes(world.declared.pools, change, problems), change, problems);
  const declared = changeQuotas({ ...world.declared, pools }, change, problems);
  const known = new Set(world.workloads.map((each) => each.id));
  for (const id of [...change.cancel, ...change.priorities.map((each) => each.id)]) {
    if (!known.has(id)) problems.push(`there is no workload ${id} that waits or runs`);
  }
  const cancelled = new Set(change.cancel);
  const priorities = new Map(change.priorities.map(({ id, priority }) => [id, priority]));
  const kept = world.workloads
    .filter((each) => !cancelled.has(each.id))
    .map((each) => ({ ...each, priority: priorities.get(each.id) ?? each.priority }));
  const submitted = change.submit.map((each) => toWorkload(each, now));
  // Whatever was planned is planned anew: the plans were made for the state before.
  return { world: { ...world, declared, workloads: [...kept, ...submitted], plans: [] }, problems };
}

/** Puts quotas in the place of those of the same name. */
function changeQuotas(declared: Declared, { quotas }: WhatIfChange, problems: string[]): Declared {
  const changed = new Set(quotas.map((quota) => quota.name));
  const kept = declared.people.quotas.filter((quota) => !changed.has(quota.name));
  const people = { ...declared.people, quotas: [...kept, ...quotas] };
  const tree = toQuotaTree({ ...people, capacity: null });
  if (quotas.length > 0) problems.push(...tree.problems);
  return { ...declared, people, quota: quotaTreeOf(people, declared.pools) };
}

/** The id of a workload that a change submits. */
export function submittedId(name: string): string {
  return `what-if ${name}`;
}

function addNodes(
  pools: readonly PoolFacts[],
  { addNodes: additions }: WhatIfChange,
  problems: string[],
): readonly PoolFacts[] {
  let changed = pools;
  for (const { pool: name, count, like } of additions) {
    const pool = changed.find((each) => each.name === name);
    const model = pool?.nodes.find((node) => like === undefined || node.name === like);
    if (pool === undefined || model === undefined) {
      problems.push(`pool ${name} has no node ${like ?? "to make others like"}`);
      continue;
    }
    const nodes = Array.from({ length: count }, (_, index) => {
      const node = `${model.name}+${index + 1}`;
      return { ...model, name: node, gpus: model.gpus.map((gpu) => ({ ...gpu, device: `${node}/${gpu.index}` })) };
    });
    changed = changed.map((each) => (each === pool ? { ...pool, nodes: [...pool.nodes, ...nodes] } : each));
  }
  return changed;
}

/** A node that drains takes nothing new: it is left with what runs there, and offers nothing beyond. */
function drainNodes(pools: readonly PoolFacts[], { drain }: WhatIfChange, problems: string[]): readonly PoolFacts[] {
  return pools.map((pool) => {
    const asked = drain.filter((each) => each.pool === pool.name);
    const isDrained = (node: PoolFacts["nodes"][number]): boolean =>
      asked.some(
        ({ nodes, domain }) => nodes?.includes(node.name) ?? (node.domains ?? []).some((each) => each === domain),
      );
    if (asked.length > 0 && !pool.nodes.some(isDrained))
      problems.push(`pool ${pool.name} has none of the nodes to drain`);
    return { ...pool, draining: pool.nodes.filter(isDrained).map((node) => node.name) };
  });
}

function toWorkload(asked: WhatIfChange["submit"][number], now: Instant): QueuedWorkload {
  const { name, project, purpose, pools, cpus, memory, gpus, gpuModel, members, withinLevel, limit, priority } = asked;
  return {
    id: submittedId(name),
    project,
    owner: { kind: "WhatIf", project, name },
    purpose,
    pool: pools[0] ?? "",
    queue: asked.queue ?? project,
    pools,
    members: { min: members, max: members },
    topology: withinLevel === undefined ? null : { required: withinLevel },
    isPreemptible: true,
    minRuntimeMs: 0,
    restartMs: 0,
    priority,
    resources: { cpus, memory: parseSize(memory), gpus, gpuModel: gpuModel ?? null },
    maxRestarts: 0,
    state: "queued",
    attempt: 1,
    phase: "",
    reason: null,
    node: null,
    gpuIndices: [],
    places: [],
    outcome: null,
    limitMs: limit === undefined ? null : parseDuration(limit),
    checkpointAt: null,
    timesPreempted: 0,
    queuedAt: now,
    admittedAt: null,
    startedAt: null,
    endedAt: null,
    isLeaving: false,
    evictedBy: [],
  };
}
