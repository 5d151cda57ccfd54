import type { Instant } from "../base/clock.ts";
import type { Purpose, WorkloadState } from "./ports.ts";

/** What became of time on a GPU. */
export type UsageOutcome = "useful" | "idle" | "lost";

/** Why time was lost. */
export type LossCause = "preempted" | "failed" | "cancelled";

/** A part of the time that a workload held its place. */
export interface UsageSpan {
  readonly from: Instant;
  readonly to: Instant;
  readonly outcome: UsageOutcome;
  /** Set when it was lost. */
  readonly cause: LossCause | null;
}

/** The facts of one start that has come to its end, or back into the queue. */
export interface HeldPlace {
  readonly purpose: Purpose;
  readonly admittedAt: Instant;
  /** When its program began; null: it never did. */
  readonly startedAt: Instant | null;
  readonly checkpointAt: Instant | null;
  /** When its program ended; null: unknown, so when the place was given back. */
  readonly endedAt: Instant | null;
  readonly releasedAt: Instant;
  /** Where it went; `queued` is a start that was lost. */
  readonly to: WorkloadState;
}

/** Work of these is done while it runs, not once it ends. */
const servingPurposes: ReadonlySet<Purpose> = new Set(["replica", "workspace"]);

/**
 * Tells what the time was worth that a workload held its place, as spans without gap or overlap from `admittedAt` to
 * `releasedAt`: idle until the program began and after it ended; between, useful up to the last checkpoint, and lost
 * behind it unless the work came to its end.
 */
export function splitHeldTime(held: HeldPlace): readonly UsageSpan[] {
  const released = Math.max(held.admittedAt, held.releasedAt);
  const within = (at: Instant, from: Instant): Instant => Math.min(Math.max(at, from), released);
  const started = within(held.startedAt ?? released, held.admittedAt);
  const ended = within(held.endedAt ?? released, started);
  const cause = servingPurposes.has(held.purpose) ? null : lossOf(held.to);
  const saved = cause === null ? ended : Math.min(within(held.checkpointAt ?? started, started), ended);
  const spans: readonly UsageSpan[] = [
    { from: held.admittedAt, to: started, outcome: "idle", cause: null },
    { from: started, to: saved, outcome: "useful", cause: null },
    { from: saved, to: ended, outcome: "lost", cause },
    { from: ended, to: released, outcome: "idle", cause: null },
  ];
  return spans.filter((span) => span.to > span.from);
}

function lossOf(to: WorkloadState): LossCause | null {
  switch (to) {
    case "preempted":
      return "preempted";
    case "queued":
    case "failed":
      return "failed";
    case "cancelled":
      return "cancelled";
    default:
      return null;
  }
}
