import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { ada, ruleOf } from "../fixtures/limit-rules.ts";
import { shareMax } from "../gateway/limits/lease.ts";
import type { LimitRule } from "../gateway/limits/limit-rule.ts";
import { simulateLimits } from "./simulate-limits.ts";

const minute = 60_000;
const minutes = 3;

/** Four workers, some of which may have nobody: connections are spread by chance. */
const callers = fc
  .array(fc.nat(6), { minLength: 4, maxLength: 4 })
  .filter((each) => each.reduce((sum, count) => sum + count, 0) >= 4);

function run(rule: LimitRule, spread: readonly number[], serviceMs: number, pauseMs: number | null, seed: number) {
  const ask = { subject: ada, tokens: 0, microMoney: 0 };
  const asked = { rule, ask, callers: spread, serviceMs, pauseMs, roundTripMs: 2, runMs: minutes * minute };
  return simulateLimits(asked, seededRandom(seed));
}

test("a rate under more demand than it allows is used whole in every minute, however few callers are spread over workers", () => {
  fc.assert(
    fc.property(
      callers,
      fc.constantFrom(20, 60, 600),
      fc.constantFrom(100, 250, null),
      fc.nat(1_000),
      (spread, perMinute, pauseMs, seed) => {
        const rule = ruleOf("requests", perMinute);
        const { letInAt } = run(rule, spread, 40, pauseMs, seed);
        for (let from = 0; from < minutes; from += 1) {
          const used = letInAt.filter((at) => at >= from * minute && at < (from + 1) * minute).length;
          // A full bucket adds a minute's worth to the first minute; callers that wait in whole seconds come a second late.
          const allowed = perMinute * (from === 0 ? 2 : 1);
          expect(used).toBeGreaterThanOrEqual(Math.floor(0.95 * allowed));
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("in no span is more let in than the rate allows and a share for each worker", () => {
  fc.assert(
    fc.property(callers, fc.constantFrom(20, 60, 600), fc.nat(1_000), (spread, perMinute, seed) => {
      const rule = ruleOf("requests", perMinute);
      const { letInAt } = run(rule, spread, 40, 100, seed);
      const slack = spread.length * (shareMax(rule) + 1);
      for (let from = 0; from < letInAt.length; from += 7) {
        const startsAt = letInAt[from] ?? 0;
        for (let to = from; to < letInAt.length; to += 1) {
          const allowed = perMinute * (1 + ((letInAt[to] ?? 0) - startsAt) / minute) + slack;
          if (to - from + 1 > allowed) expect(to - from + 1).toBeLessThanOrEqual(allowed);
        }
      }
      expect(letInAt.length).toBeGreaterThan(perMinute);
    }),
    { numRuns: 30 },
  );
});

test.each([
  ["equal crowds", [20, 20, 20, 20]],
  ["one crowd and a few", [40, 2, 2, 2]],
  ["two crowds", [60, 60, 0, 0]],
  ["one crowd", [60, 0, 0, 0]],
])("requests at once are used by %s, and never exceeded", (_what, spread) => {
  for (const atOnce of [2, 4, 10, 40]) {
    for (const pauseMs of [100, null]) {
      const { meanAtOnce, mostAtOnce } = run(ruleOf("concurrency", atOnce), spread, 300, pauseMs, atOnce);
      expect(mostAtOnce).toBeLessThanOrEqual(atOnce);
      expect(meanAtOnce).toBeGreaterThanOrEqual(0.9 * atOnce);
    }
  }
});

test("where there are more workers than places, the places go round", () => {
  const random = seededRandom(5);
  const asked = { rule: ruleOf("concurrency", 1), ask: { subject: ada, tokens: 0, microMoney: 0 } };
  const callersOf = { callers: [3, 3, 3], serviceMs: 200, pauseMs: 100, roundTripMs: 2, runMs: minute };
  const { refused, letInAt, mostAtOnce } = simulateLimits({ ...asked, ...callersOf }, random);

  expect(mostAtOnce).toBe(1);
  expect(letInAt.length).toBeGreaterThan(0.85 * (minute / 200));
  expect(refused).toBeGreaterThan(letInAt.length);
});
