import type { Instant } from "../../base/clock.ts";
import type { IsIgnored } from "./claim.ts";
import { amountsOf, heldMillis, memberMillis } from "./amounts.ts";
import { type EngineState, isGuest } from "./engine-state.ts";
import type { Running, Waiting } from "./entry.ts";
import type { MemberPlace, WorkItem } from "./model.ts";
import type { NodeState } from "./node-state.ts";
import { placeMembers } from "./place-members.ts";
import { guestRoom } from "./place-options.ts";
import type { PlaceAsk } from "./place-search.ts";
import type { PoolState } from "./pool-state.ts";
import type { Amounts, QuotaClaim } from "../quota/model.ts";
import { levelIndex } from "./topology.ts";

/** Sets that turn out to be illegal are chosen anew without the offender, so often. */
const repairsMax = 8;

/** What must go so that a workload can start. */
export interface VictimChoice {
  readonly victims: readonly Running[];
  readonly pool: PoolState;
  readonly places: readonly MemberPlace[];
  /** Lost work, restarts and earlier evictions, in GPU-seconds. */
  readonly cost: number;
}

/**
 * What the eviction of a run costs, in GPU-seconds: the work since its last checkpoint, the time until it works again,
 * and a penalty for each time that it was evicted before.
 */
export function evictionCost(run: Running, now: Instant, penaltySeconds: number): number {
  const gpus = Math.max(1, heldMillis(run.item.shape, run.places) / 1000);
  return gpus * (lostSeconds(run, now) + run.item.restartMs / 1000 + penaltySeconds * run.item.timesPreempted);
}

/** Seconds of work that are lost when the run stops now. */
export function lostSeconds(run: Running, now: Instant): number {
  return Math.max(0, now - Math.max(run.startedAt, run.checkpointAt ?? run.startedAt)) / 1000;
}

/** One search for victims: who asks, where, and who may be considered. */
interface Hunt {
  readonly state: EngineState;
  readonly entry: Waiting;
  readonly asker: QuotaClaim;
  readonly pool: PoolState;
  readonly ask: PlaceAsk;
  readonly now: Instant;
  readonly costOf: (run: Running) => number;
}

/**
 * Chooses whom to evict so that a waiting workload can start at once: the set that loses least work.
 *
 * In every domain where its members may lie, runs are taken cheapest first (per GPU) until they fit, then those that
 * turn out not to be needed are left alone, the most expensive first. What is legal is judged after that, for the set.
 *
 * @returns null when no legal set makes room.
 */
export function chooseVictims(
  state: EngineState,
  entry: Waiting,
  pool: PoolState,
  ask: PlaceAsk,
  now: Instant,
): VictimChoice | null {
  const asker = claimOf(entry, ask);
  const costs = new Map<Running, number>();
  const costOf = (run: Running): number => {
    let cost = costs.get(run);
    if (cost === undefined) {
      cost = evictionCost(run, now, state.settings.preemptedBeforePenaltySeconds);
      costs.set(run, cost);
    }
    return cost;
  };
  const hunt: Hunt = { state, entry, asker, pool, ask, now, costOf };
  let barred: ReadonlySet<Running> = new Set();
  for (let repair = 0; repair <= repairsMax; repair += 1) {
    const choice = chooseAnywhere(hunt, candidatesOf(hunt, barred));
    if (choice === null || choice.victims.length === 0) return null;
    const offender = findOffender(hunt, choice.victims);
    if (offender === null) return choice;
    barred = new Set([...barred, offender]);
  }
  return null;
}

function claimOf({ item }: Waiting, ask: PlaceAsk): QuotaClaim {
  const [model] = ask.shape.gpuModels;
  const isOneModel = model !== undefined && ask.shape.gpuModels.length === 1;
  return quotaClaim(item, amountsOf(item.shape, ask.max, isOneModel ? model : null));
}

function claimOfRun({ item, amounts }: Running): QuotaClaim {
  return quotaClaim(item, amounts);
}

function quotaClaim(item: WorkItem, amounts: Amounts): QuotaClaim {
  const rank = { priority: item.priority, queuedAt: item.submittedAt, id: item.id };
  return { queue: item.queue, amounts, rank, isReturning: item.timesPreempted > 0 };
}

