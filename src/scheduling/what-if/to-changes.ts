import type { Instant } from "../../base/clock.ts";
import { parseDuration, parseSize } from "../../base/units.ts";
import { Fault } from "../../base/fault.ts";
import type { QueuedWorkload } from "../../compute/ports.ts";
import type { Change } from "../forecast/model.ts";
import type { ClusterView } from "../live/cluster-view.ts";
import { partsOf } from "../live/engine-nodes.ts";
import type { Surroundings } from "../live/engine-snapshot.ts";
import { quotaTreeOf } from "../live/declared-tree.ts";
import { toWorkItem } from "../live/to-work-item.ts";
import { findUnaskable } from "../live/waiting-reason.ts";
import { toQuotaTree } from "../quota/declared-quotas.ts";
import { editItem } from "./edit-item.ts";
import type { WhatIfChange } from "./model.ts";

/**
 * Puts a change that a person wrote into the words of the engine.
 *
 * @throws {Fault} `platform.request-invalid` when it names what is not there, or asks for what could never run.
 */
export function toChanges(asked: WhatIfChange, view: ClusterView, now: Instant): readonly Change[] {
  const { surroundings } = view;
  return [
    ...asked.addNodes.map((each) => toAddition(each, surroundings)),
    ...asked.drain.map((each): Change => ({ kind: "drain-nodes", which: { nodes: nodesOf(each, surroundings) } })),
    ...asked.remove.map((each): Change => ({ kind: "remove-nodes", which: { nodes: nodesOf(each, surroundings) } })),
    ...quotaChanges(asked, surroundings),
    ...asked.cancel.map((id): Change => ({ kind: "cancel", id })),
    ...asked.priorities.map(({ id, priority }): Change => ({ kind: "set-priority", id, priority })),
    ...editChanges(asked, view),
    ...asked.submit.map((each) => toSubmission(each, surroundings, now)),
  ];
}

/** One change for each workload that is edited, with all its edits. */
function editChanges({ edits }: WhatIfChange, { workloads, surroundings }: ClusterView): readonly Change[] {
  return [...Map.groupBy(edits, ({ id }) => id)].map(([id, own]): Change => {
    const workload = workloads.get(id);
    if (workload === undefined) throw invalid(`there is no workload ${id} that waits; see the queue`);
    return { kind: "edit", item: own.reduce(editItem, toWorkItem(workload, surroundings)) };
  });
}

function toAddition({ pool, like, count }: WhatIfChange["addNodes"][number], { map }: Surroundings): Change {
  const model = [...map.nodes.values()].find(
    (node) => node.pool === pool && (like === undefined || node.name === like),
  );
  if (model === undefined) throw invalid(`pool ${pool} has no node ${like ?? "that others could be made like"}`);
  return { kind: "add-nodes-like", like: model.spec.id, count };
}

/** The engine's nodes for machines that are named, or that lie in a domain. */
function nodesOf({ pool, nodes, domain }: WhatIfChange["drain"][number], { map }: Surroundings): readonly string[] {
  const all = [...map.nodes.values()].filter((node) => node.pool === pool);
  const chosen =
    nodes === undefined
      ? all.filter((node) => node.spec.domains.some((each) => each === domain))
      : nodes.flatMap((name) => partsOf(map, pool, name));
  if (chosen.length > 0) return chosen.map((node) => node.spec.id);
  throw invalid(`pool ${pool} has no nodes ${nodes?.join(", ") ?? `in ${domain}`}`);
}

/** The nodes of the quota tree that differ once these quotas stand in the place of those of the same name. */
function quotaChanges({ quotas }: WhatIfChange, { declared }: Surroundings): readonly Change[] {
  if (quotas.length === 0) return [];
  const changed = new Set(quotas.map((quota) => quota.name));
  const people = {
    ...declared.people,
    quotas: [...declared.people.quotas.filter((quota) => !changed.has(quota.name)), ...quotas],
  };
  const [problem] = toQuotaTree({ ...people, capacity: null }).problems;
  if (problem !== undefined) throw invalid(problem);
  const before = new Map(declared.quota.map((node) => [node.id, JSON.stringify(node)]));
  return quotaTreeOf(people, declared.pools)
    .filter((node) => before.get(node.id) !== JSON.stringify(node))
    .map((quota) => ({ kind: "set-quota", quota }));
}

function toSubmission(asked: WhatIfChange["submit"][number], surroundings: Surroundings, now: Instant): Change {
  const workload = toWorkload(asked, now);
  const unaskable = findUnaskable(workload, surroundings);
  if (unaskable !== null) throw invalid(`${asked.name}: ${unaskable.sentence}`);
  return { kind: "submit", item: toWorkItem(workload, surroundings) };
}

function toWorkload(asked: WhatIfChange["submit"][number], now: Instant): QueuedWorkload {
  const { name, project, purpose, pools, cpus, memory, gpus, gpuModel, members, withinLevel, limit, priority } = asked;
  return {
    id: `what-if ${name}`,
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

function invalid(message: string): Fault {
  return new Fault("platform.request-invalid", `${message}; mend the change`);
}
