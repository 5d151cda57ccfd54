import type { Instant } from "../../base/clock.ts";
import { heldMillis } from "../engine/amounts.ts";
import { chooseVictims, lostSeconds, type VictimChoice } from "../engine/choose-victims.ts";
import type { EngineState } from "../engine/engine-state.ts";
import { byTurn, type Running, type Waiting } from "../engine/entry.ts";
import { wholeGpu } from "../engine/model.ts";
import { askIn } from "../engine/place-options.ts";
import { startsAsSoon } from "../engine/preempt.ts";
import type { Scheduler } from "../engine/scheduler.ts";
import type { Forecast } from "../forecast/forecast-starts.ts";
import { findReason } from "./find-reason.ts";
import type { ForeseenEviction, ItemExplanation } from "./model.ts";

/**
 * Why a waiting workload waits, behind how many, when it starts, and after whom; undefined for one that does not wait.
 *
 * Reads the engine as its last cycle left it and changes nothing. Cost: the nodes of its pools and what waits in its
 * queue; where eviction is on, also one search for victims, if the last cycles made none.
 *
 * @param forecast of the same engine; without one there is no `eta`.
 */
export function explainItem(
  scheduler: Scheduler,
  id: string,
  now: Instant,
  forecast: Forecast | null = null,
): ItemExplanation | undefined {
  const { state } = scheduler;
  const entry = state.waiting.get(id);
  if (entry === undefined) return undefined;
  const { item, plan } = entry;
  const reason = findReason(state, entry, now);
  return {
    id,
    name: item.name,
    queue: item.queue,
    ...positionOf(state, entry),
    reason,
    eta: forecast?.starts.get(id) ?? null,
    plannedPlaces: plan?.places ?? null,
    evicts: reason.isLasting ? [] : evictedFor(state, entry, now),
  };
}

function positionOf(state: EngineState, entry: Waiting): Pick<ItemExplanation, "position" | "waitingInQueue"> {
  let position = 1;
  let waitingInQueue = 0;
  for (const other of state.waiting.values()) {
    if (other.item.queue !== entry.item.queue) continue;
    waitingInQueue += 1;
    if (byTurn(other, entry) < 0) position += 1;
  }
  return { position, waitingInQueue };
}

/** Whom it has told to stop; else whom the engine would choose for it now. */
function evictedFor(state: EngineState, entry: Waiting, now: Instant): readonly ForeseenEviction[] {
  const { plan, item } = entry;
  if (plan !== null && plan.heldUntil !== null) {
    const leaving = [...state.running.values()].filter(
      (run) => run.isStopping && state.evictors.get(run.item.id)?.has(item.id) === true,
    );
    return leaving.map((run) => foresee(run, now));
  }
  if (!state.settings.isPreemptionOn || entry.triedIn === state.cluster.state || startsAsSoon(state, entry, now))
    return [];
  return findVictims(state, entry, now)?.victims.map((run) => foresee(run, now)) ?? [];
}

/** Whom the engine would evict for a waiting workload: the choice that loses least work over all pools that will do. */
export function findVictims(state: EngineState, entry: Waiting, now: Instant): VictimChoice | null {
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

/** What an eviction of the run would cost, for people. */
export function foresee(run: Running, now: Instant): ForeseenEviction {
  const { item, places } = run;
  const gpus = heldMillis(item.shape, places) / wholeGpu;
  return { id: item.id, name: item.name, queue: item.queue, gpus, lostGpuSeconds: gpus * lostSeconds(run, now) };
}
