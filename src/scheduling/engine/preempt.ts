import type { Instant } from "../../base/clock.ts";
import { chooseVictims, lostSeconds, type VictimChoice } from "./choose-victims.ts";
import type { EngineState } from "./engine-state.ts";
import type { Running, Waiting } from "./entry.ts";
import { memberMillis } from "./amounts.ts";
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
  for (const entry of askersOf(state)) {
    if (tries >= state.settings.preemptionTriesMax) break;
    tries += 1;
    entry.triedIn = state.cluster.state;
    const choice = chooseBest(state, entry, now);
    if (choice !== null) makeRoom(state, entry, choice, now, evictions, shrinks);
  }
  return { evictions, shrinks };
}

/** The first of each class and line, in the order in which their lines would be served; not those who were tried already. */
function askersOf(state: EngineState): readonly Waiting[] {
  const heads = [...state.lines.values()].flatMap((line) => line.heads());
  return heads
    .filter((entry) => entry.triedIn !== state.cluster.state && (entry.plan === null || entry.plan.heldUntil === null))
    .toSorted((left, right) => right.item.priority - left.item.priority || left.key - right.key);
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
    const gpus = (memberMillis(run.item.shape) * run.places.length) / 1000;
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
