import { expect, test } from "vitest";
import { BatchRun, type PendingLine, type RunNews } from "./batch-run.ts";
import type { SendResult } from "./ports.ts";

const answered = { kind: "ended", result: { kind: "answered", status: 200, requestId: "r", body: "{}" } } as const;
const broken: SendResult = { kind: "broken", result: { kind: "refused", code: "connection_failed", message: "x" } };

/** A run whose requests are answered by hand. */
function startRun(lines: number, attempts = 0) {
  let now = 0;
  const underWay: { readonly line: number; readonly answer: (result: SendResult) => Promise<void> }[] = [];
  const news: RunNews[] = [];
  const run = new BatchRun({
    clock: { now: () => now },
    send: (line: PendingLine, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("aborted")));
        const answer = async (result: SendResult): Promise<void> => {
          resolve(result);
          // The run hears of it a turn later.
          await new Promise((done) => setImmediate(done));
        };
        underWay.push({ line: line.line, answer });
      }),
  });
  run.add(Array.from({ length: lines }, (_, index) => ({ ...line, line: index + 1, attempts })));
  run.add([]);
  run.launch();
  return {
    run,
    underWay,
    news,
    flush: () => run.flush(async (each) => void news.push(each)),
    pass: (ms: number) => {
      now += ms;
      run.launch();
    },
  };
}

const line = { customId: "c", offset: 0, length: 1 };

test("an answer makes room for the next request, and the run is done when all is written down", async () => {
  const { run, underWay, news, flush } = startRun(5);
  expect(underWay.map((each) => each.line)).toEqual([1, 2, 3, 4]);
  await underWay[1]?.answer(answered);
  expect(underWay.map((each) => each.line)).toEqual([1, 2, 3, 4, 5]);
  for (const index of [0, 2, 3, 4]) await underWay[index]?.answer(answered);
  expect(run.isDone).toBe(false);
  await flush();
  expect(run.isDone).toBe(true);
  expect(news.flatMap((each) => each.ended.map((ended) => ended.line))).toEqual([2, 1, 3, 4, 5]);
});

test("what could not be written down is written the next time", async () => {
  const { run, underWay, news, flush } = startRun(1);
  await underWay[0]?.answer(answered);
  await expect(run.flush(() => Promise.reject(new Error("no database")))).rejects.toThrow("no database");
  expect(run.isDone).toBe(false);
  await flush();
  expect(news).toMatchObject([{ ended: [{ line: 1, isAnswer: true }] }]);
});

test("a busy gateway is asked again after its pause, as often as it takes", async () => {
  const { run, underWay, pass, flush } = startRun(1);
  for (let count = 0; count < 20; count += 1) {
    await underWay[count]?.answer({ kind: "busy", retryAfterMs: 100 });
    pass(99);
    expect(underWay).toHaveLength(count + 1);
    pass(1);
    expect(underWay).toHaveLength(count + 2);
  }
  await underWay[20]?.answer(answered);
  await flush();
  expect(run.isDone).toBe(true);
});

test("a request that breaks is tried five times in all, after growing pauses, and then ends with what it met", async () => {
  const { underWay, news, pass, flush } = startRun(1);
  const pauses = [1_000, 2_000, 4_000, 8_000];
  for (const [index, pauseMs] of pauses.entries()) {
    await underWay[index]?.answer(broken);
    pass(pauseMs - 1);
    expect(underWay).toHaveLength(index + 1);
    pass(1);
    expect(underWay).toHaveLength(index + 2);
  }
  await underWay[4]?.answer(broken);
  await flush();
  expect(news).toEqual([
    {
      ended: [{ line: 1, result: { kind: "refused", code: "connection_failed", message: "x" }, isAnswer: false }],
      tried: [1, 1, 1, 1],
    },
  ]);
});

test("tries that were written down count", async () => {
  const { underWay, news, flush } = startRun(1, 4);
  await underWay[0]?.answer(broken);
  await flush();
  expect(news).toMatchObject([{ ended: [{ line: 1 }], tried: [] }]);
});

test("long results are written in pieces, and no more requests are made while too much waits to be written", async () => {
  const { run, underWay, news, flush } = startRun(9);
  const long: SendResult = { kind: "ended", result: { ...answered.result, body: "x".repeat(10_000_000) } };
  for (let index = 0; index < 4; index += 1) await underWay[index]?.answer(long);
  // After three of the four it was too much.
  expect(underWay).toHaveLength(7);
  await flush();
  expect(news.map((each) => each.ended.length)).toEqual([1, 1, 1, 1]);
  run.launch();
  expect(underWay.length).toBeGreaterThan(7);
});

test("text that the database cannot keep is made so", async () => {
  const { underWay, news, flush } = startRun(1);
  await underWay[0]?.answer({
    kind: "ended",
    result: { kind: "answered", status: 200, requestId: "r", body: "a\0b\ud800" },
  });
  await flush();
  expect(news[0]?.ended[0]?.result).toMatchObject({ body: "a\ufffdb\ufffd" });
});

test("a run that is stopped makes no more requests and says nothing of those that broke off", async () => {
  const { run, underWay, news, flush } = startRun(9);
  run.stop();
  await new Promise((done) => setImmediate(done));
  await flush();
  expect(underWay).toHaveLength(4);
  expect(news).toEqual([]);
});
