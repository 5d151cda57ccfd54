import type { TestLook } from "../charts/sequential-test.tsx";

/** One metric at one look; `look` is null while there are too few observations. */
export interface MetricLook {
  readonly metric: string;
  /** Harm beyond this is not let pass. */
  readonly margin: number;
  readonly verdict: string;
  readonly look: TestLook | null;
}

/** One look at a rollout, as the server records it. */
export interface RecordedLook {
  readonly rollout: string;
  readonly at: number;
  readonly versionId: string;
  readonly version: string;
  readonly percent: number;
  readonly decision: string;
  readonly reason: string;
  readonly metrics: readonly MetricLook[];
}

/** Where the deployment says that its newest rollout stands. */
export interface CurrentRollout {
  readonly versionId: string;
  readonly version: string;
  readonly state: string;
  readonly percent: number;
  readonly reason: string;
  readonly startedAt: number | null;
  readonly history: readonly { readonly percent: number; readonly startedAt: number }[];
}

/** One metric of the candidate against the champion, at every look of a rollout. */
export interface RolloutTest {
  readonly metric: string;
  readonly margin: number;
  readonly verdict: string;
  readonly looks: readonly TestLook[];
}

/** One step of a rollout. */
export interface RolloutStep {
  readonly percent: number;
  readonly state: string;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** One rollout of a candidate. */
export interface Rollout {
  readonly id: string;
  readonly state: string;
  readonly version: string;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly reason: string;
  readonly steps: readonly RolloutStep[];
  readonly tests: readonly RolloutTest[];
}

const endedStates: readonly string[] = ["completed", "rolled-back", "ended"];
const stateByDecision: Readonly<Record<string, string>> = {
  rollback: "rolled-back",
  complete: "completed",
  pause: "paused",
};

/**
 * Puts looks together to rollouts, the newest first, with their steps and their tests.
 *
 * @param percents the shares of the deployment's policy, rising.
 * @param current what the deployment's status says of its newest rollout; it decides that one's state, and shows it
 * before its first look.
 */
export function gatherRollouts(
  looks: readonly RecordedLook[],
  percents: readonly number[],
  current: CurrentRollout | null,
): readonly Rollout[] {
  const groups = [...Map.groupBy(looks, (look) => look.rollout)].map(([id, own]) => ({
    id,
    own: own.toSorted((left, right) => left.at - right.at),
  }));
  groups.sort((left, right) => (right.own[0]?.at ?? 0) - (left.own[0]?.at ?? 0));
  const newest = groups.find((group) => group.own[0]?.versionId === current?.versionId);
  const gathered = groups.map((group) =>
    gatherRollout(group.id, group.own, percents, group === newest ? current : null),
  );
  if (current === null || newest !== undefined) return gathered;
  return [gatherRollout(current.versionId, [], percents, current), ...gathered];
}

function gatherRollout(
  id: string,
  looks: readonly RecordedLook[],
  percents: readonly number[],
  current: CurrentRollout | null,
): Rollout {
  const last = looks.at(-1);
  const state = current?.state ?? stateByDecision[last?.decision ?? ""] ?? "ended";
  const endedAt = endedStates.includes(state) ? (last?.at ?? null) : null;
  const starts = new Map<number, number>();
  for (const look of looks) if (!starts.has(look.percent)) starts.set(look.percent, look.at);
  for (const step of current?.history ?? []) starts.set(step.percent, step.startedAt);
  return {
    id,
    state,
    version: current?.version ?? last?.version ?? "?",
    startedAt: current?.startedAt ?? looks[0]?.at ?? null,
    endedAt,
    // While it goes on the newest look says more than what was decided last.
    reason: (state === "running" ? last?.reason : undefined) ?? current?.reason ?? last?.reason ?? "",
    steps: describeSteps(
      percents.map((percent) => ({ percent, startedAt: starts.get(percent) ?? null })),
      state,
      endedAt,
    ),
    tests: gatherTests(looks.flatMap((look) => look.metrics)),
  };
}

/** Gives each step its state and its end, from when each began and how the rollout ended. */
export function describeSteps(
  steps: readonly { readonly percent: number; readonly startedAt: number | null }[],
  state: string,
  endedAt: number | null,
): readonly RolloutStep[] {
  const current = steps.findLastIndex((step) => step.startedAt !== null);
  return steps.map((step, index) => {
    if (step.startedAt === null) {
      if (state === "completed" && step.percent >= 100) return { ...step, endedAt, state: "promoted" };
      return { ...step, endedAt: null, state: endedStates.includes(state) ? "skipped" : "waiting" };
    }
    if (index < current) return { ...step, endedAt: steps[index + 1]?.startedAt ?? null, state: "passed" };
    if (state !== "completed") return { ...step, endedAt, state };
    return { ...step, endedAt, state: step.percent >= 100 ? "promoted" : "passed" };
  });
}

function gatherTests(looks: readonly MetricLook[]): readonly RolloutTest[] {
  return [...Map.groupBy(looks, (each) => each.metric)].map(([metric, own]) => ({
    metric,
    margin: own.at(-1)?.margin ?? 0,
    verdict: own.at(-1)?.verdict ?? "",
    looks: own.flatMap((each) => (each.look === null ? [] : [each.look])),
  }));
}