/** Runs that may be asked to go, the cheapest per GPU first. */
function candidatesOf(hunt: Hunt, barred: ReadonlySet<Running>): readonly Running[] {
  const { state, entry, asker, pool, now, costOf } = hunt;
  const candidates: Running[] = [];
  const former = state.evictors.get(entry.item.id);
  const isOwn = state.shares.isOwn(asker);
  const hasGuests = state.poolUse(pool.spec.id).guests > 0;
  for (const [queue, runs] of state.runsByQueue) {
    // Most queues have nothing to give: they are passed by without a look at their runs.
    const isOpen = queue === asker.queue || (isOwn && state.shares.isBeyondOwn(queue));
    if (!isOpen && !hasGuests) continue;
    for (const run of runs) {
      if (barred.has(run) || run.isStopping || !run.item.isPreemptible) continue;
      const since = run.startedAt + run.item.minRuntimeMs;
      if (now < since) {
        if (since < entry.huntAgainAt) entry.huntAgainAt = since;
        continue;
      }
      // Whoever evicted this workload is not evicted by it in turn.
      if (former?.has(run.item.id) === true) continue;
      // A guest takes nothing from the hosts of the pool.
      if (isGuest(entry.item, pool.spec.role) && isIn(pool, run) && !isGuest(run.item, pool.spec.role)) continue;
      if (isByRole(hunt, run) || (isOpen && state.shares.mayEvict(asker, claimOfRun(run)))) candidates.push(run);
    }
  }
  const perGpu = (run: Running): number => costOf(run) / Math.max(1, heldMillis(run.item.shape, run.places));
  return candidates.toSorted((left, right) => perGpu(left) - perGpu(right) || (left.item.id < right.item.id ? -1 : 1));
}

function isIn(pool: PoolState, run: Running): boolean {
  return run.places.some((place) => pool.node(place.node) !== undefined);
}

/** A host takes its own pool back from a guest whatever the quotas say. */
function isByRole({ entry, pool }: Hunt, run: Running): boolean {
  const { role } = pool.spec;
  return isGuest(run.item, role) && !isGuest(entry.item, role) && isIn(pool, run);
}

function findOffender(hunt: Hunt, victims: readonly Running[]): Running | null {
  const judged = victims.filter((run) => !isByRole(hunt, run));
  if (judged.length === 0) return null;
  const claims = judged.map(claimOfRun);
  const verdict = hunt.state.shares.judge(hunt.asker, claims);
  return verdict.kind === "legal" ? null : (judged[claims.indexOf(verdict.victim)] ?? null);
}

/** The cheapest choice over all domains where the members may lie together. */
function chooseAnywhere(hunt: Hunt, candidates: readonly Running[]): VictimChoice | null {
  const { pool, ask } = hunt;
  const { topology, nodes } = pool;
  const required = ask.topology?.required;
  const level =
    ask.max === 1 ? topology.levels.length - 1 : required === undefined ? -1 : levelIndex(topology, required);
  const bounds = level === -1 ? [0, nodes.length] : (topology.levels[level]?.bounds ?? []);
  const perDomain = groupByDomain(hunt, candidates, bounds);
  const isQuotaEnough = hunt.state.shares.findPromisedShortage(hunt.asker) === null;
  let best: VictimChoice | null = null;
  for (let domain = 0; domain + 1 < bounds.length; domain += 1) {
    const local = perDomain.get(domain) ?? [];
    // Without anybody to evict there, a domain helps only where quota alone is short.
    if (local.length === 0 && isQuotaEnough) continue;
    const inside = nodes.slice(bounds[domain], bounds[domain + 1]);
    const choice = chooseIn(hunt, inside, local, candidates);
    if (choice !== null && (best === null || choice.cost < best.cost)) best = choice;
  }
  return best;
}

/** Which candidates have members in which domain, in the order of the candidates. */
function groupByDomain(
  hunt: Hunt,
  candidates: readonly Running[],
  bounds: ArrayLike<number>,
): ReadonlyMap<number, readonly Running[]> {
  const groups = new Map<number, Running[]>();
  for (const run of candidates) {
    const domains = new Set<number>();
    for (const { node } of run.places) {
      const state = hunt.pool.node(node);
      if (state !== undefined) domains.add(domainOf(bounds, state.index));
    }
    for (const domain of domains) {
      const group = groups.get(domain);
      if (group === undefined) groups.set(domain, [run]);
      else group.push(run);
    }
  }
  return groups;
}

/** The domain whose range holds the node. */
function domainOf(bounds: ArrayLike<number>, node: number): number {
  let low = 0;
  let high = bounds.length - 1;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if ((bounds[middle] ?? 0) <= node) low = middle;
    else high = middle;
  }
  return low;
}

