import { canonicalJson } from "../../base/canonical-json.ts";
import type { Instant } from "../../base/clock.ts";
import type { Assignment, EvictionOrder, PendingReason, QueuedWorkload, ShrinkOrder } from "../../compute/ports.ts";
import { displayName } from "../../compute/workload-row.ts";
import type { CycleDecisions, EngineSettings, RunningItem, SavedPlan, Start } from "../engine/model.ts";
import { Scheduler } from "../engine/scheduler.ts";
import { DurationForecasts } from "./duration-forecast.ts";
import { toMemberPlaces, toWorkloadPlaces } from "./engine-nodes.ts";
import { modelsOfTree } from "./declared-tree.ts";
import {
  engineSnapshotOf,
  isHolding,
  isWaiting,
  type Surroundings,
  surroundingsOf,
  toReservation,
  withDeclared,
} from "./engine-snapshot.ts";
import { toWorkItem } from "./to-work-item.ts";
import { TwinClaims } from "./twin-claims.ts";
import { findUnaskable } from "./waiting-reason.ts";
import type { Declared, PoolReservation, SavedHistory, StoredPlan, World, WorldChange } from "./world.ts";

/** The past of the fair share is written down this often; what is lost with the process is the time since. */
const historyMs = 5_000;

type PlanObject = ReturnType<Scheduler["planOf"]>;

/** What the mirror knows of a workload. */
interface Known {
  workload: QueuedWorkload;
  /** `unaskable`: the engine cannot be asked about it, as when its queue is not in the quota tree. */
  readonly status: "waiting" | "unaskable" | "running";
  /** The plan as it is stored. */
  plan: PlanObject;
}

/** What a pass decided, in the words of the database. */
export interface MirrorDecisions {
  readonly assignments: readonly Assignment[];
  readonly evictions: readonly EvictionOrder[];
  readonly shrinks: readonly ShrinkOrder[];
  readonly plansSet: readonly StoredPlan[];
  readonly plansDropped: readonly string[];
  readonly history: Readonly<Record<string, SavedHistory>>;
}

/**
 * An engine that is kept in step with the database: what changed there is told to it, and what it decides is told in the
 * words of the database.
 *
 * What it decides it takes for done. If it could not be written down, throw the mirror away and build another.
 */
export class EngineMirror {
  readonly engine: Scheduler;
  #surroundings: Surroundings;
  /** How far in the event log it has read. */
  seq: number;
  /** Workloads to read again although no event tells of them. */
  rereads: readonly string[] = [];
  readonly #known = new Map<string, Known>();
  readonly #twins: TwinClaims;
  readonly #forecasts: DurationForecasts;
  readonly #savedHistory = new Map<string, SavedHistory>();
  #stalePlans: readonly string[];
  #historyAt = Number.NEGATIVE_INFINITY;

  constructor(world: World, settings: EngineSettings, now: Instant) {
    this.seq = world.seq;
    this.#forecasts = new DurationForecasts(world.ended);
    this.#surroundings = surroundingsOf(world.declared, (workload) => this.#forecasts.of(workload));
    this.#twins = new TwinClaims(this.surroundings.map);
    const snapshot = engineSnapshotOf(world, this.surroundings, settings, now);
    this.engine = Scheduler.restore(snapshot);
    for (const run of snapshot.running) this.#shadow(run);
    for (const workload of world.workloads) this.#remember(workload);
    const kept = new Set(snapshot.plans.map((plan) => plan.id));
    this.#stalePlans = world.plans.filter((plan) => !kept.has(plan.id)).map((plan) => plan.id);
    for (const [id, past] of Object.entries(world.history)) this.#savedHistory.set(id, past);
  }

  get surroundings(): Surroundings {
    return this.#surroundings;
  }

