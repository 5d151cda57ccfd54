import type { Instant } from "../base/clock.ts";
import { decideComparison } from "./decide-comparison.ts";
import { decideShadow } from "./decide-shadow.ts";
import type { DeploymentSpec, RolloutStatus } from "./model.ts";
import type { ReplicaPlan, RunnableVersion } from "./replica-plan.ts";
import { decideRollout, findDanger, type RolloutDecision, type RolloutEvidence } from "./rollout.ts";
import { isNewOrder, type RolloutOrder } from "./rollout-order.ts";
import { rolloutSteps, strategyPolicy } from "./rollout-policy.ts";
import { isRolloutOpen } from "./rollout-size.ts";

/** Crashes of a candidate's replicas after which it is rolled back. */
export const maxCandidateCrashes = 3;

/** What a candidate's visit is decided from. */
export interface CandidateSituation {
  readonly spec: DeploymentSpec;
  readonly previous: RolloutStatus | null;
  readonly candidate: RunnableVersion;
  readonly champion: RunnableVersion;
  /** The candidate's replicas, planned for as many as the rollout wants now. */
  readonly replicas: ReplicaPlan;
  /** Those that it is compared with; null without a baseline. */
  readonly baseline: ReplicaPlan | null;
  /** Whether so many are ready that it could serve alone. */
  readonly canServeAlone: boolean;
  /** Replicas of a version that serves alone. */
  readonly replicasWanted: number;
  /** Why its columns cannot be assembled; null when they can. */
  readonly columnProblem: string | null;
  /** The version that was approved after this one had been switched to; null while this one is the newest. */
  readonly successor: string | null;
  readonly evidence: RolloutEvidence;
  /** What a person last ordered, or null. */
  readonly order: RolloutOrder | null;
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
    | "rollout-ordered"
    | "rollout-ended"
    | "rolled-back"
    | null;
}

/** Moves a candidate on: from starting over its steps to promotion, or back. */
export function planCandidate(situation: CandidateSituation): CandidatePlan {
  const { replicas } = situation;
  const rollout = presentRollout(situation);
  if (rollout.state === "rolled-back" || rollout.state === "ended") {
    return { rollout, share: 0, alias: "remove", decision: null, verb: null };
  }
  const failure = situation.columnProblem ?? replicas.failure ?? situation.baseline?.failure ?? null;
  if (failure !== null) return rollBack(rollout, failure, null);
  if (replicas.crashes >= maxCandidateCrashes) {
    return rollBack(rollout, `its replicas ended ${replicas.crashes} times while they served`, null);
  }
  if (rollout.state === "completed") return { rollout, share: 100, alias: "promote", decision: null, verb: null };
  if (isNewOrder(situation.order, rollout)) return obey(situation, rollout, situation.order);
  if (rollout.promotedBy !== null) return finishPromotion(situation, rollout, rollout.promotedBy);
  if (rollout.state === "starting") return startRollout(situation, rollout);
  return look(situation, rollout);
}

/** The rollout that runs; another candidate or another strategy begins a new one. */
function presentRollout(situation: CandidateSituation): RolloutStatus {
  const { previous, candidate, spec, replicasWanted } = situation;
  if (previous === null || previous.versionId !== candidate.versionId) return newRollout(situation);
  if (!isRolloutOpen(previous)) return previous;
  if (previous.strategy !== spec.rollout.strategy) return newRollout(situation);
  // The steps of a rolling update stay those that it began with, since the number of replicas may follow the load.
  const isKept = previous.strategy === "rolling" && previous.state !== "starting";
  return isKept ? previous : { ...previous, steps: [...rolloutSteps(spec, replicasWanted)] };
}