/** A what-if on one domain: who is gone, what that frees there, and whether the quota allows the asker in. */
class Attempt {
  readonly #hunt: Hunt;
  readonly #nodes: readonly NodeState[];
  readonly #slots: Int32Array;
  readonly #victims = new Map<string, Running>();
  readonly #isIgnored: IsIgnored;
  #total = 0;

  constructor(hunt: Hunt, nodes: readonly NodeState[]) {
    this.#hunt = hunt;
    this.#nodes = nodes;
    this.#slots = new Int32Array(hunt.pool.nodes.length);
    const others = hunt.state.ignorableFor(hunt.entry);
    this.#isIgnored = (claim) => this.#victims.has(claim.owner) || others(claim);
    for (const node of nodes) this.#look(node);
  }

  get victims(): readonly Running[] {
    return [...this.#victims.values()];
  }

  has(run: Running): boolean {
    return this.#victims.has(run.item.id);
  }

  put(run: Running): void {
    const { state, now } = this.#hunt;
    this.#victims.set(run.item.id, run);
    state.shares.unpromise({ queue: run.item.queue, amounts: run.amounts }, now);
    this.#update(run);
  }

  drop(run: Running): void {
    const { state, now } = this.#hunt;
    this.#victims.delete(run.item.id);
    state.shares.promise({ queue: run.item.queue, amounts: run.amounts }, now);
    this.#update(run);
  }

  #update(run: Running): void {
    const inside = new Set(run.places.map((place) => place.node));
    for (const node of this.#nodes) if (inside.has(node.spec.id)) this.#look(node);
  }

  #look(node: NodeState): void {
    const { state, entry, ask, now } = this.#hunt;
    state.search.looks += 1;
    const free = node.slotsDuring(ask.shape, now, now + entry.reckonedMs, this.#isIgnored, state.cluster.room);
    const slots = Math.min(ask.max, free);
    this.#total += slots - (this.#slots[node.index] ?? 0);
    this.#slots[node.index] = slots;
  }

  get hasRoom(): boolean {
    const { pool, ask } = this.#hunt;
    if (this.#total < ask.max) return false;
    return ask.max === 1 || placeMembers(pool.topology, this.#slots, { ...ask, min: ask.max }) !== null;
  }

  /** Whether quota and, for a guest, what the hosts leave suffice. */
  get isAllowed(): boolean {
    const { state, asker, entry, pool, ask } = this.#hunt;
    if (state.shares.findPromisedShortage(asker) !== null) return false;
    const freed = this.victims.reduce(
      (sum, run) => sum + (isIn(pool, run) ? heldMillis(run.item.shape, run.places) : 0),
      0,
    );
    return guestRoom(state, entry, pool) + freed >= memberMillis(ask.shape) * ask.max;
  }

  /** The places of the members, with the victims gone. */
  take(): readonly MemberPlace[] | null {
    const { pool, ask, now, entry, state } = this.#hunt;
    const whole = { ...ask, min: ask.max };
    return state.search.takeAll(pool, whole, this.#slots, now, now + entry.reckonedMs, this.#isIgnored);
  }
}

function chooseIn(
  hunt: Hunt,
  nodes: readonly NodeState[],
  local: readonly Running[],
  all: readonly Running[],
): VictimChoice | null {
  return hunt.state.shares.tryOut(() => {
    const attempt = new Attempt(hunt, nodes);
    for (const run of local) {
      if (attempt.hasRoom) break;
      attempt.put(run);
    }
    if (!attempt.hasRoom) return null;
    for (const run of all) {
      if (attempt.isAllowed) break;
      if (!attempt.has(run)) attempt.put(run);
    }
    if (!attempt.isAllowed) return null;
    // Leave alone whoever is not needed, the most expensive first.
    for (const run of attempt.victims.toSorted((left, right) => hunt.costOf(right) - hunt.costOf(left))) {
      attempt.drop(run);
      if (!attempt.hasRoom || !attempt.isAllowed) attempt.put(run);
    }
    const places = attempt.take();
    if (places === null) return null;
    const victims = attempt.victims.toSorted((left, right) => (left.item.id < right.item.id ? -1 : 1));
    return { victims, pool: hunt.pool, places, cost: victims.reduce((sum, run) => sum + hunt.costOf(run), 0) };
  });
}
