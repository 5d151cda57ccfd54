import { expect, test } from "vitest";
import { type ClosedLoop, runClosedLoop } from "./closed-loop.ts";
import type { RequestScheduling } from "./serving-job.ts";

const mixed: RequestScheduling = { prefill: "mixed", tokensMax: 2048, lookEvery: 1, holdSteps: 0, holdPrompts: 1 };
const loop: ClosedLoop = {
  callers: 16,
  inputTokens: 1000,
  outputTokens: 100,
  lengthSpread: 0,
  places: 1000,
  scheduling: mixed,
  costs: { step: 0.01, sequence: 0.0001, prefill: 0.005, token: 5e-5, launch: 0 },
};

test("a lone caller waits for the intake and its own prefill, and its tokens for nobody", () => {
  const { ttft, tpot } = runClosedLoop({ ...loop, callers: 1 });

  expect(ttft).toBeCloseTo(0.001 + 0.005 + 1000 * 5e-5, 6);
  expect(tpot).toBeCloseTo(0.01 + 0.0001, 6);
});

test("prompts before anything decodes keep waves together: first tokens wait longer, tokens shorter", () => {
  const beside = runClosedLoop(loop);
  const before = runClosedLoop({ ...loop, scheduling: { ...mixed, prefill: "first", tokensMax: 16_384 } });

  expect(before.ttft).toBeGreaterThan(2 * beside.ttft);
  expect(before.tpot).toBeLessThan(beside.tpot);
});

test("whole prompts wait for an iteration that holds them, one longer than an iteration is taken alone", () => {
  const whole = { ...mixed, prefill: "whole" as const, tokensMax: 512 };
  const { ttft } = runClosedLoop({ ...loop, callers: 2, scheduling: whole });

  expect(ttft).toBeGreaterThan(0.055);
  expect(Number.isFinite(ttft)).toBe(true);
});

test("prompts held back for company, and a scheduler that seldom looks, make first tokens wait", () => {
  const varied = { ...loop, lengthSpread: 0.1 };
  const waitOf = (scheduling: Partial<RequestScheduling>): number =>
    runClosedLoop({ ...varied, scheduling: { ...mixed, ...scheduling } }).ttft;

  expect(waitOf({ holdSteps: 20, holdPrompts: 8 })).toBeGreaterThan(waitOf({}));
  expect(waitOf({ lookEvery: 30 })).toBeGreaterThan(waitOf({}));
});

test("requests beyond the cache wait for whole requests to end", () => {
  const full = runClosedLoop({ ...loop, places: 8 });

  expect(full.ttft).toBeGreaterThan(0.5 * 100 * 0.01);
});

test("callers that stand for several each wait as long as all of them do", () => {
  const [all, grouped] = [256, 512].map((callers) => runClosedLoop({ ...loop, callers, outputTokens: 2000 }).ttft);

  expect((grouped ?? 0) / (all ?? 1)).toBeGreaterThan(1.5);
  expect((grouped ?? 0) / (all ?? 1)).toBeLessThan(3);
});

test("the same loop gives the same times", () => {
  expect(runClosedLoop({ ...loop, lengthSpread: 0.1 })).toEqual(runClosedLoop({ ...loop, lengthSpread: 0.1 }));
});
