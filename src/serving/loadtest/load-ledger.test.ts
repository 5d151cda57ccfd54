import fc from "fast-check";
import { expect, test } from "vitest";
import { AnswerReader } from "./answer-reader.ts";
import { LoadLedger } from "./load-ledger.ts";
import { loadTestReportSchema, loadTestTaskSchema } from "./model.ts";
import { nearestRank } from "./nearest-rank.ts";
import type { RequestOutcome } from "./request-outcome.ts";
import { tensorBody } from "./tensor-body.ts";

const task = loadTestTaskSchema.parse({
  shape: { rate: 10, durationMs: 10_000, slo: { ttftMs: 500, tpotMs: 50 } },
  target: { url: "http://127.0.0.1:1", protocol: "openai", model: "m" },
});

const done = (dueAt: number, sentAt: number, firstAt: number, lastAt: number, outputTokens = 11): RequestOutcome => ({
  kind: "done",
  dueAt,
  sentAt,
  firstAt,
  lastAt,
  endAt: lastAt,
  inputTokens: 100,
  cachedTokens: 0,
  outputTokens,
});

function ledgerOf(outcomes: readonly RequestOutcome[]): LoadLedger {
  const ledger = new LoadLedger(task);
  for (const outcome of outcomes) {
    ledger.due();
    ledger.sent();
    ledger.ended(outcome);
  }
  return ledger;
}

test("a request that had to wait before it was sent counts from when it was due", () => {
  // The server stands still for five seconds; those that were due meanwhile leave when it goes on, and are then answered in 10 ms.
  const stalled = Array.from({ length: 50 }, (_, index) => done(index * 100, 5_000, 5_010, 5_110));
  const report = ledgerOf(stalled).report(10_000);

  expect(report.ttftMs).toMatchObject({ p50: 2_510, p99: 5_010, max: 5_010 });
  expect(report.endToEndMs?.max).toBe(5_110);
  expect(report.lateMs).toMatchObject({ p50: 2_500, max: 5_000 });
  // Measured from when they were sent all would be good.
  expect(report.goodput).toMatchObject({ good: 4, share: 0.08 });
});

test("the time for a token is that between the first and the last, by the tokens after the first", () => {
  const report = ledgerOf([done(0, 0, 100, 600, 11), done(0, 0, 100, 100, 1)]).report(1_000);

  expect(report.tpotMs).toMatchObject({ count: 1, p50: 50 });
  expect(report.tokens).toEqual({ input: 200, output: 12, cached: 0 });
});

test("failures are counted by code, and who is not answered is unfinished and not good", () => {
  const failed: RequestOutcome = { ...done(0, 0, 0, 20), kind: "failed", code: "429 overloaded", message: "too many" };
  const ledger = ledgerOf([done(0, 0, 100, 200), failed, failed]);
  ledger.due();
  ledger.due();
  ledger.sent();
  const report = ledger.report(10_000);

  expect(report.requests).toEqual({ due: 5, done: 1, failed: 2, unfinished: 2 });
  expect(report.errors).toEqual([{ code: "429 overloaded", count: 2, message: "too many" }]);
  expect(report.goodput).toEqual({ good: 1, share: 0.2, requestsPerSecond: 0.1 });
  expect(ledger.progress(1_000)).toMatchObject({ due: 5, inFlight: 1, waiting: 1, done: 1, failed: 2 });
  expect(loadTestReportSchema.parse(report)).toEqual(report);
});

test("the series holds every request once, where it was due", () => {
  const report = ledgerOf([done(0, 0, 100, 900), done(4_000, 4_000, 4_100, 4_900), done(9_999, 9_999, 10_500, 12_000)]);
  const { bucketMs, buckets } = report.report(12_000).series;

  expect(buckets.reduce((sum, bucket) => sum + bucket.due, 0)).toBe(3);
  expect(buckets[Math.floor(4_000 / bucketMs)]).toMatchObject({ due: 1, good: 0, ttftP50Ms: 100 });
  expect(buckets.reduce((sum, bucket) => sum + bucket.outputTokens, 0)).toBe(33);
});

test("a quantile is a value that was measured, and that share of all values lies at or below it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 60 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, share) => {
        const sorted = values.toSorted((left, right) => left - right);
        const found = nearestRank(sorted, share);

        expect(sorted).toContain(found);
        expect(sorted.filter((value) => value <= found).length).toBeGreaterThanOrEqual(share * sorted.length - 1e-9);
        const below = sorted.filter((value) => value < found).length;
        if (below > 0) expect(below).toBeLessThan(share * sorted.length + 1e-9);
      },
    ),
  );
  expect([0.5, 0.95, 0.99, 1].map((share) => nearestRank([1, 2, 3, 4], share))).toEqual([2, 4, 4, 4]);
});

test("reads a stream whatever the pieces: the role is no token, the usage counts", () => {
  const frames = [
    { choices: [{ delta: { role: "assistant", content: "" } }] },
    { choices: [{ delta: { content: "Hel" } }] },
    { choices: [{ delta: { content: "lo" } }] },
    { choices: [{ delta: {}, finish_reason: "stop" }] },
    { choices: [], usage: { prompt_tokens: 7, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4 } } },
  ];
  const text = `${frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join("")}data: [DONE]\n\n`;
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 8 }), (cuts) => {
      const reader = new AnswerReader();
      const places = [0, ...cuts.toSorted((left, right) => left - right), text.length];
      for (const [index, place] of places.slice(1).entries()) reader.push(text.slice(places[index], place), index);
      const { firstAt, lastAt, ...rest } = reader.answer;

      expect(rest).toEqual({
        text: "Hello",
        outputTokens: 5,
        inputTokens: 7,
        cachedTokens: 4,
        failure: null,
        isOver: true,
      });
      expect(firstAt).not.toBeNull();
      expect(lastAt).toBeGreaterThanOrEqual(firstAt ?? Number.POSITIVE_INFINITY);
    }),
  );
});

test("an error inside a stream is a failure", () => {
  const reader = new AnswerReader();
  reader.push('data: {"error":{"type":"server_error","message":"out of memory"}}\n\n', 3);

  expect(reader.answer.failure).toEqual({ code: "server_error", message: "out of memory" });
});

test("tensors are made from the metadata: open axes take the rows, then one", () => {
  const inputs = [
    { name: "x", datatype: "FP32", shape: [-1, 3] },
    { name: "word", datatype: "BYTES", shape: [-1, -1] },
  ];

  expect(tensorBody(inputs, 2, 1)).toMatchObject({
    inputs: [
      { name: "x", shape: [2, 3] },
      { name: "word", shape: [2, 1], data: ["a", "a"] },
    ],
  });
  expect(() => tensorBody([{ name: "x", datatype: "FP32", shape: [1e9] }], 1, 1)).toThrow("input x would have");
});
