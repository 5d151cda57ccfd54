import type { Instant } from "../../base/clock.ts";
import { memberMillis } from "../engine/amounts.ts";
import type { IsIgnored } from "../engine/claim.ts";
import type { EngineState } from "../engine/engine-state.ts";
import type { Running, Waiting } from "../engine/entry.ts";
import type { NodeState } from "../engine/node-state.ts";
import { placeMembers } from "../engine/place-members.ts";
import type { PlaceOption } from "../engine/place-options.ts";
import { levelIndex } from "../engine/topology.ts";

/** Runs that, gone together, leave room for a waiting workload. */
export interface Clearing {
  readonly option: PlaceOption;
  readonly runs: readonly Running[];
  /** What it costs to move them all. */
  readonly cost: number;
}

/** What a clearing may be made of. */
export interface ClearingBounds {
  readonly movesMax: number;
  readonly costOf: (run: Running) => number;
}

/** The cheapest way to gain slots on one node. */
interface NodeClearing {
  readonly node: NodeState;
  readonly runs: readonly Running[];
  readonly slots: number;
  readonly costPerSlot: number;
}

/**
 * The cheapest clearing of each domain in which the workload may lie, if it has one: node by node, the cheapest slots
 * first, until its members fit; then whoever is not needed stays, the most expensive first.
 */
export function findClearings(
  state: EngineState,
  entry: Waiting,
  option: PlaceOption,
  now: Instant,
  bounds: ClearingBounds,
): readonly Clearing[] {
  const { pool, ask } = option;
  const free = pool.nodes.reduce((sum, node) => sum + (node.accepts(ask.shape) ? node.gpuMillisFree : 0), 0);
  // Moves make no GPUs.
  if (free < memberMillis(ask.shape) * ask.min) return [];
  const site = new Site(state, entry, option, now);
  const byNode = pool.nodes.map((node) => clearNode(site, node, bounds));
  const { topology } = pool;
  const required = ask.topology?.required;
  const level =
    entry.item.members.max === 1
      ? topology.levels.length - 1
      : required === undefined
        ? -1
        : levelIndex(topology, required);
  const edges = level === -1 ? [0, pool.nodes.length] : (topology.levels[level]?.bounds ?? []);
  const clearings: Clearing[] = [];
  for (let domain = 0; domain + 1 < edges.length; domain += 1) {
    const inside = byNode.slice(edges[domain], edges[domain + 1]).flatMap((each) => each ?? []);
    const runs =
      inside.length === 0 ? null : clearDomain(site, edges[domain] ?? 0, edges[domain + 1] ?? 0, inside, bounds);
    if (runs === null) continue;
    clearings.push({ option, runs, cost: runs.reduce((sum, run) => sum + bounds.costOf(run), 0) });
  }
  return clearings;
}

/** What fits where when some runs are gone. */
class Site {
  readonly state: EngineState;
  readonly option: PlaceOption;
  readonly now: Instant;
  readonly #end: Instant;
  readonly #mayPass: IsIgnored;

  constructor(state: EngineState, entry: Waiting, option: PlaceOption, now: Instant) {
    this.state = state;
    this.option = option;
    this.now = now;
    this.#end = now + entry.reckonedMs;
    this.#mayPass = state.ignorableFor(entry);
  }

  slotsOn(node: NodeState, gone: ReadonlySet<string>): number {
    const isIgnored: IsIgnored = (claim) => gone.has(claim.owner) || this.#mayPass(claim);
    return node.slotsDuring(this.option.ask.shape, this.now, this.#end, isIgnored, this.state.cluster.room);
  }

  fits(from: number, to: number, gone: ReadonlySet<string>): boolean {
    const { pool, ask } = this.option;
    const slots = new Int32Array(pool.nodes.length);
    let total = 0;
    for (const node of pool.nodes.slice(from, to)) {
      const held = this.slotsOn(node, gone);
      slots[node.index] = held;
      total += Math.min(ask.max, held);
    }
    if (total < ask.min) return false;
    return ask.max === 1 || placeMembers(pool.topology, slots, { ...ask, max: ask.min }) !== null;
  }

  /** Runs on a node that may be asked to move, the cheapest first. */
  movableOn(node: NodeState, costOf: (run: Running) => number): readonly Running[] {
    const owners = new Set(node.running.map((claim) => claim.owner));
    return [...owners]
      .flatMap((owner) => this.state.running.get(owner) ?? [])
      .filter(({ item, startedAt, isStopping }) => {
        return item.isPreemptible && !isStopping && this.now - startedAt >= item.minRuntimeMs;
      })
      .toSorted((left, right) => costOf(left) - costOf(right) || (left.item.id < right.item.id ? -1 : 1));
  }
}

function clearNode(site: Site, node: NodeState, { movesMax, costOf }: ClearingBounds): NodeClearing | null {
  if (!node.accepts(site.option.ask.shape)) return null;
  const before = site.slotsOn(node, new Set());
  const gone = new Map<string, Running>();
  const free = (): number => site.slotsOn(node, new Set(gone.keys()));
  for (const run of site.movableOn(node, costOf)) {
    if (gone.size >= movesMax || free() > before) break;
    gone.set(run.item.id, run);
  }
  const most = free();
  if (most <= before) return null;
  for (const run of [...gone.values()].toReversed()) {
    gone.delete(run.item.id);
    if (free() <= before) gone.set(run.item.id, run);
  }
  const runs = [...gone.values()];
  const slots = free() - before;
  return { node, runs, slots, costPerSlot: runs.reduce((sum, run) => sum + costOf(run), 0) / slots };
}

function clearDomain(
  site: Site,
  from: number,
  to: number,
  nodes: readonly NodeClearing[],
  { movesMax, costOf }: ClearingBounds,
): readonly Running[] | null {
  const cheapest = nodes.toSorted(
    (left, right) => left.costPerSlot - right.costPerSlot || left.node.index - right.node.index,
  );
  const gone = new Map<string, Running>();
  let isEnough = false;
  // Whoever is left over goes again below, so a few more than may move are tried.
  for (const { runs } of cheapest) {
    if (gone.size > 2 * movesMax) break;
    for (const run of runs) gone.set(run.item.id, run);
    isEnough = site.fits(from, to, new Set(gone.keys()));
    if (isEnough) break;
  }
  if (!isEnough) return null;
  for (const run of [...gone.values()].toSorted((left, right) => costOf(right) - costOf(left))) {
    gone.delete(run.item.id);
    if (!site.fits(from, to, new Set(gone.keys()))) gone.set(run.item.id, run);
  }
  return gone.size === 0 || gone.size > movesMax ? null : [...gone.values()];
}
