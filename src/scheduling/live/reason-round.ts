import type { Instant, Millis } from "../../base/clock.ts";
import type { PendingReason, QueuedWorkload } from "../../compute/ports.ts";
import type { EngineMirror } from "./engine-mirror.ts";
import { isSameReason, reasonOf } from "./waiting-reason.ts";

/** A pass looks at so many waiting workloads; with many nodes at fewer, since each look is at all nodes of its pools. */
const looksMax = 200;
const looksMin = 10;
const nodeLooksMax = 100_000;
/** While workloads are being started, reasons are told this often. */
const busyEveryMs: Millis = 500;

/** Tells workloads why they wait, some in every pass, all in turn: who has no reason yet comes first. */
export class ReasonRound {
  /** Who was looked at in this round. */
  readonly #seen = new Set<string>();
  #busyAt: Instant = Number.NEGATIVE_INFINITY;

  /**
   * The reasons that differ from those that are stored, of the next workloads whose turn it is; of few and seldom where
   * others are being started, since these wait for the pass to end.
   */
  next(mirror: EngineMirror, isBusy: boolean, now: Instant): ReadonlyMap<string, PendingReason> {
    const changed = new Map<string, PendingReason>();
    if (isBusy) {
      if (now < this.#busyAt + busyEveryMs) return changed;
      this.#busyAt = now;
    }
    for (const workload of this.#choose(mirror, isBusy)) {
      const reason = reasonOf(mirror.engine, workload, mirror.surroundings, now);
      if (workload.reason !== null && isSameReason(workload.reason, reason)) continue;
      changed.set(workload.id, reason);
      mirror.noteReason(workload.id, reason);
    }
    return changed;
  }

  #choose(mirror: EngineMirror, isBusy: boolean): readonly QueuedWorkload[] {
    if (isBusy) return [...firstWithoutReason(mirror.waiting(), looksMin)];
    const nodes = Math.max(1, mirror.surroundings.map.nodes.size);
    const most = Math.max(looksMin, Math.min(looksMax, Math.floor(nodeLooksMax / nodes)));
    const waiting = [...mirror.waiting()];
    const fresh = [...firstWithoutReason(waiting, most)];
    const told = waiting.filter((each) => each.reason !== null);
    const rest = told.filter((each) => !this.#seen.has(each.id)).slice(0, most - fresh.length);
    for (const { id } of rest) this.#seen.add(id);
    // All were looked at: the next pass begins again.
    if (told.every((each) => this.#seen.has(each.id))) this.#seen.clear();
    return [...fresh, ...rest];
  }
}

function* firstWithoutReason(waiting: Iterable<QueuedWorkload>, most: number): Iterable<QueuedWorkload> {
  let found = 0;
  for (const workload of waiting) {
    if (found >= most) return;
    if (workload.reason !== null) continue;
    found += 1;
    yield workload;
  }
}
