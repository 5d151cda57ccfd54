import fc from "fast-check";
import { expect, test } from "vitest";
import { refusalSumsMax, RefusalTally } from "./refusal-tally.ts";
import { windowMs } from "./traffic-tally.ts";

test("refusals are summed by whose they are, why and when, and taken once", () => {
  const tally = new RefusalTally();
  const chat = { project: "flights", deployment: "chat" };
  tally.record({ ...chat, reason: "limit-requests" }, 5);
  tally.record({ ...chat, reason: "limit-requests" }, windowMs - 1);
  tally.record({ ...chat, reason: "late" }, 5);
  tally.record({ project: "", deployment: "", reason: "unknown-key" }, windowMs);

  expect(tally.take()).toEqual([
    { ...chat, reason: "limit-requests", startsAt: 0, requests: 2 },
    { ...chat, reason: "late", startsAt: 0, requests: 1 },
    { project: "", deployment: "", reason: "unknown-key", startsAt: windowMs, requests: 1 },
  ]);
  expect(tally.take()).toEqual([]);
});

test("however many names there are, none is lost and the sums are bounded", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 * refusalSumsMax }), (names) => {
      const tally = new RefusalTally();
      for (let name = 0; name < names; name += 1) {
        tally.record({ project: `p${name}`, deployment: "", reason: "unknown-model" }, 0);
      }
      const taken = tally.take();

      expect(taken.reduce((sum, { requests }) => sum + requests, 0)).toBe(names);
      expect(taken.length).toBeLessThanOrEqual(refusalSumsMax + 1);
    }),
  );
});
