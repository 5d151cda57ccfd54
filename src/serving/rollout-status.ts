import type { Instant } from "../base/clock.ts";
import { parseDuration } from "../base/units.ts";
import type { DeploymentSpec, RolloutStatus } from "./model.ts";
import type { ReplicaPlan, RunnableVersion } from "./replica-plan.ts";
import { decideRollout, type RolloutDecision, type RolloutEvidence, type RolloutPolicy } from "./rollout.ts";

/** Crashes of a candidate's replicas after which it is rolled back. */
export const maxCandidateCrashes = 3;

/** What a candidate's visit is decided from. */
export interface CandidateSituation {
  readonly spec: DeploymentSpec;
  readonly previous: RolloutStatus | null;
  readonly candidate: RunnableVersion;
  readonly replicas: ReplicaPlan;
  /** Why its columns cannot be assembled; null when they can. */
  readonly columnProblem: string | null;
  readonly evidence: RolloutEvidence;
  /** When a person last said that a paused rollout shall go on. */
  readonly resumedAt: Instant | null;
  /** The revision that the next change of traffic will have. */
  readonly nextRevision: number;
  readonly now: Instant;
}

/** What becomes of the candidate. */
export interface CandidatePlan {
  readonly rollout: RolloutStatus;
  /** Percent of traffic. */
  readonly share: number;
  readonly alias: "keep" | "promote" | "remove";
  /** The look that was taken, or null when there was nothing to look at. */
  readonly decision: RolloutDecision | null;
  /** The word for the event log when something was decided, else null. */
  readonly verb:
    | "rollout-started"
    | "rollout-advanced"
    | "rollout-completed"
    | "rollout-paused"
    | "rollout-resumed"
    | "rolled-back"
    | null;
}

/** The rollout policy of a deployment, with durations in milliseconds. */
export function rolloutPolicy(spec: DeploymentSpec): RolloutPolicy {
  const { stepTimeout, maxLatencyIncrease, ...rest } = spec.rollout;
  return { ...rest, maxLatencyRatio: maxLatencyIncrease, stepTimeoutMs: parseDuration(stepTimeout) };
}

/** Moves a candidate on: from starting over its steps to promotion, or back. */
export function planCandidate(situation: CandidateSituation): CandidatePlan {
  const { previous, candidate, replicas, now } = situation;
  const rollout = previous?.versionId === candidate.versionId ? previous : newRollout(situation);
  if (rollout.state === "rolled-back") {
    return { rollout, share: 0, alias: "remove", decision: null, verb: null };
  }
  const failure = situation.columnProblem ?? replicas.failure;
  if (failure !== null) return rollBack(rollout, failure, null);
  if (replicas.crashes >= maxCandidateCrashes) {
    return rollBack(rollout, `its replicas ended ${replicas.crashes} times while they served`, null);
  }
  if (rollout.state === "completed") return { rollout, share: 100, alias: "promote", decision: null, verb: null };
  if (rollout.state === "starting")
    return replicas.isComplete ? startRollout(situation, rollout) : waiting(rollout, replicas);
  const isResumed =
    rollout.state === "paused" && situation.resumedAt !== null && situation.resumedAt > rollout.stepStartedAt;
  if (isResumed) {
    const resumed: RolloutStatus = {
      ...rollout,
      state: "running",
      stepStartedAt: now,
      decision: "resume",
      reason: "a person let it go on",
    };
    return { rollout: resumed, share: rollout.percent, alias: "keep", decision: null, verb: "rollout-resumed" };
  }
  return look(situation, rollout);
}

function newRollout(situation: CandidateSituation): RolloutStatus {
  const { candidate, now, nextRevision } = situation;
  return {
    versionId: candidate.versionId,
    version: candidate.version,
    state: "starting",
    step: 0,
    percent: 0,
    startedAt: now,
    stepStartedAt: now,
    firstRevision: nextRevision,
    stepRevision: nextRevision,
    looks: 0,
    decision: "start",
    reason: "its replicas are being started",
    history: [],
  };
}

function waiting(rollout: RolloutStatus, replicas: ReplicaPlan): CandidatePlan {
  return { rollout: { ...rollout, reason: replicas.waitingFor }, share: 0, alias: "keep", decision: null, verb: null };
}

function startRollout(situation: CandidateSituation, rollout: RolloutStatus): CandidatePlan {
  const { now, nextRevision, spec } = situation;
  const percent = spec.rollout.steps[0] ?? 100;
  if (percent >= 100) return complete(rollout, "the first step is 100 %", null, now);
  const started: RolloutStatus = {
    ...rollout,
    state: "running",
    percent,
    startedAt: now,
    stepStartedAt: now,
    firstRevision: nextRevision,
    stepRevision: nextRevision,
    reason: `${percent} % of requests go to version ${rollout.version}`,
    history: [{ percent, startedAt: now }],
  };
  return { rollout: started, share: percent, alias: "keep", decision: null, verb: "rollout-started" };
}

function look(situation: CandidateSituation, rollout: RolloutStatus): CandidatePlan {
  const { spec, evidence, now, nextRevision } = situation;
  const decision = decideRollout(rolloutPolicy(spec), rollout, evidence, now);
  const stay: CandidatePlan = { rollout, share: rollout.percent, alias: "keep", decision, verb: null };
  if (decision.kind === "rollback") return rollBack(rollout, decision.reason, decision);
  if (rollout.state === "paused" || decision.kind === "stay") return stay;
  if (decision.kind === "complete") return complete(rollout, decision.reason, decision, now);
  if (decision.kind === "pause") {
    const paused: RolloutStatus = { ...rollout, state: "paused", decision: "pause", reason: decision.reason };
    return { ...stay, rollout: paused, verb: "rollout-paused" };
  }
  const step = rollout.step + 1;
  const percent = spec.rollout.steps[step] ?? 100;
  const advanced: RolloutStatus = {
    ...rollout,
    step,
    percent,
    stepStartedAt: now,
    stepRevision: nextRevision,
    decision: "advance",
    reason: decision.reason,
    history: [...rollout.history, { percent, startedAt: now }],
  };
  return { rollout: advanced, share: percent, alias: "keep", decision, verb: "rollout-advanced" };
}

function complete(
  rollout: RolloutStatus,
  reason: string,
  decision: RolloutDecision | null,
  now: Instant,
): CandidatePlan {
  const completed: RolloutStatus = {
    ...rollout,
    state: "completed",
    percent: 100,
    decision: "complete",
    reason,
    history: [...rollout.history, { percent: 100, startedAt: now }],
  };
  return { rollout: completed, share: 100, alias: "promote", decision, verb: "rollout-completed" };
}

function rollBack(rollout: RolloutStatus, reason: string, decision: RolloutDecision | null): CandidatePlan {
  const back: RolloutStatus = { ...rollout, state: "rolled-back", percent: 0, decision: "rollback", reason };
  return { rollout: back, share: 0, alias: "remove", decision, verb: "rolled-back" };
}

/** What becomes of a rollout whose candidate is gone: promoted by us or by a person, or its alias taken away. */
export function endRollout(previous: RolloutStatus | null, championId: string | undefined): RolloutStatus | null {
  if (previous === null || previous.state === "completed" || previous.state === "rolled-back") return previous;
  if (previous.versionId === championId) {
    return { ...previous, state: "completed", percent: 100, decision: "complete", reason: "it became the champion" };
  }
  return {
    ...previous,
    state: "rolled-back",
    percent: 0,
    decision: "rollback",
    reason: "it is no longer the candidate",
  };
}
