import type { Instant } from "../../base/clock.ts";
import { chooseVictims, lostSeconds, type VictimChoice } from "./choose-victims.ts";
import { amountsOf, heldMillis } from "./amounts.ts";
import { type EngineState, isGuest } from "./engine-state.ts";
import { byTurn, type Running, type Waiting } from "./entry.ts";
import type { CycleDecisions, Eviction, MemberPlace, Shrink } from "./model.ts";
import { askIn } from "./place-options.ts";

/** Evictions are remembered for this many workloads; the oldest are forgotten first. */
const evictedMax = 100_000;

/** Makes room for those who wait and have a right to it, by the evictions that lose least work. */
export function preempt(state: EngineState, now: Instant): Pick<CycleDecisions, "evictions" | "shrinks"> {
  const evictions: Eviction[] = [];
  const shrinks: Shrink[] = [];
  if (!state.settings.isPreemptionOn) return { evictions, shrinks };
  let tries = 0;
  for (const entry of askersOf(state, now)) {
    if (tries >= state.settings.preemptionTriesMax) break;
    tries += 1;
    entry.triedIn = state.cluster.state;
    entry.huntAgainAt = Number.POSITIVE_INFINITY;
    const choice = chooseBest(state, entry, now);
    if (choice !== null) makeRoom(state, entry, choice, now, evictions, shrinks);
  }
  return { evictions, shrinks };
}

/** Those with a right to somebody's place: of each class and line the first, the highest priority before the others. */
function askersOf(state: EngineState, now: Instant): readonly Waiting[] {
  const lowest = new Map<string, number>();
  const askers: Waiting[] = [];
  for (const line of state.lines.values()) {
    for (const entry of line.heads()) {
      const hasHunted = entry.triedIn === state.cluster.state && now < entry.huntAgainAt;
      if (hasHunted || (entry.plan !== null && entry.plan.heldUntil !== null)) continue;
      if (startsAsSoon(state, entry, now)) continue;
      if (hasRight(state, entry, lowest)) askers.push(entry);
    }
  }
  return askers.toSorted((left, right) => right.item.priority - left.item.priority || byTurn(left, right));
}

/** Whether a workload is planned to start no later than an eviction would have made room: then that would gain nothing. */
export function startsAsSoon(state: EngineState, { plan }: Waiting, now: Instant): boolean {
  return plan !== null && plan.at > now && plan.at <= now + state.settings.stopMs;
}

/** Whether anybody could be evicted for the workload at all: by rank, to have its own back, or as a guest. */
function hasRight(state: EngineState, { item }: Waiting, lowest: Map<string, number>): boolean {
  const { queue, priority, shape, members, timesPreempted } = item;
  const policies = state.shares.policiesOf(queue);
  if (policies.preempt !== "never" && timesPreempted === 0) {
    const least = lowest.get(queue) ?? lowestPriority(state, queue);
    lowest.set(queue, least);
    if (least < priority || (least === priority && policies.preempt === "any")) return true;
  }
  if (policies.reclaim !== "never" && state.shares.isOwn({ queue, amounts: amountsOf(shape, members.min, null) }))
    return true;
  return item.pools.some((id) => {
    const pool = state.cluster.pool(id)?.spec;
    return pool !== undefined && !isGuest(item, pool.role) && state.poolUse(id).guests > 0;
  });
}

function lowestPriority(state: EngineState, queue: string): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { item } of state.runsByQueue.get(queue) ?? []) least = Math.min(least, item.priority);
  return least;
}

function chooseBest(state: EngineState, entry: Waiting, now: Instant): VictimChoice | null {
  let best: VictimChoice | null = null;
  for (const id of entry.item.pools) {
    const pool = state.cluster.pool(id);
    if (pool === undefined) continue;
    for (const ask of askIn(entry, pool)) {
      const choice = chooseVictims(state, entry, pool, ask, now);
      if (choice !== null && (best === null || choice.cost < best.cost)) best = choice;
    }
  }
  return best;
}

function makeRoom(
  state: EngineState,
  entry: Waiting,
  { victims, places }: VictimChoice,
  now: Instant,
  evictions: Eviction[],
  shrinks: Shrink[],
): void {
  const forId = entry.item.id;
  let isAllShrunk = true;
  for (const run of victims) {
    const kept = keptBy(run, places);
    if (kept !== null) {
      state.shrink(run, kept, now);
      shrinks.push({ id: run.item.id, forId, places: kept });
      continue;
    }
    isAllShrunk = false;
    const gpus = heldMillis(run.item.shape, run.places) / 1000;
    evictions.push({ id: run.item.id, forId, lostGpuSeconds: gpus * lostSeconds(run, now) });
    state.stop(run, now, now + state.settings.stopMs);
    remember(state, run.item.id, forId);
  }
  const at = isAllShrunk ? now : now + state.settings.stopMs;
  state.setPlan(entry, at, places, at + state.settings.holdMs);
}

/** The members that an elastic workload may keep beside the newcomer, if these are enough for it; null: it must go. */
function keptBy(run: Running, places: readonly MemberPlace[]): readonly MemberPlace[] | null {
  const { members } = run.item;
  if (members.min === members.max || run.places.length === members.min) return null;
  const taken = new Set(places.map((place) => place.node));
  const kept = run.places.filter((place) => !taken.has(place.node) || !isTouched(place, places));
  return kept.length >= members.min && kept.length < run.places.length ? kept : null;
}

function isTouched(place: MemberPlace, places: readonly MemberPlace[]): boolean {
  if (place.gpus.length === 0) return true;
  return places.some(
    (other) => other.node === place.node && other.gpus.some((gpu) => place.gpus.some((own) => own.index === gpu.index)),
  );
}

function remember(state: EngineState, victim: string, evictor: string): void {
  const known = state.evictors.get(victim) ?? new Set<string>();
  state.evictors.set(victim, known.add(evictor));
  if (state.evictors.size <= evictedMax) return;
  const [oldest] = state.evictors.keys();
  if (oldest !== undefined) state.evictors.delete(oldest);
}
