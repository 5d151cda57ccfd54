import type { EngineState } from "./engine-state.ts";
import type { LaidClaim } from "./entry.ts";
import type { AdvanceReservation } from "./model.ts";

/** Drops the plans of queues that a reservation is not for, where it overlaps them; freed capacity that is held stays. */
export function clearReserved(state: EngineState, reservation: AdvanceReservation, laid: readonly LaidClaim[]): void {
  const { start, end, queues } = reservation;
  for (const { node } of laid) {
    const owners = (state.cluster.node(node)?.future ?? [])
      .filter((claim) => claim.turn !== null && !claim.turn.isHeld && claim.start < end && claim.end > start)
      .map((claim) => claim.owner);
    for (const owner of owners) {
      const entry = state.waiting.get(owner);
      if (entry === undefined || queues.includes(entry.item.queue)) continue;
      state.dropPlan(entry);
      entry.displacedIn = state.cycles;
    }
  }
}
