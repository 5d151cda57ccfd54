import type { Instant } from "../../base/clock.ts";
import type { EngineNode, MemberPlace, Shape } from "../engine/model.ts";
import { wholeGpu } from "../engine/model.ts";
import type { FragmentationMeter } from "./fragmentation.ts";
import type { UseSeries } from "./ports.ts";

/** What is free of a node that is up. */
interface NodeUse {
  readonly node: EngineNode;
  readonly gpuMillisFree: number[];
  cpuMillisFree: number;
  memoryFree: number;
  fragmented: number;
}

/**
 * Who uses how much of a cluster, kept apart from the scheduler: it checks every decision by itself.
 *
 * A decision that promises something twice is a bug of the scheduler and throws.
 */
export class ClusterUse {
  readonly #nodes = new Map<string, NodeUse>();
  readonly #meter: FragmentationMeter;
  readonly #totals = { gpuMillis: 0, gpuMillisUsed: 0, fragmented: 0, cpuMillis: 0, cpuMillisUsed: 0 };
  readonly #series: { readonly [column in keyof UseSeries]: number[] } = {
    at: [],
    gpuMillis: [],
    gpuMillisUsed: [],
    gpuMillisFragmented: [],
    cpuMillis: [],
    cpuMillisUsed: [],
    waiting: [],
  };

  constructor(meter: FragmentationMeter) {
    this.#meter = meter;
  }

  get series(): UseSeries {
    return this.#series;
  }

  /** A node has come, empty. */
  addNode(node: EngineNode): void {
    const use: NodeUse = {
      node,
      gpuMillisFree: new Array<number>(node.gpus).fill(wholeGpu),
      cpuMillisFree: node.cpuMillis,
      memoryFree: node.memory,
      fragmented: 0,
    };
    this.#nodes.set(node.id, use);
    this.#totals.gpuMillis += node.gpus * wholeGpu;
    this.#totals.cpuMillis += node.cpuMillis;
    this.#measure(use);
  }

  /** A node is gone, and with it what it held. */
  removeNode(id: string): void {
    const use = this.#nodes.get(id);
    if (use === undefined) return;
    const { node } = use;
    const free = use.gpuMillisFree.reduce((sum, each) => sum + each, 0);
    this.#totals.gpuMillis -= node.gpus * wholeGpu;
    this.#totals.gpuMillisUsed -= node.gpus * wholeGpu - free;
    this.#totals.cpuMillis -= node.cpuMillis;
    this.#totals.cpuMillisUsed -= node.cpuMillis - use.cpuMillisFree;
    this.#totals.fragmented -= use.fragmented;
    this.#nodes.delete(id);
  }

  /** Members take their places. @throws {Error} when a place is not free: the scheduler's bug. */
  take(id: string, shape: Shape, places: readonly MemberPlace[]): void {
    for (const place of places) {
      const use = this.#nodes.get(place.node);
      if (use === undefined) throw new Error(`${id} was placed on node ${place.node}, which is not up`);
      this.#change(use, shape, place, 1);
      const hasTooLittle =
        use.cpuMillisFree < 0 ||
        use.memoryFree < 0 ||
        place.gpus.some(({ index }) => (use.gpuMillisFree[index] ?? -1) < 0);
      if (hasTooLittle) throw new Error(`${id} was placed on node ${place.node}, which has not that much free`);
    }
    this.#measureAll(places);
  }

  /** Members leave their places; those on nodes that are gone have left already. */
  release(shape: Shape, places: readonly MemberPlace[]): void {
    for (const place of places) {
      const use = this.#nodes.get(place.node);
      if (use !== undefined) this.#change(use, shape, place, -1);
    }
    this.#measureAll(places);
  }

  /** Writes down how the cluster stands from `now` on. */
  record(now: Instant, waiting: number): void {
    const { at } = this.#series;
    const totals = this.#totals;
    const index = at.length > 0 && at[at.length - 1] === now ? at.length - 1 : at.length;
    at[index] = now;
    this.#series.gpuMillis[index] = totals.gpuMillis;
    this.#series.gpuMillisUsed[index] = totals.gpuMillisUsed;
    this.#series.gpuMillisFragmented[index] = Math.max(0, totals.fragmented);
    this.#series.cpuMillis[index] = totals.cpuMillis;
    this.#series.cpuMillisUsed[index] = totals.cpuMillisUsed;
    this.#series.waiting[index] = waiting;
  }

  #change(use: NodeUse, shape: Shape, place: MemberPlace, sign: 1 | -1): void {
    use.cpuMillisFree -= sign * shape.cpuMillis;
    use.memoryFree -= sign * shape.memory;
    this.#totals.cpuMillisUsed += sign * shape.cpuMillis;
    for (const { index, millis } of place.gpus) {
      use.gpuMillisFree[index] = (use.gpuMillisFree[index] ?? Number.NaN) - sign * millis;
      this.#totals.gpuMillisUsed += sign * millis;
    }
  }

  #measureAll(places: readonly MemberPlace[]): void {
    let last: NodeUse | undefined;
    for (const place of places) {
      const use = this.#nodes.get(place.node);
      if (use !== undefined && use !== last) this.#measure(use);
      last = use;
    }
  }

  #measure(use: NodeUse): void {
    if (use.node.gpus === 0) return;
    this.#totals.fragmented -= use.fragmented;
    use.fragmented = this.#meter(use.node, use.cpuMillisFree, use.gpuMillisFree);
    this.#totals.fragmented += use.fragmented;
  }
}
