import { isModelWanted } from "../../compute/fit-node.ts";
import type { ComputeNode, NodeGpu, WorkloadPlace } from "../../compute/ports.ts";
import type { EngineNode, EnginePool, GpuPiece, MemberPlace } from "../engine/model.ts";
import { wholeGpu } from "../engine/model.ts";
import type { PoolFacts } from "./world.ts";

/** A node of the engine and the machine that it stands for. */
export interface MachineNode {
  readonly spec: EngineNode;
  readonly pool: string;
  /** The machine's name. */
  readonly name: string;
  /** The GPUs in the order in which the engine counts them. */
  readonly gpus: readonly NodeGpu[];
}

/** Nodes that share something: what is taken of one is gone from the other. */
export interface TwinLink {
  /** The other node. */
  readonly node: string;
  /** Whether CPUs and memory are the same. */
  readonly sharesRoom: boolean;
  /** Places of the same GPUs: own → the other's. */
  readonly gpus: ReadonlyMap<number, number>;
}

/** The pools as the engine sees them. */
export interface EngineMap {
  readonly pools: readonly EnginePool[];
  /** The engine's name of each GPU model. */
  readonly models: ReadonlyMap<string, string>;
  /** By the engine's id of the node. */
  readonly nodes: ReadonlyMap<string, MachineNode>;
  readonly twins: ReadonlyMap<string, readonly TwinLink[]>;
}

/**
 * Turns pools into what the engine knows.
 *
 * Two pools may be made of one machine: then each has a node of it, and real GPUs are the same behind both. A machine
 * with GPUs of several models becomes several nodes, since a node of the engine has one model. Models that a quota
 * names by a part of their name go by that part, so that they count under it.
 *
 * @param quotaModels the models that quotas name, such as `H100`.
 */
export function engineMapOf(pools: readonly PoolFacts[], quotaModels: readonly string[]): EngineMap {
  const named = quotaModels.toSorted((left, right) => right.length - left.length || (left < right ? -1 : 1));
  const all = pools.flatMap((pool) => pool.nodes.flatMap((node) => node.gpus.map((gpu) => gpu.model)));
  const models = new Map(
    all.map((model) => [model, named.find((name) => isModelWanted({ model }, name)) ?? model] as const),
  );
  const nodes = new Map(pools.flatMap((pool) => pool.nodes.flatMap((node) => machineNodes(pool, node, models))));
  return { pools: pools.map(toEnginePool), models, nodes, twins: findTwins([...nodes.values()]) };
}

function toEnginePool({ name, spec, nodes }: PoolFacts): EnginePool {
  const all = nodes.reduce((sum, node) => sum + node.gpus.length, 0);
  return {
    id: name,
    levels: spec.topology?.levels ?? [],
    role: spec.role,
    floorMillis: Math.round((spec.lend ? spec.floor : all) * wholeGpu),
  };
}

function machineNodes(
  pool: PoolFacts,
  node: ComputeNode,
  models: EngineMap["models"],
): readonly (readonly [string, MachineNode])[] {
  const sorts = [
    ...Map.groupBy(node.gpus, ({ model, isMig }) => `${models.get(model)}${isMig === true ? " in MIG instances" : ""}`),
  ];
  const parts: readonly (readonly [string, readonly NodeGpu[]])[] =
    sorts.length <= 1 ? [["", node.gpus]] : sorts.map(([model, gpus]) => [`#${model}`, gpus] as const);
  return parts.map(([suffix, gpus]) => {
    const id = `${pool.name}/${node.name}${suffix}`;
    const ordered = gpus.toSorted((left, right) => left.index - right.index);
    const gpuModel = models.get(ordered[0]?.model ?? "") ?? null;
    const spec = { ...toEngineNode(id, pool, node, ordered), gpuModel };
    return [id, { spec, pool: pool.name, name: node.name, gpus: ordered }];
  });
}

function toEngineNode(
  id: string,
  pool: PoolFacts,
  node: ComputeNode,
  gpus: readonly NodeGpu[],
): Omit<EngineNode, "gpuModel"> {
  const levels = pool.spec.topology?.levels ?? [];
  const domains = node.domains ?? [];
  return {
    id,
    pool: pool.name,
    gpus: gpus.length,
    cpuMillis: Math.round(node.cpus * 1000),
    memory: node.memory,
    labels: node.labels ?? {},
    // Until its machines are looked at again after a change, a pool may have levels that its nodes do not tell of.
    domains: domains.length === levels.length ? domains : levels.map(() => node.name),
    state: pool.readiness === "draining" || pool.draining?.includes(node.name) === true ? "draining" : "ready",
    isMig: gpus[0]?.isMig === true,
  };
}

function findTwins(nodes: readonly MachineNode[]): ReadonlyMap<string, readonly TwinLink[]> {
  const holders = new Map<string, { readonly node: MachineNode; readonly index: number }[]>();
  for (const node of nodes) {
    node.gpus.forEach(({ device }, index) => holders.set(device, [...(holders.get(device) ?? []), { node, index }]));
  }
  const machines = Map.groupBy(nodes, (node) => `${node.pool}/${node.name}`);
  const twins = new Map<string, readonly TwinLink[]>();
  for (const node of nodes) {
    const shared = new Map<MachineNode, Map<number, number>>();
    for (const other of machines.get(`${node.pool}/${node.name}`) ?? []) shared.set(other, new Map());
    node.gpus.forEach(({ device }, index) => {
      for (const other of holders.get(device) ?? []) {
        shared.set(other.node, (shared.get(other.node) ?? new Map<number, number>()).set(index, other.index));
      }
    });
    shared.delete(node);
    if (shared.size === 0) continue;
    twins.set(
      node.spec.id,
      [...shared].map(([other, gpus]) => ({ node: other.spec.id, sharesRoom: other.pool === node.pool, gpus })),
    );
  }
  return twins;
}

/** Where members run, in the words of machines and devices. */
export function toWorkloadPlaces(map: EngineMap, places: readonly MemberPlace[]): readonly WorkloadPlace[] {
  return places.map((place) => {
    const machine = map.nodes.get(place.node);
    return {
      node: machine?.name ?? place.node,
      gpus: place.gpus.flatMap(({ index, millis, slice }) => {
        const gpu = machine?.gpus[index];
        return gpu === undefined ? [] : [{ ...gpu, millis, ...(slice === undefined ? {} : { slice }) }];
      }),
    };
  });
}

/** Where members run, in the words of the engine; a machine that is gone keeps its name, and counts for nothing. */
export function toMemberPlaces(map: EngineMap, pool: string, places: readonly WorkloadPlace[]): readonly MemberPlace[] {
  return places.map(({ node, gpus }) => {
    const machine =
      map.nodes.get(`${pool}/${node}`) ??
      map.nodes.get(`${pool}/${node}#${map.models.get(gpus[0]?.model ?? "")}`) ??
      partsOf(map, pool, node)[0];
    const pieces = gpus.flatMap(({ device, millis, slice }): readonly GpuPiece[] => {
      const index = machine?.gpus.findIndex((gpu) => gpu.device === device) ?? -1;
      return index === -1 ? [] : [{ index, millis, ...(slice === undefined ? {} : { slice }) }];
    });
    return { node: machine?.spec.id ?? `${pool}/${node}`, gpus: pieces };
  });
}

/** The nodes of the engine that stand for a machine of a pool. */
export function partsOf(map: EngineMap, pool: string, node: string): readonly MachineNode[] {
  return [...map.nodes.values()].filter((each) => each.pool === pool && each.name === node);
}
