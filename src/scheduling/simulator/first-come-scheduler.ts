import { Fault } from "../../base/fault.ts";
import type { CycleDecisions, EngineNode, GpuPiece, MemberPlace, Start, WorkItem } from "../engine/model.ts";
import { wholeGpu } from "../engine/model.ts";
import type { SimulatedScheduler } from "./ports.ts";

/** What is free of a node. */
interface NodeSpace {
  readonly node: EngineNode;
  readonly gpuMillis: number[];
  cpuMillis: number;
  memory: number;
}

/** Who runs where. */
interface Placed {
  readonly item: WorkItem;
  readonly places: readonly MemberPlace[];
}

/**
 * Strictly first come, first served, on the first nodes that fit: who is next waits, and all behind it wait too.
 *
 * It knows no quotas, topology, plans or evictions: the plainest scheduler that there is, to compare with.
 */
export class FirstComeScheduler implements SimulatedScheduler {
  readonly #spaces = new Map<string, NodeSpace>();
  readonly #running = new Map<string, Placed>();
  #queue: WorkItem[] = [];

  setPool(): void {}

  setNode(node: EngineNode): void {
    const gpuMillis = new Array<number>(node.gpus).fill(wholeGpu);
    this.#spaces.set(node.id, { node, gpuMillis, cpuMillis: node.cpuMillis, memory: node.memory });
  }

  removeNode(id: string): readonly string[] {
    this.#spaces.delete(id);
    const lost = [...this.#running.values()].filter(({ places }) => places.some(({ node }) => node === id));
    for (const { item } of lost) this.finish(item.id);
    return lost.map(({ item }) => item.id);
  }

  submit(item: WorkItem): void {
    const nodes = [...this.#spaces.values()].map(({ node }) => emptySpace(node));
    if (this.#placeMembers(item, nodes).length < item.members.min) {
      throw new Fault("compute.request-impossible", `${item.name} asks for more than the whole cluster has`);
    }
    this.#queue.push(item);
  }

  finish(id: string): void {
    const placed = this.#running.get(id);
    if (placed === undefined) return;
    this.#running.delete(id);
    for (const place of placed.places) {
      const space = this.#spaces.get(place.node);
      if (space !== undefined) occupy(space, placed.item, place.gpus, -1);
    }
  }

  checkpoint(): void {}

  reserve(): void {}

  cycle(): CycleDecisions {
    const starts: Start[] = [];
    let served = 0;
    for (const item of this.#queue) {
      const places = this.#placeMembers(item, this.#spaces.values());
      if (places.length < item.members.min) break;
      for (const place of places) occupy(this.#spaceOf(place.node), item, place.gpus, 1);
      this.#running.set(item.id, { item, places });
      starts.push({ id: item.id, places });
      served += 1;
    }
    this.#queue = this.#queue.slice(served);
    return { starts, evictions: [], shrinks: [] };
  }

  plannedStart(): undefined {
    return undefined;
  }

  /** As many members as fit, up to the most that it asks for; the nodes stay as they are. */
  #placeMembers(item: WorkItem, spaces: Iterable<NodeSpace>): readonly MemberPlace[] {
    const places: MemberPlace[] = [];
    for (const space of spaces) {
      const left = { ...space, gpuMillis: [...space.gpuMillis] };
      while (places.length < item.members.max) {
        const gpus = fitMember(item, left);
        if (gpus === undefined) break;
        occupy(left, item, gpus, 1);
        places.push({ node: space.node.id, gpus });
      }
      if (places.length === item.members.max) break;
    }
    return places;
  }

  #spaceOf(id: string): NodeSpace {
    const space = this.#spaces.get(id);
    if (space === undefined) throw new Error(`node ${id} is not there`);
    return space;
  }
}

function emptySpace(node: EngineNode): NodeSpace {
  const gpuMillis = new Array<number>(node.gpus).fill(wholeGpu);
  return { node, gpuMillis, cpuMillis: node.cpuMillis, memory: node.memory };
}

/** The pieces of GPUs that a member would get on this node, or undefined. */
function fitMember({ shape, pools }: WorkItem, space: NodeSpace): readonly GpuPiece[] | undefined {
  const { node } = space;
  const isElsewhere = !pools.includes(node.pool) || space.cpuMillis < shape.cpuMillis || space.memory < shape.memory;
  if (isElsewhere) return undefined;
  if (shape.gpu.kind === "none") return [];
  if (shape.gpu.kind === "mig") return undefined;
  if (shape.gpuModels.length > 0 && !shape.gpuModels.includes(node.gpuModel ?? "")) return undefined;
  const { count, millis } =
    shape.gpu.kind === "whole" ? { count: shape.gpu.count, millis: wholeGpu } : { count: 1, millis: shape.gpu.millis };
  const pieces: GpuPiece[] = [];
  for (const [index, free] of space.gpuMillis.entries()) {
    if (pieces.length < count && free >= millis) pieces.push({ index, millis });
  }
  return pieces.length === count ? pieces : undefined;
}

function occupy(space: NodeSpace, item: WorkItem, gpus: readonly GpuPiece[], sign: 1 | -1): void {
  space.cpuMillis -= sign * item.shape.cpuMillis;
  space.memory -= sign * item.shape.memory;
  for (const { index, millis } of gpus) {
    space.gpuMillis[index] = (space.gpuMillis[index] ?? 0) - sign * millis;
  }
}
