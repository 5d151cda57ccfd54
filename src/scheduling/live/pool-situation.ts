import type { Bytes } from "../../base/units.ts";
import { usableGpus } from "../../compute/fit-node.ts";
import type { ComputeNode, NodeGpu, QueuedWorkload, ResourceRequest } from "../../compute/ports.ts";
import { wholeGpu } from "../engine/model.ts";
import type { PoolFacts } from "./world.ts";

/** What is free on a node now. */
export interface FreeNode {
  readonly node: ComputeNode;
  readonly cpus: number;
  readonly memory: Bytes;
  /** Thousandths of each GPU that nobody holds, by device. */
  readonly gpuMillis: ReadonlyMap<string, number>;
}

/** A pool, what is free in it and who holds the rest. */
export interface PoolSituation {
  readonly name: string;
  readonly readiness: PoolFacts["readiness"];
  readonly spec: PoolFacts["spec"] | null;
  readonly nodes: readonly FreeNode[];
  readonly holders: readonly QueuedWorkload[];
}

/** Works out what is free in a pool. `holding`: every workload that holds a place, of whatever pool. */
export function situationOf(
  name: string,
  pool: PoolFacts | undefined,
  holding: readonly QueuedWorkload[],
): PoolSituation {
  if (pool === undefined) return { name, readiness: "absent", spec: null, nodes: [], holders: [] };
  const holders = holding.filter((each) => each.pool === name);
  const taken = new Map<string, number>();
  for (const gpu of holding.flatMap((each) => each.places.flatMap((place) => place.gpus))) {
    taken.set(gpu.device, (taken.get(gpu.device) ?? 0) + gpu.millis);
  }
  const used = new Map<string, { cpus: number; memory: number }>();
  for (const { places, resources } of holders) {
    for (const { node } of places) {
      const { cpus, memory } = used.get(node) ?? { cpus: 0, memory: 0 };
      used.set(node, { cpus: cpus + resources.cpus, memory: memory + resources.memory });
    }
  }
  const nodes = pool.nodes.map((node): FreeNode => {
    const { cpus, memory } = used.get(node.name) ?? { cpus: 0, memory: 0 };
    return {
      node,
      cpus: node.cpus - cpus,
      memory: node.memory - memory,
      gpuMillis: new Map(node.gpus.map(({ device }) => [device, wholeGpu - (taken.get(device) ?? 0)])),
    };
  });
  return { name, readiness: pool.readiness, spec: pool.spec, nodes, holders };
}

/** How many GPUs of the wanted sort are wholly free on a node, or, for a share, have that much left. */
export function freeGpus(request: ResourceRequest, free: FreeNode): readonly NodeGpu[] {
  const needed = request.gpus > 0 && request.gpus < 1 ? Math.round(request.gpus * wholeGpu) : wholeGpu;
  const least = request.migProfile === undefined ? needed : 1;
  return usableGpus(request, free.node).filter(({ device }) => (free.gpuMillis.get(device) ?? 0) >= least);
}
