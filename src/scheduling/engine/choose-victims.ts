import type { Instant } from "../../base/clock.ts";
import { amountsOf, heldMillis } from "./amounts.ts";
import { type EngineState, isGuest } from "./engine-state.ts";
import type { Running, Waiting } from "./entry.ts";
import { EvictionAttempt, type Hunt, isIn, isLetIn, type NodeRange } from "./eviction-attempt.ts";
import type { MemberPlace, WorkItem } from "./model.ts";
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
  const given = { state, entry, asker, pool, ask, now, costOf, isIgnored: state.ignorableFor(entry) };
  const hunt: Hunt = { ...given, slots: new Int32Array(pool.nodes.length), isLetIn: isLetIn(given, []) };
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
      // Whoever is reckoned to end before it would have made room makes room by itself.
      if (run.endBy <= now + state.settings.stopMs) continue;
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
  const perGpu = new Map(
    candidates.map((run) => [run, costOf(run) / Math.max(1, heldMillis(run.item.shape, run.places))]),
  );
  return candidates.sort(
    (left, right) => (perGpu.get(left) ?? 0) - (perGpu.get(right) ?? 0) || (left.item.id < right.item.id ? -1 : 1),
  );
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
    const range = { from: bounds[domain] ?? 0, to: bounds[domain + 1] ?? 0 };
    const choice = chooseIn(hunt, range, local, candidates, best === null ? Number.POSITIVE_INFINITY : best.cost);
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

/** @param costMost a choice that costs as much or more is not wanted. */
function chooseIn(
  hunt: Hunt,
  range: NodeRange,
  local: readonly Running[],
  all: readonly Running[],
  costMost: number,
): VictimChoice | null {
  return hunt.state.shares.tryOut(() => {
    const attempt = new EvictionAttempt(hunt, range);
    const choice = isTooDear(hunt, attempt, local, all, costMost) ? null : complete(hunt, attempt, local, all);
    attempt.close();
    return choice;
  });
}

/** Whether somebody must go, and already the cheapest of those who come into question costs too much. */
function isTooDear(
  { costOf }: Hunt,
  attempt: EvictionAttempt,
  local: readonly Running[],
  all: readonly Running[],
  costMost: number,
): boolean {
  if (costMost === Number.POSITIVE_INFINITY) return false;
  const asked = attempt.hasRoom ? (attempt.isAllowed ? [] : all) : local;
  return asked.length > 0 && asked.every((run) => costOf(run) >= costMost);
}

/** Takes runs until the asker has room and is allowed in, then leaves alone who is not needed. */
function complete(
  hunt: Hunt,
  attempt: EvictionAttempt,
  local: readonly Running[],
  all: readonly Running[],
): VictimChoice | null {
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
}
