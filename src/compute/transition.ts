import type { Instant } from "../base/clock.ts";
import type { EventEntry } from "../platform/event.ts";
import { splitHeldTime, type UsageSpan } from "./held-usage.ts";
import type { TaskEnd, TaskOutcome, Workload, WorkloadState } from "./ports.ts";
import { toWorkload, type WorkloadFacts } from "./workload-row.ts";

/** A change of state that a controller decided on. */
export interface Transition {
  readonly to: WorkloadState;
  readonly phase: string;
  readonly message: string;
  readonly at: Instant;
  readonly startedAt?: Instant;
  readonly outcome?: TaskOutcome;
  readonly end?: TaskEnd | null;
}

/** States in which a workload holds a place. */
const holding: ReadonlySet<WorkloadState> = new Set(["admitted", "starting", "running"]);
const endStates: ReadonlySet<WorkloadState> = new Set(["succeeded", "failed", "cancelled"]);

/** What a transition makes of a row. */
export interface Moved {
  readonly row: WorkloadFacts;
  /** Whether it gives its place back. */
  readonly leaves: boolean;
  /** What the time was worth that it held its place; empty while it holds it. */
  readonly spans: readonly UsageSpan[];
}

/**
 * Applies a transition to a row.
 *
 * Back in the queue, by whatever way, it is a new attempt and looks first in the pool that it prefers.
 */
export function applyTransition(row: WorkloadFacts, transition: Transition): Moved {
  const { to, at, end } = transition;
  const isQueued = to === "queued";
  const leaves = holding.has(row.state) && !holding.has(to);
  const after: WorkloadFacts = {
    ...row,
    state: to,
    phase: transition.phase,
    reason: null,
    attempt: row.attempt + (isQueued ? 1 : 0),
    times_preempted: row.times_preempted + (isQueued && row.state === "preempted" ? 1 : 0),
    pool: isQueued ? (row.terms.pools[0] ?? row.pool) : row.pool,
    node: isQueued ? null : row.node,
    gpus: isQueued ? [] : row.gpus,
    places: leaves ? [] : row.places,
    preempt: leaves ? null : row.preempt,
    admitted_at: leaves ? null : row.admitted_at,
    started_at: transition.startedAt ?? null,
    outcome: transition.outcome ?? null,
    ended_at: endStates.has(to) ? at : null,
  };
  const spans =
    !leaves || row.admitted_at === null
      ? []
      : splitHeldTime({
          purpose: row.purpose,
          admittedAt: row.admitted_at,
          startedAt: row.started_at ?? end?.startedAt ?? null,
          checkpointAt: row.checkpoint_at,
          endedAt: end?.endedAt ?? null,
          releasedAt: at,
          to,
        });
  return { row: after, leaves, spans };
}

/** The event of a workload's change: what it is and where it stands, never its command or environment. */
export function entryOf(workload: Workload, actor: string, verb: string, message: string, at: Instant): EventEntry {
  return {
    at,
    actor,
    verb,
    subject: { kind: "Workload", project: workload.project, name: workload.id },
    message,
    data: {
      pool: workload.pool,
      state: workload.state,
      purpose: workload.purpose,
      owner: workload.owner,
      attempt: workload.attempt,
      resources: workload.resources,
      node: workload.node,
      gpuIndices: workload.gpuIndices,
      ...(workload.timesPreempted === 0 ? {} : { timesPreempted: workload.timesPreempted }),
      ...(workload.outcome === null ? {} : { outcome: workload.outcome }),
    },
  };
}

/** The event of a transition. */
export function entryOfMove(row: WorkloadFacts, actor: string, { to, message, at }: Transition): EventEntry {
  return entryOf(toWorkload(row), actor, to, message, at);
}
