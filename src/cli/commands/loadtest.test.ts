import { afterEach, expect, test } from "vitest";
import { LoadLedger } from "../../serving/loadtest/load-ledger.ts";
import type { LoadTestTask } from "../../serving/loadtest/model.ts";
import { recordingContext } from "../fixtures/recording-context.ts";
import { openStubApi, type StubApi } from "../fixtures/stub-api.ts";
import { loadtest, type LoadTestRunner } from "./loadtest.ts";

let api: StubApi | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
});

const usual = {
  rate: "10",
  duration: "10s",
  inputTokens: "64",
  outputTokens: "16",
  prefixTokens: 512,
  zipf: "1",
  turns: 1,
  think: "0s",
  seed: 1,
  maxInFlight: 64,
  drain: "1s",
  rows: 1,
  protocol: "openai",
};

/** Answers as if two requests had been answered and one refused. */
function playing(seen: LoadTestTask[]): LoadTestRunner {
  return async (_context, task, onProgress) => {
    seen.push(task);
    const ledger = new LoadLedger(task);
    const spans = { dueAt: 0, sentAt: 1, endAt: 300, inputTokens: 64, cachedTokens: 32, outputTokens: 11 };
    for (const firstAt of [100, 900]) {
      ledger.due();
      ledger.sent();
      ledger.ended({ ...spans, kind: "done", firstAt, lastAt: firstAt + 100, endAt: firstAt + 100 });
    }
    ledger.due();
    ledger.sent();
    onProgress(ledger.progress(5_000));
    ledger.ended({ ...spans, outputTokens: 0, kind: "failed", code: "429 overloaded", message: "too many" });
    return ledger.report(10_000);
  };
}

test("a deployment is found with its address, its project and the caller's key, and the report says all", async () => {
  api = await openStubApi({
    "GET /api/v1/deployments": {
      json: {
        items: [{ name: "chat", project: "cats", status: { url: "http://127.0.0.1:7701/v1", phase: "serving" } }],
      },
    },
  });
  const seen: LoadTestTask[] = [];
  const context = recordingContext({ url: api.url });
  const asked = { ...usual, target: "chat", slo: "ttft=500ms,tpot=50ms", prefixes: 3 };

  expect(await loadtest(context, asked, playing(seen))).toBe(0);
  expect(seen[0]).toMatchObject({
    shape: {
      rate: 10,
      durationMs: 10_000,
      slo: { ttftMs: 500, tpotMs: 50 },
      prefixes: { count: 3, tokens: 512, zipf: 1 },
    },
    target: {
      url: "http://127.0.0.1:7701",
      protocol: "openai",
      model: "chat",
      key: "test-key",
      headers: { "x-millwright-project": "cats" },
    },
  });
  expect(context.said).toEqual(["5.0s: 3 due, 2 done, 0 failed, 1 in flight, first token 100 ms, 4 tokens/s"]);
  const lines = context.printed.map((line) => line.replaceAll(/ +/g, " "));
  expect(lines).toEqual([
    "FROM WHEN IT WAS DUE MEAN P50 P95 P99 MAX",
    "time to first token 500 ms 100 ms 900 ms 900 ms 900 ms",
    "time for each token 10 ms 10 ms 10 ms 10 ms 10 ms",
    "end to end 600 ms 200 ms 1000 ms 1000 ms 1000 ms",
    "",
    "requests 3 due, 2 done, 1 failed",
    "throughput 0.2 requests/s, 12.8 tokens/s in, 2.2 tokens/s out",
    "prefix cache 50 % of prompt tokens were found there",
    "goodput 0.1 requests/s, 33.3 % of all requests (ttft ≤ 500 ms, tpot ≤ 50 ms)",
    "sent late by 1 ms (p50), 1 ms (p99)",
    "error 1 × 429 overloaded: too many",
  ]);
});

test("--json prints the whole report, without the key", async () => {
  const context = recordingContext({ format: "json" });
  const asked = { ...usual, target: "http://127.0.0.1:9/v1", model: "m", protocol: "v2" };
  await loadtest(context, asked, playing([]));

  const printed = JSON.parse(context.printed.join("\n")) as { readonly ttftMs: { readonly curve: readonly number[] } };
  expect(printed).toMatchObject({ schema_version: 1, requests: { due: 3, done: 2, failed: 1 }, goodput: null });
  expect(printed.ttftMs.curve).toHaveLength(101);
});

test.each([
  [{ target: "http://127.0.0.1:9" }, "name it with --model"],
  [{ target: "http://127.0.0.1:9", model: "m", slo: "ttfb=1s" }, '--slo "ttfb=1s" is not understood'],
  [{ target: "http://127.0.0.1:9", model: "m", inputTokens: "many" }, "inputTokens: write a number"],
  [{ target: "http://127.0.0.1:9", model: "m", rate: "fast" }, '--rate wants a number, found "fast"'],
  [{ target: "http://127.0.0.1:9", model: "m", keyEnv: "NOBODY" }, "which the environment does not hold"],
])("%j is refused before anything is sent", async (more, words) => {
  const seen: LoadTestTask[] = [];

  await expect(loadtest(recordingContext(), { ...usual, ...more }, playing(seen))).rejects.toThrow(words);
  expect(seen).toEqual([]);
});

test("a deployment that does not serve says so", async () => {
  api = await openStubApi({
    "GET /api/v1/deployments": { json: { items: [{ name: "chat", project: "cats", status: { phase: "deploying" } }] } },
  });

  await expect(loadtest(recordingContext({ url: api.url }), { ...usual, target: "chat" }, playing([]))).rejects.toThrow(
    "it is deploying",
  );
});