function newRollout(situation: CandidateSituation): RolloutStatus {
  const { candidate, champion, now, nextRevision, spec, replicasWanted } = situation;
  return {
    versionId: candidate.versionId,
    version: candidate.version,
    championId: champion.versionId,
    championVersion: champion.version,
    strategy: spec.rollout.strategy,
    state: "starting",
    steps: [...rolloutSteps(spec, replicasWanted)],
    step: 0,
    percent: 0,
    startedAt: now,
    stepStartedAt: now,
    orderedAt: now,
    promotedBy: null,
    firstRevision: nextRevision,
    stepRevision: nextRevision,
    looks: 0,
    decision: "start",
    reason: "its replicas are being started",
    history: [],
  };
}

function startRollout(situation: CandidateSituation, rollout: RolloutStatus): CandidatePlan {
  const { replicas, baseline, nextRevision, now } = situation;
  const starting = [replicas, baseline].find((plan) => plan !== null && !plan.isComplete);
  if (starting !== undefined && starting !== null) {
    return { ...stay(rollout, null), rollout: { ...rollout, reason: starting.waitingFor } };
  }
  const started: RolloutStatus = { ...rollout, state: "running", startedAt: now, firstRevision: nextRevision };
  const percent = rollout.steps[0] ?? 100;
  if (percent === 0 && rollout.strategy === "blue-green") {
    const reason = `version ${rollout.version} is ready and takes no requests; a person lets the switch happen`;
    return {
      ...stay({ ...started, state: "paused", stepStartedAt: now, decision: "pause", reason }, null),
      verb: "rollout-paused",
    };
  }
  const reason =
    percent === 0
      ? `copies of requests go to version ${rollout.version}`
      : `${percent} % of requests go to version ${rollout.version}`;
  return { ...enterStep(situation, { ...started, reason }, 0, null), verb: "rollout-started" };
}

/** Moves the traffic to a step's share; 100 % is the promotion, but for a switch, which keeps the old version for a while. */
function enterStep(
  situation: CandidateSituation,
  rollout: RolloutStatus,
  step: number,
  decision: RolloutDecision | null,
): CandidatePlan {
  const { now, nextRevision, replicas, canServeAlone } = situation;
  const percent = rollout.steps[step] ?? 100;
  if (percent >= 100 && rollout.strategy !== "blue-green") {
    return canServeAlone
      ? complete(situation, rollout, rollout.steps.length === 1 ? "the first step is 100 %" : rollout.reason, decision)
      : stay({ ...rollout, reason: replicas.waitingFor }, decision);
  }
  const entered: RolloutStatus = {
    ...rollout,
    state: "running",
    step,
    percent,
    stepStartedAt: now,
    stepRevision: nextRevision,
    history: [...rollout.history, { percent, startedAt: now }],
  };
  return { rollout: entered, share: percent, alias: "keep", decision, verb: "rollout-advanced" };
}

function look(situation: CandidateSituation, rollout: RolloutStatus): CandidatePlan {
  const decision = decide(situation, rollout);
  if (decision.kind === "rollback") return rollBack(rollout, decision.reason, decision);
  if (rollout.state === "paused" || decision.kind === "stay") return stay(rollout, decision);
  const decided: RolloutStatus = { ...rollout, decision: decision.kind, reason: decision.reason };
  switch (decision.kind) {
    case "pause":
      return { ...stay({ ...decided, state: "paused" }, decision), verb: "rollout-paused" };
    case "end":
      return {
        rollout: { ...decided, state: "ended", percent: 0 },
        share: 0,
        alias: "remove",
        decision,
        verb: "rollout-ended",
      };
    case "advance":
      // A rolling update's next share waits for the replica that will carry it.
      if (rollout.strategy === "rolling" && !situation.replicas.isComplete) return stay(rollout, decision);
      return enterStep(situation, decided, rollout.step + 1, decision);
    case "complete":
      if (!situation.canServeAlone) return stay(rollout, decision);
      return complete(situation, rollout, decision.reason, decision);
  }
}

function decide(situation: CandidateSituation, rollout: RolloutStatus): RolloutDecision {
  const { spec, evidence, now } = situation;
  const strategy = strategyPolicy(spec);
  switch (strategy.kind) {
    case "steps":
      return decideRollout(strategy.policy, rollout, evidence, now);
    case "comparison":
      return decideComparison(strategy.policy, rollout, evidence, now);
    case "shadow":
      return rollout.step === 0
        ? decideShadow(strategy.shadow, rollout, evidence, now)
        : decideRollout(strategy.policy, rollout, evidence, now);
    case "switch":
      return decideSwitch(strategy, rollout, situation);
  }
}

