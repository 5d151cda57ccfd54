import type { Instant } from "../../base/clock.ts";
import type { TypicalWorkload } from "../placement/typical-mix.ts";
import type { QuotaNode } from "../quota/model.ts";
import type { EngineState } from "./engine-state.ts";
import type { EngineSnapshot, SavedTry } from "./model.ts";

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
    nodes: pools.flatMap((pool) => pool.nodes.map((node) => node.spec)),
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
    plans: [...state.waiting.values()].flatMap(({ item, plan }) => {
      if (plan === null) return [];
      const { at, places, ahead, heldUntil, standing, isHardBound } = plan;
      return [{ id: item.id, at, places, ahead, heldUntil, marks: standing.marks, isHardBound }];
    }),
    tries: [...state.waiting.values()].flatMap(({ item, status, replanAt, triedIn }): readonly SavedTry[] => {
      const hasHunted = triedIn === state.cluster.state;
      if (status !== "unplannable") return hasHunted ? [{ id: item.id, hasHunted }] : [];
      return [{ id: item.id, hasHunted, replanAt: Number.isFinite(replanAt) ? replanAt : null }];
    }),
    past: state.shares.readPast(now),
    evictors: Object.fromEntries([...state.evictors].map(([id, evictors]) => [id, [...evictors]])),
  };
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
  for (const saved of snapshot.tries) restoreTry(state, saved);
  state.shares.restorePast(snapshot.past);
  for (const [id, evictors] of Object.entries(snapshot.evictors)) state.evictors.set(id, new Set(evictors));
}

function restoreTry(state: EngineState, { id, replanAt, hasHunted }: SavedTry): void {
  const entry = state.waiting.get(id);
  if (entry === undefined) return;
  if (hasHunted) entry.triedIn = state.cluster.state;
  if (replanAt === undefined) return;
  entry.status = "unplannable";
  if (replanAt === null) return;
  entry.replanAt = replanAt;
  state.unplannable.push(entry);
}
