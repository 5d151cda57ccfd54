import type { Instant } from "../../base/clock.ts";
import { type TypicalWorkload, typicalWorkload } from "../placement/typical-mix.ts";
import type { Amounts, QuotaNode } from "../quota/model.ts";
import { checkReservation } from "./check-input.ts";
import { clearReserved } from "./clear-reserved.ts";
import { EngineState } from "./engine-state.ts";
import {
  type AdvanceReservation,
  type CycleDecisions,
  type EngineNode,
  type EnginePool,
  type EngineSettings,
  type EngineSnapshot,
  type PlannedStart,
  type RunningItem,
  type SavedPlan,
  type WorkItem,
  wholeGpu,
} from "./model.ts";
import { preempt } from "./preempt.ts";
import { QueueShares } from "./queue-shares.ts";
import { recountShares } from "./recount-shares.ts";
import { runCycle } from "./run-cycle.ts";
import { layDown, takeSnapshot } from "./snapshot.ts";

/**
 * The scheduling engine: told what there is, who asks and what ended, it decides who starts where, when the others will,
 * and who must make room.
 *
 * Pure: it knows no clock, no chance and no world; the same calls give the same decisions. A start counts as running
 * from the cycle that decided it; an evicted workload keeps its place until `finish` says that it is gone.
 */
export class Scheduler {
  readonly #state: EngineState;
  #quota: readonly QuotaNode[];
  #mix: TypicalWorkload = typicalWorkload([]);
  #isCapacityStale = false;
  #lastCycleAt = Number.NEGATIVE_INFINITY;

  /** @throws {RangeError} when `quota` is no tree: check it first with `checkQuotaTree`. */
  constructor(settings: EngineSettings, quota: readonly QuotaNode[]) {
    this.#quota = quota;
    this.#state = new EngineState(settings, sharesOf(quota, settings));
  }

