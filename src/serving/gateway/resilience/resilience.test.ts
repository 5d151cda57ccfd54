import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CircuitBreaker, failuresToOpen, firstOpenMs, longestOpenMs } from "./circuit-breaker.ts";
import { ejectedMs, OutlierEjection, requestsToJudge } from "./outlier-ejection.ts";
import { readRetryAfter } from "./retry-after.ts";
import { RetryBudget, retriesSaved, retryShare } from "./retry-budget.ts";
import { decideRetry, type FailedTry, firstPauseMs, isRetryable, longestPauseMs, maxTries } from "./retry-decision.ts";

describe("a circuit breaker", () => {
  function opened(): CircuitBreaker {
    const breaker = new CircuitBreaker();
    for (let failure = 0; failure < failuresToOpen; failure += 1) breaker.failed(0);
    return breaker;
  }

  test("opens after failures in a row, not after as many with a success between", () => {
    const mixed = new CircuitBreaker();
    for (let failure = 0; failure < failuresToOpen * 3; failure += 1) {
      mixed.failed(0);
      if (failure % (failuresToOpen - 1) === 0) mixed.succeeded();
    }

    expect([opened().admits(0), mixed.admits(0)]).toEqual([false, true]);
  });

  test("lets one request in on trial, and all once it succeeded", () => {
    const breaker = opened();
    expect(breaker.admits(firstOpenMs)).toBe(true);
    breaker.sent(firstOpenMs);
    expect(breaker.admits(firstOpenMs)).toBe(false);
    breaker.succeeded();

    expect(breaker.admits(firstOpenMs)).toBe(true);
  });

  test("stays open twice as long after each trial that fails, up to a limit", () => {
    const breaker = opened();
    let now = firstOpenMs;
    for (let openMs = firstOpenMs * 2; openMs <= longestOpenMs * 4; openMs *= 2) {
      breaker.sent(now);
      breaker.failed(now);
      const wanted = Math.min(openMs, longestOpenMs);
      expect([breaker.admits(now + wanted - 1), breaker.admits(now + wanted)]).toEqual([false, true]);
      now += wanted;
    }
  });

  test("a trial whose caller went away frees the place for the next", () => {
    const breaker = opened();
    breaker.sent(firstOpenMs);
    breaker.forgotten(firstOpenMs);

    expect(breaker.admits(firstOpenMs)).toBe(true);
  });
});

describe("the ejection of outliers", () => {
  function ejection(endpoints: readonly string[]): OutlierEjection {
    const made = new OutlierEjection();
    made.retain(new Set(endpoints));
    return made;
  }

  test("takes out a replica that fails half of its requests next to two that fail none", () => {
    const outliers = ejection(["a", "b", "c"]);
    for (let request = 0; request < requestsToJudge * 2; request += 1) {
      outliers.record("a", request % 2 === 0, 100);
      outliers.record("b", false, 100);
      outliers.record("c", false, 100);
    }

    expect([outliers.admits("a", 101), outliers.admits("b", 101)]).toEqual([false, true]);
    expect(outliers.admits("a", 100 + ejectedMs)).toBe(true);
  });

  test("never takes out more than half, and nobody when all fail alike", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.tuple(fc.nat(7), fc.boolean())), (size, requests) => {
        const endpoints = Array.from({ length: size }, (_, index) => String(index));
        const outliers = ejection(endpoints);
        requests.forEach(([endpoint, isFailure]) => outliers.record(String(endpoint % size), isFailure, 5));
        for (let round = 0; round < requestsToJudge; round += 1) {
          for (const endpoint of endpoints) outliers.record(endpoint, endpoint !== "0", 5);
        }

        expect(endpoints.filter((endpoint) => !outliers.admits(endpoint, 5)).length * 2).toBeLessThanOrEqual(size);
      }),
    );
  });
});

test("over any run of requests there are no more retries than the share and what was saved", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 400 }), (isRequest) => {
      const budget = new RetryBudget();
      let requests = 0;
      let retries = 0;
      for (const each of isRequest) {
        if (each) {
          budget.earn();
          requests += 1;
        } else if (budget.spend()) retries += 1;
        expect(retries).toBeLessThanOrEqual(retryShare * requests + retriesSaved + 1e-9);
      }
    }),
  );
});

describe("a retry", () => {
  const failed: FailedTry = {
    tries: 1,
    status: null,
    shouldRetry: null,
    retryAfterMs: null,
    hasOther: true,
    takeFromBudget: () => true,
    random: 0.5,
  };

  test.each([
    ["no answer", {}, firstPauseMs],
    ["a server's error", { status: 503 }, firstPauseMs],
    ["a caller's error", { status: 400 }, null],
    ["a caller's error that may be tried again", { status: 400, shouldRetry: true }, firstPauseMs],
    ["a server's error that must not", { status: 500, shouldRetry: false }, null],
    ["the last try", { tries: maxTries }, null],
    ["an empty budget", { takeFromBudget: () => false }, null],
    ["a wait that only this replica wants", { status: 429, retryAfterMs: 5_000 }, firstPauseMs],
    ["a wait, with no other replica", { status: 429, retryAfterMs: 5_000, hasOther: false }, 5_000],
    ["a wait too long", { status: 429, retryAfterMs: longestPauseMs + 1, hasOther: false }, null],
  ])("after %s", (_what, change, pause) => {
    expect(decideRetry({ ...failed, ...change })).toBe(pause);
  });

  test("a status that no retry mends takes nothing from the budget", () => {
    let taken = 0;
    const takeFromBudget = (): boolean => {
      taken += 1;
      return true;
    };
    for (let status = 400; status < 600; status += 1) decideRetry({ ...failed, status, takeFromBudget });

    expect(taken).toBe(Array.from({ length: 200 }, (_, index) => 400 + index).filter(isRetryable).length);
  });
});

test.each([
  [{ "retry-after-ms": "250" }, 250],
  [{ "retry-after-ms": "250", "retry-after": "9" }, 250],
  [{ "retry-after": "1.5" }, 1_500],
  [{ "retry-after": "Thu, 01 Jan 1970 00:00:09 GMT" }, 8_000],
  [{ "retry-after": "soon" }, null],
  [{}, null],
])("reads the pause of %j", (headers, wanted) => {
  expect(readRetryAfter(headers, 1_000, Date.parse)).toBe(wanted);
});
