import { describe, expect, test } from "vitest";
import { seededRandom } from "../base/random.ts";
import {
  type ArmTraffic,
  decideRollout,
  type RevisionTraffic,
  type RolloutEvidence,
  type RolloutPolicy,
  type RolloutProgress,
} from "./rollout.ts";

const policy: RolloutPolicy = {
  steps: [5, 25, 50, 100],
  minRequestsPerStep: 500,
  minOutcomesPerStep: 0,
  alpha: 0.05,
  maxErrorRateIncrease: 0.01,
  maxLatencyRatio: 2,
  maxBrierIncrease: 0.02,
  fastAbortErrors: 10,
  stepTimeoutMs: 3_600_000,
};
const start: RolloutProgress = { step: 0, stepStartedAt: 0, stepRevision: 2 };

interface Behaviour {
  readonly requests: number;
  readonly errorRate?: number;
  readonly logLatency?: number;
  readonly outcomes?: number;
  readonly brier?: number;
}

function arm({ requests, errorRate = 0, logLatency = 1, outcomes = 0, brier = 0.15 }: Behaviour): ArmTraffic {
  const errors = Math.round(requests * errorRate);
  const served = requests - errors;
  return {
    requests,
    errors,
    logLatencySum: served * logLatency,
    logLatencySquares: served * (logLatency * logLatency + 0.1),
    outcomes,
    brierSum: outcomes * brier,
    brierSquares: outcomes * (brier * brier + 0.02),
  };
}

function evidence(champion: Behaviour, candidate: Behaviour, ejected: string | null = null): RolloutEvidence {
  return { traffic: [{ revision: 2, champion: arm(champion), candidate: arm(candidate) }], ejected };
}

test.each<readonly [string, RolloutEvidence, number, string]>([
  ["nothing served yet", { traffic: [], ejected: null }, 1, "stay"],
  ["too few requests", evidence({ requests: 4000 }, { requests: 60 }), 1, "stay"],
  ["enough requests, no harm", evidence({ requests: 10_000 }, { requests: 500 }), 1, "advance"],
  ["errors beyond the margin", evidence({ requests: 20_000 }, { requests: 1000, errorRate: 0.1 }), 1, "rollback"],
  [
    "latency four times as long",
    evidence({ requests: 20_000 }, { requests: 1000, logLatency: 1 + Math.log(4) }),
    1,
    "rollback",
  ],
  [
    "worse predictions",
    evidence({ requests: 9000, outcomes: 4000 }, { requests: 500, outcomes: 400, brier: 0.4 }),
    1,
    "rollback",
  ],
  ["the gateway stopped it", evidence({ requests: 100 }, { requests: 10 }, "10 errors in a row"), 1, "rollback"],
  ["most of the first requests failed", evidence({ requests: 400 }, { requests: 20, errorRate: 0.6 }), 1, "rollback"],
  ["both fail alike", evidence({ requests: 400, errorRate: 0.6 }, { requests: 20, errorRate: 0.6 }), 1, "stay"],
  ["too little traffic within the step's time", evidence({ requests: 400 }, { requests: 40 }), 3_600_000, "pause"],
])("with %s it decides: %#", (_, seen, now, kind) => {
  expect(decideRollout(policy, start, seen, now).kind).toBe(kind);
});

test("an estimate beyond its margin holds the step although harm is not shown yet", () => {
  const decision = decideRollout(policy, start, evidence({ requests: 10_000 }, { requests: 500, errorRate: 0.016 }), 1);

  expect(decision.kind).toBe("stay");
  expect(decision.reason).toMatch(/error rate \+0\.0160 .*margin \+0\.0100.*not yet shown to be harm/);
});

test("a step that wants outcomes waits for them", () => {
  const wants = { ...policy, minOutcomesPerStep: 100 };

  expect(decideRollout(wants, start, evidence({ requests: 9000 }, { requests: 600 }), 1)).toMatchObject({
    kind: "stay",
    reason: "0 of 100 outcomes",
  });
  expect(
    decideRollout(wants, start, evidence({ requests: 9000, outcomes: 900 }, { requests: 600, outcomes: 100 }), 1).kind,
  ).toBe("advance");
});

test("the last step before 100 % completes", () => {
  expect(decideRollout(policy, { ...start, step: 2 }, evidence({ requests: 600 }, { requests: 600 }), 1).kind).toBe(
    "complete",
  );
});

describe("over whole rollouts with a look every 100 requests", () => {
  function simulate(candidateErrorRate: number, seed: number): string {
    const random = seededRandom(seed);
    const empty = arm({ requests: 0 });
    let progress = start;
    let traffic: readonly RevisionTraffic[] = [{ revision: 2, champion: empty, candidate: empty }];
    for (let request = 1; request <= 60_000; request += 1) {
      const isCandidate = random.next() * 100 < (policy.steps[progress.step] ?? 0);
      const isError = random.next() < (isCandidate ? candidateErrorRate : 0.01);
      const logLatency = 1 + 0.5 * (random.next() + random.next() - 1);
      const one: ArmTraffic = {
        ...empty,
        requests: 1,
        errors: isError ? 1 : 0,
        logLatencySum: isError ? 0 : logLatency,
        logLatencySquares: isError ? 0 : logLatency * logLatency,
      };
      const last = traffic.at(-1) ?? { revision: 2, champion: empty, candidate: empty };
      const grown = isCandidate
        ? { ...last, candidate: plus(last.candidate, one) }
        : { ...last, champion: plus(last.champion, one) };
      traffic = [...traffic.slice(0, -1), grown];
      if (request % 100 !== 0) continue;
      const { kind } = decideRollout(policy, progress, { traffic, ejected: null }, request);
      if (kind === "rollback" || kind === "complete" || kind === "pause") return kind;
      if (kind !== "advance") continue;
      progress = { step: progress.step + 1, stepStartedAt: request, stepRevision: progress.stepRevision + 1 };
      traffic = [...traffic, { revision: progress.stepRevision, champion: empty, candidate: empty }];
    }
    return "stay";
  }

  function plus(left: ArmTraffic, right: ArmTraffic): ArmTraffic {
    return {
      requests: left.requests + right.requests,
      errors: left.errors + right.errors,
      logLatencySum: left.logLatencySum + right.logLatencySum,
      logLatencySquares: left.logLatencySquares + right.logLatencySquares,
      outcomes: 0,
      brierSum: 0,
      brierSquares: 0,
    };
  }

  test("fewer than alpha of 500 equal candidates are rolled back, and nearly all are promoted", () => {
    const kinds = Array.from({ length: 500 }, (_, seed) => simulate(0.01, seed));

    expect(kinds.filter((kind) => kind === "rollback").length / 500).toBeLessThanOrEqual(policy.alpha);
    expect(kinds.filter((kind) => kind === "complete").length / 500).toBeGreaterThan(0.9);
  });

  test("candidates that fail five times as often never become champion", () => {
    const kinds = Array.from({ length: 100 }, (_, seed) => simulate(0.05, seed));

    expect(kinds.filter((kind) => kind === "rollback").length).toBe(100);
  });
});
