import { expect, test } from "vitest";
import {
  medianOf,
  type SimulatedEnd,
  simulatedSpec,
  type SimulatedTruth,
  simulateRollout,
} from "./fixtures/simulated-rollout.ts";

const equal: SimulatedTruth = { championErrors: 0.01, candidateErrors: 0.01, latencyRatio: 1 };
const canary = simulatedSpec({});
const comparison = simulatedSpec({ strategy: "ab" });

function ends(count: number, one: (seed: number) => SimulatedEnd): readonly SimulatedEnd[] {
  return Array.from({ length: count }, (_, index) => one(index + 1));
}

function shareOf(all: readonly SimulatedEnd[], kind: SimulatedEnd["kind"]): number {
  return all.filter((end) => end.kind === kind).length / all.length;
}

test("of 2,000 candidates that change nothing fewer than 5 % are rolled back, and nearly all are promoted", () => {
  const all = ends(2_000, (seed) => simulateRollout(canary, equal, seed, 40_000));

  expect(shareOf(all, "rollback")).toBeLessThan(0.05);
  expect(shareOf(all, "complete")).toBeGreaterThan(0.95);
  // The same runs, judged by a test that may be looked at once only.
  expect(all.filter((end) => end.isNaiveAlarm).length / all.length).toBeGreaterThan(0.2);
});

test.each([
  ["errors", { ...equal, candidateErrors: 0.02 }],
  ["latency", { ...equal, latencyRatio: 2 }],
])("fewer than 5 % of candidates whose %s lie exactly at the margin are rolled back", (_, truth) => {
  const all = ends(300, (seed) => simulateRollout(canary, truth, seed, 60_000));

  expect(shareOf(all, "rollback")).toBeLessThan(0.05);
});

test("a candidate that fails three times as often is stopped while it has a twentieth of the requests", () => {
  const all = ends(100, (seed) => simulateRollout(canary, { ...equal, candidateErrors: 0.03 }, seed, 200_000));
  const stopped = all.filter((end) => end.kind === "rollback");

  expect(stopped.length).toBeGreaterThan(90);
  expect(medianOf(stopped.map((end) => end.requests)) * 0.05).toBeLessThan(4_000);
});

test("candidates that fail five times as often never become champion", () => {
  const all = ends(100, (seed) => simulateRollout(canary, { ...equal, candidateErrors: 0.05 }, seed, 200_000));

  expect(shareOf(all, "rollback")).toBe(1);
});

test("comparisons of equal versions are decided in fewer than 5 % of cases, of unequal ones soon", () => {
  const same = ends(300, (seed) => simulateRollout(comparison, equal, seed, 40_000));
  const worse = ends(100, (seed) => simulateRollout(comparison, { ...equal, candidateErrors: 0.03 }, seed, 40_000));

  expect(1 - shareOf(same, "open")).toBeLessThan(0.05);
  expect(shareOf(worse, "open")).toBe(0);
  expect(medianOf(worse.map((end) => end.requests))).toBeLessThan(5_000);
});
