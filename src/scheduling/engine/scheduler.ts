import type { Instant } from "../../base/clock.ts";
import { EngineState } from "./engine-state.ts";
import type {
  AdvanceReservation,
  CycleDecisions,
  EngineNode,
  EnginePool,
  EngineSettings,
  PlannedStart,
  RunningItem,
  WorkItem,
} from "./model.ts";
import type { NodeScore } from "./pool-state.ts";
import type { QueueShares } from "./queue-shares.ts";
import { runCycle } from "./run-cycle.ts";

/**
 * The scheduling engine: told what there is, who asks and what ended, it decides who starts where, when the others will,
 * and who must make room.
 *
 * Pure: it knows no clock, no chance and no world; the same calls give the same decisions. A start counts as running
 * from the cycle that decided it; an evicted workload keeps its place until `finish` says that it is gone.
 */
export class Scheduler {
  readonly #state: EngineState;

  constructor(settings: EngineSettings, shares: QueueShares, score: NodeScore) {
    this.#state = new EngineState(settings, shares, score);
  }

  setPool(pool: EnginePool): void {
    this.#state.cluster.setPool(pool);
  }

  /**
   * Adds a node or changes one. What runs there stays; what is planned there is planned anew.
   *
   * @throws {Fault} `scheduling.topology-invalid` when its pool is unknown or has other levels.
   */
  setNode(node: EngineNode): void {
    this.#dropPlansOn(node.id);
    this.#state.cluster.setNode(node);
  }

  /** Takes a node away. Answers with the workloads that lost their place with it; they are no longer known. */
  removeNode(id: string, now: Instant): readonly string[] {
    this.#dropPlansOn(id);
    const lost = new Set(this.#state.cluster.node(id)?.running.map((claim) => claim.owner));
    for (const owner of lost) this.#state.finish(owner, now);
    this.#state.cluster.removeNode(id);
    return [...lost].toSorted();
  }

  #dropPlansOn(node: string): void {
    const owners = this.#state.cluster.node(node)?.future.map((claim) => claim.owner) ?? [];
    for (const owner of owners) {
      const entry = this.#state.waiting.get(owner);
      if (entry !== undefined) this.#state.dropPlan(entry);
    }
  }

  submit(item: WorkItem): void {
    this.#state.submit(item);
  }

  /** Counts a workload that runs already, as after a restart. */
  adopt(running: RunningItem): void {
    this.#state.adopt(running);
  }

  /** A running workload has ended, or a waiting one is no longer wanted. */
  finish(id: string, now: Instant): void {
    this.#state.finish(id, now);
  }

  /** A running workload has saved its work. */
  checkpoint(id: string, at: Instant): void {
    const run = this.#state.running.get(id);
    if (run !== undefined) run.checkpointAt = at;
  }

  /** Sets nodes aside. What runs there runs on; what is planned there is planned anew. */
  reserve(reservation: AdvanceReservation): void {
    this.cancelReservation(reservation.id);
    const laid = this.#state.cluster.layReservation(reservation);
    this.#state.reservations.set(reservation.id, { reservation, laid });
    this.#state.pushAside(laid, reservation.id);
  }

  cancelReservation(id: string): void {
    const known = this.#state.reservations.get(id);
    if (known === undefined) return;
    this.#state.cluster.lift(known.laid);
    this.#state.reservations.delete(id);
  }

  /** Decides what happens now. */
  cycle(now: Instant): CycleDecisions {
    const starts = runCycle(this.#state, now);
    return { starts, evictions: [], shrinks: [] };
  }

  /** When and where a waiting workload starts at the latest, as far as it is known. */
  plannedStart(id: string): PlannedStart | undefined {
    const plan = this.#state.waiting.get(id)?.plan;
    if (plan == null) return undefined;
    return { at: plan.at, places: plan.places, isHardBound: plan.isHardBound, isHeld: plan.heldUntil !== null };
  }

  get waitingCount(): number {
    return this.#state.waiting.size;
  }

  get runningCount(): number {
    return this.#state.running.size;
  }
}