/** After a switch nothing is left to compare with: the new version stays unless it fails outright. */
function decideSwitch(
  { fastAbortErrors, keepOldMs }: { readonly fastAbortErrors: number; readonly keepOldMs: number },
  rollout: RolloutStatus,
  { evidence, successor, now }: Pick<CandidateSituation, "evidence" | "successor" | "now">,
): RolloutDecision {
  const requests = evidence.traffic.at(-1)?.candidate.requests ?? 0;
  const decision = (kind: RolloutDecision["kind"], reason: string): RolloutDecision => ({
    kind,
    reason,
    metrics: [],
    requests,
  });
  const danger = findDanger(fastAbortErrors, evidence, []);
  if (danger !== null) return decision("rollback", danger);
  if (rollout.percent < 100) return decision("stay", rollout.reason);
  if (successor !== null) {
    return decision("complete", `version ${successor} was approved, and what serves now is what it is to replace`);
  }
  return now - rollout.stepStartedAt >= keepOldMs
    ? decision("complete", `${requests} requests since the switch, and the way back was not taken`)
    : decision("stay", `version ${rollout.championVersion} is kept for an instant way back`);
}

/** Does what a person ordered. */
function obey(situation: CandidateSituation, before: RolloutStatus, order: RolloutOrder): CandidatePlan {
  const { now, nextRevision } = situation;
  const why = `${order.actor}: ${order.reason}`;
  const rollout: RolloutStatus = { ...before, orderedAt: order.at };
  switch (order.action) {
    case "rollback":
      return rollBack(rollout, why, null);
    case "promote":
      return finishPromotion(situation, { ...rollout, promotedBy: why }, why, "rollout-ordered");
    case "resume": {
      if (rollout.state !== "paused") return stay(rollout, null);
      const resumed: RolloutStatus = {
        ...rollout,
        state: "running",
        stepStartedAt: now,
        decision: "resume",
        reason: why,
      };
      // A shadow, and a switch that waited, are over once a person lets them go on.
      const plan = rollout.percent === 0 ? enterStep(situation, resumed, rollout.step + 1, null) : stay(resumed, null);
      return plan.verb === "rollout-completed" ? plan : { ...plan, verb: "rollout-resumed" };
    }
    case "split": {
      if (rollout.state !== "paused" || order.percent === null) return stay(rollout, null);
      const { percent } = order;
      const history = [...rollout.history, { percent, startedAt: now }];
      const split: RolloutStatus = {
        ...rollout,
        percent,
        history,
        stepRevision: nextRevision,
        decision: "split",
        reason: why,
      };
      return { ...stay(split, null), verb: "rollout-ordered" };
    }
  }
}

/** A person promoted it: it becomes the champion as soon as it is whole. */
function finishPromotion(
  situation: CandidateSituation,
  rollout: RolloutStatus,
  why: string,
  verb: CandidatePlan["verb"] = null,
): CandidatePlan {
  const { replicas, replicasWanted, canServeAlone } = situation;
  const isWhole = replicas.isComplete && replicas.ready.length >= replicasWanted;
  if (isWhole || (canServeAlone && !replicas.isComplete)) return complete(situation, rollout, why, null);
  return { ...stay({ ...rollout, decision: "promote", reason: `${why}; ${replicas.waitingFor}` }, null), verb };
}

function stay(rollout: RolloutStatus, decision: RolloutDecision | null): CandidatePlan {
  return { rollout, share: rollout.percent, alias: "keep", decision, verb: null };
}

function complete(
  { now }: CandidateSituation,
  rollout: RolloutStatus,
  reason: string,
  decision: RolloutDecision | null,
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
  if (!isRolloutOpen(previous)) return previous;
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
