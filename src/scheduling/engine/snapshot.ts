import type { Instant } from "../../base/clock.ts";
import type { TypicalWorkload } from "../placement/typical-mix.ts";
import type { QuotaNode } from "../quota/model.ts";
import type { EngineState } from "./engine-state.ts";
import type { Waiting } from "./entry.ts";
import type { EngineSnapshot, SavedPlan, SavedTry } from "./model.ts";

/** Writes down everything the engine knows. */
export function takeSnapshot(
  state: EngineState,
  quota: readonly QuotaNode[],
  mix: TypicalWorkload,
  now: Instant,
): EngineSnapshot {
  const pools = [...state.cluster.pools];
  return {
    at: Number.isFinite(now) ? now : null,
    settings: state.settings,
    quota,
    mix,
    pools: pools.map((pool) => pool.spec),
    nodes: pools.flatMap((pool) => pool.specs),
    prices: Object.fromEntries(pools.flatMap(({ spec, prices }) => (prices === undefined ? [] : [[spec.id, prices]]))),
    waiting: [...state.waiting.values()].map((entry) => entry.item),
    running: [...state.running.values()].map(({ item, places, startedAt, checkpointAt, isStopping, endBy }) => ({
      item,
      places,
      startedAt,
      checkpointAt,
      isStopping,
      endBy,
    })),
    reservations: [...state.reservations.values()].map(({ reservation }) => reservation),
    plans: [...state.waiting.values()].flatMap((entry) => savePlan(entry)),
    tries: saveTries(state),
    past: state.shares.keptPast(),
    evictors: Object.fromEntries([...state.evictors].map(([id, evictors]) => [id, [...evictors]])),
  };
}

function savePlan({ item, plan, reckonedMs }: Waiting): readonly SavedPlan[] {
  if (plan === null) return [];
  const { at, places, ahead, heldUntil, turn, isHardBound, laid } = plan;
  const saved = { id: item.id, at, places, ahead, heldUntil, marks: turn.standing.marks, isHardBound };
  const endBy = laid[0]?.claim.end ?? at + reckonedMs;
  return [endBy === at + reckonedMs ? saved : { ...saved, endBy }];
}

function saveTries(state: EngineState): readonly SavedTry[] {
  const now = state.cluster.state;
  const blocked = new Set([...state.lines.values()].flatMap((line) => [...line.blocked(now)]));
  return [...state.waiting.values()].flatMap((entry): readonly SavedTry[] => {
    const { status, replanAt, huntAgainAt } = entry;
    const hasHunted = entry.triedIn === now;
    const isBlocked = blocked.has(entry);
    if (status !== "unplannable" && !hasHunted && !isBlocked) return [];
    return [
      {
        id: entry.item.id,
        hasHunted,
        ...(status === "unplannable" ? { replanAt: Number.isFinite(replanAt) ? replanAt : null } : {}),
        ...(hasHunted && Number.isFinite(huntAgainAt) ? { huntAgainAt } : {}),
        ...(isBlocked ? { isBlocked } : {}),
      },
    ];
  });
}

/** Puts into an engine that has its pools and nodes what else a snapshot holds. */
export function layDown(state: EngineState, snapshot: EngineSnapshot): void {
  for (const { item, places, startedAt, endBy, checkpointAt, isStopping } of snapshot.running) {
    const run = state.run(item, places, startedAt, endBy);
    run.checkpointAt = checkpointAt;
    if (isStopping) state.stop(run, startedAt, endBy);
  }
  for (const item of snapshot.waiting) state.submit(item);
  for (const reservation of snapshot.reservations) {
    const laid = state.cluster.layReservation(reservation);
    state.reservations.set(reservation.id, { reservation, laid });
  }
  for (const plan of snapshot.plans) state.layPlan(plan);
  for (const pool of state.cluster.pools) pool.takePrices(snapshot.prices?.[pool.spec.id]);
  for (const saved of snapshot.tries) restoreTry(state, saved);
  state.shares.restorePast(snapshot.past);
  for (const [id, evictors] of Object.entries(snapshot.evictors)) state.evictors.set(id, new Set(evictors));
}

function restoreTry(state: EngineState, { id, replanAt, hasHunted, huntAgainAt, isBlocked }: SavedTry): void {
  const entry = state.waiting.get(id);
  if (entry === undefined) return;
  if (hasHunted) entry.triedIn = state.cluster.state;
  if (huntAgainAt !== undefined) entry.huntAgainAt = huntAgainAt;
  if (isBlocked === true) entry.line.block(entry, state.cluster.state);
  if (replanAt !== undefined) state.giveUp(entry, replanAt ?? Number.POSITIVE_INFINITY);
}
