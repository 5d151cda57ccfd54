import { type EngineNode, type EnginePool, type Shape, wholeGpu } from "./model.ts";
import type { TaskShape } from "../placement/task-shape.ts";
import { MaxTree } from "./max-tree.ts";
import { type NodeRank, toTask } from "./node-rank.ts";
import { NodeState } from "./node-state.ts";
import type { Room } from "./node-room.ts";
import { buildTopology, byDomain, type Topology } from "./topology.ts";

/** The most shapes that are remembered; the oldest goes first. */
const cachesMax = 2048;

/** What is known of a pool's nodes for one shape: the slots that are free now, and the best node. */
interface ShapeCache {
  readonly task: TaskShape;
  readonly slots: Int32Array;
  readonly best: MaxTree;
  total: number;
  /** How far in the log of changes it has read. */
  seen: number;
}

/** The nodes of a pool in the order of its topology, with what is free for each shape kept up to date as it is asked. */
export class PoolState {
  readonly spec: EnginePool;
  readonly #openRank: (nodes: readonly NodeState[]) => NodeRank;
  #rank: NodeRank | null = null;
  readonly #room: Room;
  #nodes: NodeState[] = [];
  readonly #byId = new Map<string, NodeState>();
  #topology: Topology | null = null;
  #models: readonly string[] = [];
  #gpuMillis = 0;
  readonly #caches = new Map<string, ShapeCache>();
  readonly #hosts = new Map<string, readonly NodeState[]>();
  #changes: number[] = [];

  constructor(spec: EnginePool, openRank: (nodes: readonly NodeState[]) => NodeRank, room: Room) {
    this.spec = spec;
    this.#openRank = openRank;
    this.#room = room;
  }

  get nodes(): readonly NodeState[] {
    this.#settle();
    return this.#nodes;
  }

  /** Its nodes in no order, without a look at what they are worth. */
  get specs(): readonly EngineNode[] {
    return this.#nodes.map((node) => node.spec);
  }

  /** The prices that its scores are reckoned with; undefined while they are yet to be reckoned. */
  get prices(): Readonly<Record<string, number>> | undefined {
    return this.#topology === null || this.#rank === null ? undefined : Object.fromEntries(this.#rank.prices);
  }

  /** Goes on with prices that `prices` told of; without them they are reckoned anew. */
  takePrices(prices: Readonly<Record<string, number>> | undefined): void {
    this.#forget();
    if (prices === undefined) return;
    this.#settle();
    this.#rank?.takePrices(prices);
  }

  get topology(): Topology {
    return this.#settle();
  }

  /** GPU models of its nodes, in the order of their names. */
  get models(): readonly string[] {
    this.#settle();
    return this.#models;
  }

  /** Milli-GPUs of all its nodes. */
  get gpuMillis(): number {
    this.#settle();
    return this.#gpuMillis;
  }

  node(id: string): NodeState | undefined {
    return this.#byId.get(id);
  }

  /** Adds a node, or takes a changed one in place of the old; what ran there must be added again. */
  setNode(spec: EngineNode): NodeState {
    const state = new NodeState(spec);
    this.removeNode(spec.id);
    this.#byId.set(spec.id, state);
    this.#nodes.push(state);
    this.#forget();
    return state;
  }

  removeNode(id: string): void {
    const state = this.#byId.get(id);
    if (state === undefined) return;
    this.#byId.delete(id);
    this.#nodes = this.#nodes.filter((each) => each !== state);
    this.#forget();
  }