  #remember(workload: QueuedWorkload): void {
    const { id } = workload;
    if (isHolding(workload)) this.#known.set(id, { workload, status: "running", plan: null });
    if (!isWaiting(workload)) return;
    const status = findUnaskable(workload, this.surroundings) === null ? "waiting" : "unaskable";
    this.#known.set(id, { workload, status, plan: this.engine.planOf(id) });
  }

  /** Those that wait, in no particular order. */
  *waiting(): Iterable<QueuedWorkload> {
    for (const { status, workload } of this.#known.values()) if (status !== "running") yield workload;
  }

  /** Whether anything waits. */
  get isAnyoneWaiting(): boolean {
    for (const _ of this.waiting()) return true;
    return false;
  }

  /**
   * Takes over what changed.
   *
   * @returns false when the change is too large to be taken over: build another mirror.
   */
  update(change: WorldChange, now: Instant): boolean {
    if (change.declared !== null && !this.#adopt(change.declared, now)) return false;
    this.seq = change.seq;
    this.rereads = [];
    for (const workload of change.workloads) this.#look(workload, now);
    for (const [id, at] of change.checkpoints) this.engine.checkpoint(id, at);
    return true;
  }

  /** Takes over what was declared; false when the engine cannot be changed to it in place. */
  #adopt(declared: Declared, now: Instant): boolean {
    const before = this.#surroundings;
    if (isSame(declared, before.declared)) return true;
    if (!isSame(declared.pools, before.declared.pools)) return false;
    const after = withDeclared(before, declared);
    if (!this.#isInPlace(before, after)) return false;
    this.#surroundings = after;
    const areReservationsSame = isSame(declared.reservations, before.declared.reservations);
    if (!areReservationsSame) this.#reserve(before.declared.reservations, declared.reservations);
    // Also after a change of reservations whoever has no plan is looked at again, as by an engine that is built anew.
    if (!areReservationsSame || !isSame(declared.quota, before.declared.quota)) {
      this.engine.setQuota(declared.quota, now);
    }
    return true;
  }

  /** Whether the quotas name the same GPU models as before, and every workload is in the same queue. */
  #isInPlace(before: Surroundings, after: Surroundings): boolean {
    if (!isSame(modelsOfTree(before.declared.quota).toSorted(), modelsOfTree(after.declared.quota).toSorted())) {
      return false;
    }
    const known = [...this.#known.values()];
    return known.every(({ workload }) => before.queueOf(workload) === after.queueOf(workload));
  }

  #reserve(before: readonly PoolReservation[], after: readonly PoolReservation[]): void {
    const old = new Map(before.map((each) => [each.id, each]));
    const kept = new Set(after.map((each) => each.id));
    for (const { id } of before) if (!kept.has(id)) this.engine.cancelReservation(id);
    for (const each of after) {
      if (isSame(each, old.get(each.id))) continue;
      const reservation = toReservation(each, this.#surroundings.map);
      if (reservation.nodes.length > 0) this.engine.reserve(reservation);
      else this.engine.cancelReservation(each.id);
    }
  }

  #look(workload: QueuedWorkload, now: Instant): void {
    const { id, attempt } = workload;
    const known = this.#known.get(id);
    const isSame = known?.workload.attempt === attempt;
    if (isHolding(workload)) {
      if (known?.status === "running" && isSame) known.workload = workload;
      else this.#begin(workload, now);
    } else if (isWaiting(workload)) {
      if (known !== undefined && known.status !== "running" && isSame) known.workload = workload;
      else this.#enqueue(workload, now);
    } else {
      if (known !== undefined) this.#forecasts.learn(workload);
      this.#forget(id, now);
    }
  }

  /** Somebody else gave it its place. */
  #begin(workload: QueuedWorkload, now: Instant): void {
    this.#forget(workload.id, now);
    const { map } = this.surroundings;
    const run: RunningItem = {
      item: toWorkItem(workload, this.surroundings),
      places: toMemberPlaces(map, workload.pool, workload.places),
      startedAt: workload.admittedAt ?? now,
      checkpointAt: workload.checkpointAt,
      isStopping: workload.isLeaving,
    };
    this.engine.adopt(run);
    this.#shadow(run);
    this.#known.set(workload.id, { workload, status: "running", plan: null });
  }

  #enqueue(workload: QueuedWorkload, now: Instant): void {
    this.#forget(workload.id, now);
    if (findUnaskable(workload, this.surroundings) === null) {
      this.engine.submit(toWorkItem(workload, this.surroundings));
    }
    this.#remember(workload);
  }

  #forget(id: string, now: Instant): void {
    const known = this.#known.get(id);
    if (known === undefined) return;
    if (known.plan !== null) this.#stalePlans = [...this.#stalePlans, id];
    this.#known.delete(id);
    this.engine.finish(id, now);
    for (const shadow of this.#twins.release(id)) this.engine.finish(shadow, now);
  }

  /** Lays a run on the nodes that share its machine; false when somebody else has it. */
  #shadow(run: RunningItem): boolean {
    if (!this.#twins.isNeeded) return true;
    const shadows = this.#twins.take(run);
    for (const shadow of shadows ?? []) this.engine.adopt(shadow);
    return shadows !== null;
  }

  /** Decides what happens now, with so many looks at nodes for planning. */
  decide(now: Instant, planningLooksMax?: number): MirrorDecisions {
    const cycle = this.engine.cycle(now, planningLooksMax);
    const assignments = cycle.starts.flatMap((start) => this.#assign(start, now));
    const evictions = cycle.evictions.map(({ id, forId, lostGpuSeconds }): EvictionOrder => {
      return { id, attempt: this.#attemptOf(id), forId, forName: this.#nameOf(forId), lostGpuSeconds };
    });
    const shrinks = cycle.shrinks.map((shrink) => this.#shrink(shrink, now));
    return { assignments, evictions, shrinks, ...this.#plans(), history: this.#history(now) };
  }

  #assign({ id, places }: Start, now: Instant): readonly Assignment[] {
    const known = this.#known.get(id);
    if (known === undefined) return [];
    const { map } = this.surroundings;
    const item = toWorkItem(known.workload, this.surroundings);
    if (!this.#shadow({ item, places, startedAt: now, checkpointAt: null, isStopping: false })) {
      // Another start of this very cycle took the same GPU, by way of another pool.
      this.engine.finish(id, now);
      this.engine.submit(item);
      return [];
    }
    const pool = map.nodes.get(places[0]?.node ?? "")?.pool ?? known.workload.pool;
    const assignment = { id, attempt: known.workload.attempt, pool, places: toWorkloadPlaces(map, places) };
    const workload: QueuedWorkload = { ...known.workload, ...assignment, state: "admitted", admittedAt: now };
    if (known.plan !== null) this.#stalePlans = [...this.#stalePlans, id];
    this.#known.set(id, { workload, status: "running", plan: null });
    return [assignment];
  }

  #shrink({ id, forId, places }: CycleDecisions["shrinks"][number], now: Instant): ShrinkOrder {
    const { map } = this.surroundings;
    for (const shadow of this.#twins.release(id)) this.engine.finish(shadow, now);
    const known = this.#known.get(id);
    if (known !== undefined) {
      const item = toWorkItem(known.workload, this.surroundings);
      const { admittedAt, checkpointAt } = known.workload;
      this.#shadow({ item, places, startedAt: admittedAt ?? now, checkpointAt, isStopping: false });
      known.workload = { ...known.workload, places: toWorkloadPlaces(map, places) };
    }
    const attempt = this.#attemptOf(id);
    return { id, attempt, forName: this.#nameOf(forId), places: toWorkloadPlaces(map, places) };
  }

  #attemptOf(id: string): number {
    return this.#known.get(id)?.workload.attempt ?? 0;
  }

  #nameOf(id: string): string {
    const known = this.#known.get(id);
    return known === undefined ? id : displayName(known.workload);
  }

  /** How the planned starts differ from those that are stored. */
  #plans(): Pick<MirrorDecisions, "plansSet" | "plansDropped"> {
    const plansSet: StoredPlan[] = [];
    const dropped = new Set(this.#stalePlans);
    this.#stalePlans = [];
    for (const [id, known] of this.#known) {
      if (known.status !== "waiting") continue;
      const plan = this.engine.planOf(id);
      if (plan === known.plan) continue;
      known.plan = plan;
      if (plan === null) dropped.add(id);
      else plansSet.push(toStoredPlan(id, plan, this.engine.plannedStart(id)?.isHardBound ?? false));
    }
    for (const { id } of plansSet) dropped.delete(id);
    return { plansSet, plansDropped: [...dropped] };
  }

  #history(now: Instant): Readonly<Record<string, SavedHistory>> {
    if (now < this.#historyAt + historyMs) return {};
    this.#historyAt = now;
    const changed: Record<string, SavedHistory> = {};
    for (const { node: id, average, at } of this.engine.shares.readPast(now)) {
      const past = { average, settledAt: at };
      const saved = this.#savedHistory.get(id);
      if (saved?.average === past.average && saved.settledAt === past.settledAt) continue;
      this.#savedHistory.set(id, past);
      changed[id] = past;
    }
    return changed;
  }

  /** Takes a reason for stored. */
  noteReason(id: string, reason: PendingReason): void {
    const known = this.#known.get(id);
    if (known !== undefined) known.workload = { ...known.workload, reason };
  }

  /** Tells which of the decisions came too late: those workloads are read again. */
  refuse(ids: readonly string[], now: Instant): void {
    for (const id of ids) this.#forget(id, now);
    this.rereads = [...ids];
  }
}

function toStoredPlan(id: string, plan: Omit<SavedPlan, "id">, isHardBound: boolean): StoredPlan {
  const { at, places, ahead, heldUntil } = plan;
  return { id, at, places, ahead, heldUntil, isHardBound };
}

function isSame(left: unknown, right: unknown): boolean {
  return left !== undefined && right !== undefined && canonicalJson(left) === canonicalJson(right);
}