  /**
   * Puts another quota tree in the place of this one. What runs runs on, what is planned stays planned, and whoever waits
   * without a plan is looked at again. Cost: that of a restart, but for places.
   *
   * @throws {RangeError} when `quota` is no tree, or a queue in use is no queue of it.
   */
  setQuota(quota: readonly QuotaNode[], now: Instant): void {
    const { shares, settings } = this.#state;
    const past = shares.readPast(now);
    const next = sharesOf(quota, settings);
    next.setCapacity(this.#capacity(), Number.NEGATIVE_INFINITY);
    this.#quota = quota;
    recountShares(this.#state, next, past);
  }

  /** What workloads typically ask for, as `typicalWorkload` tells: placement keeps room for it. */
  setMix(mix: TypicalWorkload): void {
    this.#mix = mix;
    this.#state.cluster.setMix(mix);
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
    this.#isCapacityStale = true;
  }

  /** Takes a node away. Answers with the workloads that lost their place with it; they are no longer known. */
  removeNode(id: string, now: Instant): readonly string[] {
    this.#dropPlansOn(id);
    const lost = new Set(this.#state.cluster.node(id)?.running.map((claim) => claim.owner));
    for (const owner of lost) this.#state.finish(owner, now);
    this.#state.cluster.removeNode(id);
    this.#isCapacityStale = true;
    return [...lost].toSorted();
  }

  #dropPlansOn(node: string): void {
    const owners = this.#state.cluster.node(node)?.future.map((claim) => claim.owner) ?? [];
    for (const owner of owners) {
      const entry = this.#state.waiting.get(owner);
      if (entry !== undefined) this.#state.dropPlan(entry);
    }
  }

  /**
   * Puts a workload into its queue; one that is known already is put there anew.
   *
   * @throws {Fault} `scheduling.request-invalid`; `scheduling.queue-unknown`.
   */
  submit(item: WorkItem): void {
    this.#state.withdraw(item.id);
    this.#state.submit(item);
  }

  /** Counts a workload that runs already, as after a restart or a move; what was planned there is planned anew. */
  adopt({ item, places, startedAt, checkpointAt, isStopping }: RunningItem): void {
    const run = this.#state.run(item, places, startedAt, this.#state.reckonEnd(item, startedAt));
    run.checkpointAt = checkpointAt;
    if (isStopping) this.#state.stop(run, startedAt, run.endBy);
    this.#state.pushAside(run.laid, item.id);
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

  /**
   * Sets nodes aside. What runs there runs on; what others planned there for that time is planned anew.
   *
   * @throws {Fault} `scheduling.reservation-invalid`.
   */
  reserve(reservation: AdvanceReservation): void {
    checkReservation(reservation, (id) => this.#state.cluster.node(id) !== undefined);
    this.cancelReservation(reservation.id);
    const laid = this.#state.cluster.layReservation(reservation);
    this.#state.reservations.set(reservation.id, { reservation, laid });
    clearReserved(this.#state, reservation, laid);
  }

  cancelReservation(id: string): void {
    const known = this.#state.reservations.get(id);
    if (known === undefined) return;
    this.#state.cluster.lift(known.laid);
    this.#state.reservations.delete(id);
  }

  /**
   * Decides what happens now. A clock that went back counts as standing still.
   *
   * @param planningLooksMax in place of what the settings say: less where cycles must be short, more where there is time.
   */
  cycle(at: Instant, planningLooksMax: number = this.#state.settings.planningLooksMax): CycleDecisions {
    this.#state.planningLooksMax = planningLooksMax;
    const now = Math.max(at, this.#lastCycleAt);
    this.#lastCycleAt = now;
    if (this.#isCapacityStale) this.#countCapacity(now);
    const starts = runCycle(this.#state, now);
    return { starts, ...preempt(this.#state, now) };
  }

  /** The earliest moment at which a start is planned: a cycle is due then. */
  nextPlannedAt(): Instant | undefined {
    for (let first = this.#state.due.peek(); first !== undefined; first = this.#state.due.peek()) {
      if (first.entry.plan === first.plan) return first.plan.at;
      this.#state.due.pop();
    }
    return undefined;
  }

  /** When and where a waiting workload starts at the latest, as far as it is known. */
  plannedStart(id: string): PlannedStart | undefined {
    const plan = this.#state.waiting.get(id)?.plan ?? null;
    if (plan === null) return undefined;
    return { at: plan.at, places: plan.places, isHardBound: plan.isHardBound, isHeld: plan.heldUntil !== null };
  }

  /** The plan of a waiting workload as a snapshot keeps it: the same object for as long as it stands. */
  planOf(id: string): Omit<SavedPlan, "id"> | null {
    return this.#state.waiting.get(id)?.plan ?? null;
  }

  /** The quota tree with what each queue holds. */
  get shares(): QueueShares {
    return this.#state.shares;
  }

  /** Everything the engine knows, as plain data. */
  snapshot(): EngineSnapshot {
    const snapshot = takeSnapshot(this.#state, this.#quota, this.#mix, this.#lastCycleAt);
    return this.#isCapacityStale ? { ...snapshot, countedCapacity: this.#state.shares.capacity } : snapshot;
  }

  /** An engine that knows what the snapshot holds, and decides as the one did that it was taken from. */
  static restore(snapshot: EngineSnapshot): Scheduler {
    const scheduler = new Scheduler(snapshot.settings, snapshot.quota);
    scheduler.setMix(snapshot.mix);
    for (const pool of snapshot.pools) scheduler.setPool(pool);
    for (const node of snapshot.nodes) scheduler.setNode(node);
    const at = snapshot.at ?? Number.NEGATIVE_INFINITY;
    if (snapshot.countedCapacity === undefined) scheduler.#countCapacity(at);
    else scheduler.#state.shares.setCapacity(snapshot.countedCapacity, at);
    scheduler.#lastCycleAt = at;
    scheduler.#state.cycledAt = at;
    layDown(scheduler.#state, snapshot);
    return scheduler;
  }

  #countCapacity(now: Instant): void {
    this.#state.shares.setCapacity(this.#capacity(), now);
    this.#isCapacityStale = false;
  }

  /** All there is of each resource. */
  #capacity(): Amounts {
    const capacity: Record<string, number> = {};
    const add = (key: string, amount: number): void => {
      capacity[key] = (capacity[key] ?? 0) + amount;
    };
    for (const { specs } of this.#state.cluster.pools) {
      for (const spec of specs) {
        add("cpu", spec.cpuMillis);
        add("memory", spec.memory);
        add("gpu", spec.gpus * wholeGpu);
        if (spec.gpuModel !== null) add(`gpu:${spec.gpuModel}`, spec.gpus * wholeGpu);
        for (const [name, amount] of Object.entries(spec.custom ?? {})) add(name, amount);
      }
    }
    return capacity;
  }

  /** What the engine knows, for those who explain it; only the engine changes it. */
  get state(): EngineState {
    return this.#state;
  }

  get waitingCount(): number {
    return this.#state.waiting.size;
  }

  get runningCount(): number {
    return this.#state.running.size;
  }
}

function sharesOf(quota: readonly QuotaNode[], { halfLifeMs, historyWeight }: EngineSettings): QueueShares {
  return new QueueShares(quota, { capacity: {}, halfLifeMs, historyWeight });
}
