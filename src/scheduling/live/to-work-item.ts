import { isModelWanted, wantedModels } from "../../compute/fit-node.ts";
import type { Purpose, QueuedWorkload, ResourceRequest } from "../../compute/ports.ts";
import { displayName } from "../../compute/workload-row.ts";
import { type DurationForecast, type GpuAsk, type Shape, type WorkItem, wholeGpu } from "../engine/model.ts";
import { nobodysQueue } from "./engine-settings.ts";
import type { PoolFacts } from "./world.ts";

/** What a workload is, as pools see it: one of another role is their guest. */
const roles: Readonly<Record<Purpose, WorkItem["role"]>> = {
  training: "training",
  evaluation: "evaluation",
  pipeline: "any",
  replica: "serving",
  workspace: "development",
};

/** What must be known to put a workload into the engine's words. */
export interface ItemSurroundings {
  readonly pools: ReadonlyMap<string, PoolFacts>;
  /** The engine's name of each GPU model. */
  readonly models: ReadonlyMap<string, string>;
  /** The queue of the tree that a workload names; undefined: none. */
  queueOf(workload: QueuedWorkload): string | undefined;
  /** How long such a workload takes, from the history of similar ones; null: unknown. */
  forecastOf(workload: QueuedWorkload): DurationForecast | null;
}

/** A workload in the engine's words. Pools that would not take it at all are left out. */
export function toWorkItem(workload: QueuedWorkload, surroundings: ItemSurroundings): WorkItem {
  const role = roles[workload.purpose];
  const pools = workload.pools.filter((name) => {
    const pool = surroundings.pools.get(name);
    return pool === undefined || takes(pool, role, workload);
  });
  return {
    id: workload.id,
    name: displayName(workload),
    queue: surroundings.queueOf(workload) ?? nobodysQueue,
    role,
    pools,
    priority: workload.priority,
    submittedAt: workload.queuedAt,
    shape: shapeOf(workload.resources, surroundings.models),
    members: workload.members,
    topology: toTopologyAsk(workload.topology),
    limitMs: workload.limitMs,
    forecast: surroundings.forecastOf(workload),
    isPreemptible: workload.isPreemptible,
    minRuntimeMs: workload.minRuntimeMs,
    restartMs: workload.restartMs,
    timesPreempted: workload.timesPreempted,
  };
}

/** Whether a pool takes such a workload: it lends to other roles, and knows the levels that are asked for. */
function takes({ spec }: PoolFacts, role: WorkItem["role"], { topology, members }: QueuedWorkload): boolean {
  if (!isLent(spec, role)) return false;
  if (members.max === 1 || topology === null) return true;
  const levels = [...(spec.topology?.levels ?? []), "node"];
  return [topology.required, topology.slice?.level].every((level) => level === undefined || levels.includes(level));
}

/** Whether a pool's machines are for such a role, or lent to it. */
export function isLent({ role: own, lend }: PoolFacts["spec"], role: WorkItem["role"]): boolean {
  return lend || own === "any" || role === "any" || own === role;
}

/** The role of a purpose. */
export function roleOf(purpose: Purpose): WorkItem["role"] {
  return roles[purpose];
}

/** What a member asks for. A model may be named by a part of its name: the known ones that match are what it asks for. */
export function shapeOf(resources: ResourceRequest, known: ReadonlyMap<string, string>): Shape {
  const wanted = wantedModels(resources);
  const matching = [...known].filter(([model]) => wanted.some((name) => isModelWanted({ model }, name)));
  const models = [...new Set(matching.map(([, name]) => name))].toSorted();
  return {
    gpu: gpuAskOf(resources),
    gpuModels: models.length === 0 ? wanted : models,
    cpuMillis: Math.round(resources.cpus * 1000),
    memory: Math.ceil(resources.memory),
    ...(resources.nodeLabels === undefined ? {} : { nodeLabels: resources.nodeLabels }),
  };
}

function gpuAskOf({ gpus, migProfile }: ResourceRequest): GpuAsk {
  if (migProfile !== undefined) return { kind: "mig", profile: migProfile };
  if (gpus === 0) return { kind: "none" };
  if (gpus < 1) return { kind: "share", millis: Math.round(gpus * wholeGpu) };
  return { kind: "whole", count: gpus };
}

function toTopologyAsk(topology: QueuedWorkload["topology"]): WorkItem["topology"] {
  if (topology === null) return null;
  const { required, preferred, slice } = topology;
  return {
    ...(required === undefined ? {} : { required }),
    ...(preferred === undefined ? {} : { preferred }),
    ...(slice === undefined ? {} : { slice }),
  };
}