  /** Tells that what runs on the node has changed. */
  touch(node: NodeState): void {
    if (this.#topology === null) return;
    // Once prices have moved, the scores of all nodes are looked at anew when they are asked for.
    if (this.#rank?.noteChange(node) === true) this.#caches.clear();
    if (this.#caches.size === 0) return;
    this.#changes.push(node.index);
    this.#trim();
  }

  /** The nodes that take such members at all, in the order of the pool. */
  hosts(key: string, shape: Shape): readonly NodeState[] {
    this.#settle();
    let hosts = this.#hosts.get(key);
    if (hosts === undefined) {
      hosts = this.#nodes.filter((node) => node.accepts(shape));
      if (this.#hosts.size >= cachesMax) this.#hosts.clear();
      this.#hosts.set(key, hosts);
    }
    return hosts;
  }

  /** Free slots now, per node in the order of the pool; read it before the next change. */
  slotsNow(key: string, shape: Shape): Int32Array {
    return this.#cache(key, shape).slots;
  }

  /** Sum of the slots that are free now. */
  totalNow(key: string, shape: Shape): number {
    return this.#cache(key, shape).total;
  }

  /** Visits nodes with a free slot, the best first, until `visit` answers true; at most `most`. */
  findBest(key: string, shape: Shape, most: number, visit: (node: NodeState) => boolean): NodeState | undefined {
    const index = this.#cache(key, shape).best.findDescending(most, (at) => {
      const node = this.#nodes[at];
      return node !== undefined && visit(node);
    });
    return this.#nodes[index];
  }

  /** Ranks nodes anew, as after a change of the rule. */
  forget(): void {
    this.#forget();
  }

  #forget(): void {
    this.#topology = null;
    this.#caches.clear();
    this.#hosts.clear();
    this.#changes = [];
  }

  #settle(): Topology {
    if (this.#topology !== null) return this.#topology;
    this.#nodes.sort((left, right) => byDomain(left.spec, right.spec));
    this.#nodes.forEach((node, index) => {
      node.index = index;
    });
    this.#models = [...new Set(this.#nodes.flatMap(({ spec }) => spec.gpuModel ?? []))].toSorted();
    this.#gpuMillis = this.#nodes.reduce((sum, { spec }) => sum + spec.gpus * wholeGpu, 0);
    this.#rank = this.#openRank(this.#nodes);
    this.#topology = buildTopology(
      this.spec.levels,
      this.#nodes.map((node) => node.spec),
    );
    return this.#topology;
  }

  #cache(key: string, shape: Shape): ShapeCache {
    this.#settle();
    let cache = this.#caches.get(key);
    if (cache === undefined) {
      if (this.#caches.size >= cachesMax) this.#forgetOldest();
      const size = this.#nodes.length;
      cache = {
        task: toTask(shape),
        slots: new Int32Array(size),
        best: new MaxTree(size),
        total: 0,
        seen: this.#changes.length,
      };
      this.#caches.set(key, cache);
      for (let index = 0; index < size; index += 1) this.#look(cache, index, shape);
      return cache;
    }
    for (; cache.seen < this.#changes.length; cache.seen += 1) this.#look(cache, this.#changes[cache.seen] ?? 0, shape);
    return cache;
  }

  #look(cache: ShapeCache, index: number, shape: Shape): void {
    const node = this.#nodes[index];
    if (node === undefined) return;
    const slots = node.slotsNow(shape, this.#room);
    cache.total += slots - (cache.slots[index] ?? 0);
    cache.slots[index] = slots;
    cache.best.set(index, slots === 0 ? Number.NEGATIVE_INFINITY : (this.#rank?.score(node, cache.task) ?? 0));
  }

  /** The log is cut once it is much longer than the pool is large; caches that lag behind are built anew. */
  #trim(): void {
    const most = 4 * this.#nodes.length + 1024;
    if (this.#changes.length < 2 * most) return;
    const cut = this.#changes.length - most;
    for (const [key, cache] of this.#caches) {
      if (cache.seen < cut) this.#caches.delete(key);
      else cache.seen -= cut;
    }
    this.#changes = this.#changes.slice(cut);
  }

  #forgetOldest(): void {
    const [oldest] = this.#caches.keys();
    if (oldest !== undefined) this.#caches.delete(oldest);
  }
}
