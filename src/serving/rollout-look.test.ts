import { expect, test } from "vitest";
import { emptySums } from "./gateway/traffic-tally.ts";
import type { RolloutStatus } from "./model.ts";
import type { ArmTraffic } from "./rollout-metrics.ts";
import { type LookSubject, nextLook } from "./rollout-look.ts";
import type { CandidatePlan } from "./rollout-status.ts";

const rollout: RolloutStatus = {
  versionId: "second",
  version: "2",
  championId: "first",
  championVersion: "1",
  strategy: "canary",
  state: "running",
  steps: [5, 100],
  orderedAt: 0,
  promotedBy: null,
  step: 0,
  percent: 5,
  firstRevision: 3,
  stepRevision: 3,
  stepStartedAt: 1_000,
  startedAt: 1_000,
  looks: 0,
  history: [],
  decision: "stay",
  reason: "waiting for requests",
};
const waiting: CandidatePlan = {
  rollout,
  share: 5,
  alias: "keep",
  verb: null,
  decision: { kind: "stay", reason: "60 of 500 requests", metrics: [], requests: 60 },
};

function arm(requests: number, outcomes: number): ArmTraffic {
  return {
    ...emptySums,
    requests,
    outcomes,
    brierSum: 0,
    brierSquares: 0,
  };
}

function subject(champion: ArmTraffic, candidate: ArmTraffic): LookSubject {
  return {
    champion: { versionId: "first", version: "1", columns: [] },
    evidence: { traffic: [{ revision: 3, champion, candidate }], ejected: null, shadow: null },
    now: 5_000,
  };
}

const seen = subject(arm(1_000, 40), arm(60, 2));

test("the first look of a rollout is number 1 and counts requests and outcomes of both versions", () => {
  expect(nextLook(seen, waiting, undefined)).toMatchObject({
    rollout: "second@3",
    number: 1,
    at: 5_000,
    championId: "first",
    decision: "stay",
    reason: "60 of 500 requests",
    requests: 60,
    observations: 1_102,
  });
});

test("a look at which nothing new has come in is not written again", () => {
  const first = nextLook(seen, waiting, undefined);

  expect(nextLook(seen, waiting, first)).toBeUndefined();
  expect(nextLook(subject(arm(1_000, 40), arm(61, 2)), waiting, first)).toMatchObject({ number: 2 });
});

test("a decision is written down even when nothing new has come in", () => {
  const first = nextLook(seen, waiting, undefined);
  const paused: CandidatePlan = { ...waiting, decision: null, verb: "rollout-paused" };

  expect(nextLook(seen, paused, first)).toMatchObject({
    number: 2,
    decision: "stay",
    reason: "waiting for requests",
    requests: 0,
  });
});
