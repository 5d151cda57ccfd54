import { expect, test } from "vitest";
import { decideRollout, type RolloutEvidence, type RolloutPolicy, type RolloutProgress } from "./rollout.ts";
import type { ArmTraffic } from "./rollout-metrics.ts";
import { emptySums } from "./gateway/traffic-tally.ts";

const steps = [5, 25, 50, 100];
const policy: RolloutPolicy = {
  metrics: ["errors", "latency", "quality"],
  minRequestsPerStep: 500,
  minOutcomesPerStep: 0,
  alpha: 0.05,
  maxErrorRateIncrease: 0.01,
  maxLatencyRatio: 2,
  maxSloMissIncrease: 0.05,
  maxBrierIncrease: 0.02,
  fastAbortErrors: 10,
  stepTimeoutMs: 3_600_000,
};
const start: RolloutProgress = { steps, step: 0, stepStartedAt: 0, stepRevision: 2 };

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
    ...emptySums,
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
  return { traffic: [{ revision: 2, champion: arm(champion), candidate: arm(candidate) }], ejected, shadow: null };
}

test.each<readonly [string, RolloutEvidence, number, string]>([
  ["nothing served yet", { traffic: [], ejected: null, shadow: null }, 1, "stay"],
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
  const seen = evidence({ requests: 10_000, errorRate: 0.005 }, { requests: 500, errorRate: 0.016 });
  const decision = decideRollout(policy, start, seen, 1);

  expect(decision.kind).toBe("stay");
  expect(decision.reason).toMatch(/error rate \+0\.0110 .*margin \+0\.0100.*not yet shown to be harm/);
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
