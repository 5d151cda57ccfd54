import { expect, test } from "vitest";
import {
  quantileOf,
  type SimulatedEnd,
  simulatedSpec,
  type SimulatedTruth,
  simulateRollout,
} from "./fixtures/simulated-rollout.ts";

const equal: SimulatedTruth = { championErrors: 0.01, candidateErrors: 0.01, latencyRatio: 1, latencySpread: 0.2 };
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

test("a candidate that is worse by half its margin is mostly promoted", () => {
  const slightly = ends(200, (seed) => simulateRollout(canary, { ...equal, candidateErrors: 0.015 }, seed, 60_000));
  const slower = ends(200, (seed) => simulateRollout(canary, { ...equal, latencyRatio: 1.5 }, seed, 60_000));

  expect(shareOf(slightly, "complete")).toBeGreaterThan(0.85);
  expect(shareOf(slower, "complete")).toBeGreaterThan(0.95);
});

test("of candidates that fail three times as often nearly all are stopped, half within 10,000 requests of which they had 500", () => {
  const all = ends(200, (seed) => simulateRollout(canary, { ...equal, candidateErrors: 0.03 }, seed, 200_000));
  const stopped = all.filter((end) => end.kind === "rollback");

  expect(stopped.length).toBeGreaterThan(190);
  expect(
    quantileOf(
      stopped.map((end) => end.requests),
      0.5,
    ),
  ).toBeLessThan(10_000);
  expect(
    quantileOf(
      stopped.map((end) => end.candidateRequests),
      0.5,
    ),
  ).toBeLessThan(500);
});

test("candidates that fail five times as often never become champion", () => {
  const all = ends(100, (seed) => simulateRollout(canary, { ...equal, candidateErrors: 0.05 }, seed, 200_000));

  expect(shareOf(all, "rollback")).toBe(1);
});

test("candidates that take three times as long are stopped within 200 of their requests, however widely latencies spread", () => {
  const truth = { ...equal, latencyRatio: 3, latencySpread: 0.8 };
  const all = ends(100, (seed) => simulateRollout(canary, truth, seed, 200_000));

  expect(shareOf(all, "rollback")).toBe(1);
  expect(
    quantileOf(
      all.map((end) => end.candidateRequests),
      0.9,
    ),
  ).toBeLessThan(200);
});

test("one whose errors lie at the margin pauses for a person when a step's time passes undecided", () => {
  const steady = simulatedSpec({ minRequestsPerStep: 100_000 });
  const all = ends(50, (seed) => simulateRollout(steady, { ...equal, candidateErrors: 0.018 }, seed, 100_000, 1));

  expect(shareOf(all, "pause")).toBeGreaterThan(0.9);
  expect(
    quantileOf(
      all.filter((end) => end.kind === "pause").map((end) => end.requests),
      0.5,
    ),
  ).toBe(3_600);
});

test("comparisons of equal versions are decided in fewer than 5 % of cases, of unequal ones soon", () => {
  const same = ends(300, (seed) => simulateRollout(comparison, equal, seed, 40_000));
  const worse = ends(100, (seed) => simulateRollout(comparison, { ...equal, candidateErrors: 0.03 }, seed, 40_000));

  expect(1 - shareOf(same, "open")).toBeLessThan(0.05);
  expect(shareOf(worse, "open")).toBe(0);
  expect(
    quantileOf(
      worse.map((end) => end.requests),
      0.5,
    ),
  ).toBeLessThan(4_000);
});
