import fc from "fast-check";
import { expect, test } from "vitest";
import { GrantBucket } from "./grant-bucket.ts";

const minute = 60_000;

test("lends a minute's worth, takes back what it is given, and lends that again", () => {
  const bucket = new GrantBucket(600, 0);
  bucket.lend(600, 0);
  expect([bucket.free(0), bucket.waitMs(10, 0), bucket.fullInMs(0)]).toEqual([0, 1_000, minute]);

  bucket.takeBack(100, 0);
  expect(bucket.free(0)).toBe(100);
  bucket.lend(150, 0);
  expect([bucket.free(0), bucket.waitMs(1, 0)]).toEqual([-50, 5_100]);
});

test("what has run off is not taken back, and it tells how old the oldest is that has not", () => {
  const bucket = new GrantBucket(600, 0);
  expect(bucket.freshMs(0)).toBe(0);
  bucket.lend(300, 0);
  bucket.lend(300, 10_000);

  expect(bucket.freshMs(20_000)).toBe(20_000);
  expect(bucket.freshMs(31_000)).toBe(21_000);
  bucket.takeBack(600, 31_000);
  expect(bucket.free(31_000)).toBe(600);
  expect(bucket.free(40_000)).toBe(600);
});

const step = fc.oneof(
  fc.record({ kind: fc.constant("lend" as const), amount: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ kind: fc.constant("take-back" as const), amount: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.oneof(fc.nat(400), fc.nat(20_000)) }),
);

test("lent amounts that are not taken back keep to the rate, and taking back frees at most what is given", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.array(step, { maxLength: 100, size: "max" }), (rate, steps) => {
      const bucket = new GrantBucket(rate, 0);
      let now = 0;
      let lent = 0;
      let kept = 0;
      for (const each of steps) {
        const free = bucket.free(now);
        if (each.kind === "wait") now += each.ms;
        else if (each.kind === "take-back") {
          const back = Math.min(each.amount, kept);
          bucket.takeBack(back, now);
          kept -= back;
          expect(bucket.free(now)).toBeGreaterThanOrEqual(free);
          expect(bucket.free(now)).toBeLessThanOrEqual(Math.min(rate, free + back));
        } else if (each.amount <= free) {
          bucket.lend(each.amount, now);
          lent += each.amount;
          kept += each.amount;
          expect(bucket.free(now)).toBe(free - each.amount);
        }
        expect(kept * minute).toBeLessThanOrEqual(rate * (minute + now));
      }
      expect(lent).toBeGreaterThanOrEqual(kept);
    }),
    { numRuns: 1_000 },
  );
});
