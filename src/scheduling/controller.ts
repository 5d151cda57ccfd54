import type { Clock, Instant, Millis } from "../base/clock.ts";
import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import type { EngineSettings } from "./engine/model.ts";
import { EngineMirror } from "./live/engine-mirror.ts";
import { ReasonRound } from "./live/reason-round.ts";
import { declaredKinds } from "./live/read-declared.ts";
import { schedulerKey } from "./scheduler-key.ts";
import type { SchedulingStore } from "./scheduling-store.ts";

/** A queue with waiting workloads is looked at anew after this long even when nothing was heard. */
const lookAgainMs: Millis = 10_000;
/** Reports of checkpoints are read this often. */
const checkpointsEveryMs: Millis = 1_000;
/** Two looks for the sake of a planned start are at least so far apart. */
const lookSoonMs: Millis = 50;

/** What a workload does that frees room, asks for it or tells of it; its own steps between place and end do neither. */
const wakingVerbs: ReadonlySet<string> = new Set([
  "queued",
  "preempted",
  "succeeded",
  "failed",
  "cancelled",
  "cancel-requested",
]);

export interface SchedulingNeeds {
  readonly store: SchedulingStore;
  readonly settings: EngineSettings;
  readonly clock: Clock;
}

/**
 * Runs the queue of the whole cluster, one pass at a time: bring the engine up to date, let it decide, write it down.
 *
 * The engine stays in memory between passes and is told what changed. Whenever it may not be what the database says
 * (another process had a pass, a pass could not be written down), it is thrown away and built anew.
 */
export class SchedulingController implements Controller {
  readonly name = schedulerKey.controller;
  readonly concurrency = 1;
  readonly #needs: SchedulingNeeds;
  #mirror: EngineMirror | null = null;
  #reasons = new ReasonRound();
  #lastAttempt = 0;
  #lastPassAt: Instant = 0;
  #checkpointsAt: Instant = 0;
  #planningLooks: number;

  constructor(needs: SchedulingNeeds) {
    this.#needs = needs;
    this.#planningLooks = Math.min(planningLooksFirst, needs.settings.planningLooksMax);
  }

  readonly keysOf: Controller["keysOf"] = (event) => {
    if (declaredKinds.includes(event.subject.kind)) return [schedulerKey.key];
    return event.subject.kind === "Workload" && wakingVerbs.has(event.verb) ? [schedulerKey.key] : [];
  };

  async reconcile(_key: string, lease: Lease): Promise<NextVisit> {
    try {
      const mirror = await this.#upToDate(lease, this.#now());
      this.#lastAttempt = lease.attempt;
      // The time is taken after the reading: nobody gets a place at a moment at which its last holder had it still.
      this.#lastPassAt = this.#now();
      return await this.#pass(mirror, lease, this.#lastPassAt);
    } catch (error) {
      this.#mirror = null;
      throw error;
    }
  }

  /** A clock that jumps back does not make time run backwards for the engine. */
  #now(): Instant {
    return Math.max(this.#needs.clock.now(), this.#lastPassAt);
  }

  /** Checkpoints make evictions cheaper and nothing else: they are read now and then. */
  #checkpointsSince(now: Instant): Instant | null {
    const last = this.#checkpointsAt;
    if (now < last + checkpointsEveryMs) return null;
    this.#checkpointsAt = now;
    return last;
  }

  async #upToDate(lease: Lease, now: Instant): Promise<EngineMirror> {
    const { store, settings } = this.#needs;
    // Attempts count every claim of the key: one that is missing was somebody else's pass.
    if (this.#mirror !== null && lease.attempt === this.#lastAttempt + 1) {
      const { seq, rereads } = this.#mirror;
      const change = await store.changes(seq, rereads, this.#checkpointsSince(now));
      if (change !== null && this.#mirror.update(change, now)) return this.#mirror;
    }
    this.#checkpointsAt = now;
    this.#mirror = new EngineMirror(await store.world(), settings, now);
    this.#reasons = new ReasonRound();
    return this.#mirror;
  }

  async #pass(mirror: EngineMirror, lease: Lease, now: Instant): Promise<NextVisit> {
    const decisions = mirror.decide(now, this.#planningLooks);
    this.#planningLooks = nextPlanningLooks(this.#planningLooks, this.#now() - now, this.#needs.settings);
    const reasons = this.#reasons.next(mirror, decisions.assignments.length > 0, now);
    const isEmpty =
      decisions.assignments.length + decisions.evictions.length + decisions.shrinks.length === 0 &&
      decisions.plansSet.length + decisions.plansDropped.length + reasons.size === 0 &&
      Object.keys(decisions.history).length === 0;
    if (!isEmpty) {
      const refused = await this.#needs.store.apply({ ...decisions, reasons }, lease, now);
      if (refused.length > 0) {
        mirror.refuse(refused, now);
        return { kind: "again", afterMs: 0 };
      }
    }
    if (!mirror.isAnyoneWaiting) return { kind: "settled" };
    // What moved may let others move: whoever was made room for by a shrink, or waits to be planned.
    if (decisions.assignments.length + decisions.shrinks.length > 0) return { kind: "again", afterMs: 0 };
    const planned = mirror.engine.nextPlannedAt();
    const untilPlanned = planned === undefined || planned <= now ? lookAgainMs : planned - now;
    return { kind: "again", afterMs: Math.max(lookSoonMs, Math.min(lookAgainMs, untilPlanned)) };
  }
}

/** Planning far ahead is put off where it would keep starts waiting: a cycle shall not take much longer than this. */
const cycleMs: Millis = 20;
const planningLooksMin = 50;
const planningLooksFirst = 2_000;

/** How many looks the next cycle may spend on planning, after one that took `tookMs` with `looks`. */
function nextPlanningLooks(looks: number, tookMs: Millis, { planningLooksMax }: EngineSettings): number {
  if (tookMs > cycleMs) return Math.max(planningLooksMin, Math.floor((looks * cycleMs) / (2 * tookMs)));
  return tookMs > cycleMs / 2 ? looks : Math.min(planningLooksMax, Math.ceil(looks * 1.25));
}
