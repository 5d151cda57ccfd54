import fc from "fast-check";
import { expect, test } from "vitest";
import { type Draught, RateBucket } from "./rate-bucket.ts";

const minute = 60_000;

test("takes a minute's worth at once, then as the rate allows", () => {
  const bucket = new RateBucket(60, 0);

  for (let turn = 0; turn < 60; turn += 1) {
    expect(bucket.waitMs(1, 0)).toBe(0);
    bucket.take(1, 0);
  }
  expect(bucket.waitMs(1, 0)).toBe(1_000);
  expect(bucket.waitMs(1, 999)).toBe(1);
  expect(bucket.waitMs(1, 1_000)).toBe(0);
  expect(bucket.fullInMs(0)).toBe(0 + minute - 1_000);
});

test("says never to more than a minute's worth", () => {
  expect(new RateBucket(100, 0).waitMs(101, 0)).toBe(Number.POSITIVE_INFINITY);
});

test("gives back what was not used, but not what has run off meanwhile", () => {
  const bucket = new RateBucket(100, 0);
  const first = bucket.take(100, 0);
  first.settle(10, 0);
  expect(bucket.remaining(0)).toBe(90);

  const second = bucket.take(90, 0);
  second.settle(0, minute);
  expect(bucket.remaining(minute)).toBe(100);
  bucket.take(100, minute).settle(100, minute);
  expect(bucket.remaining(minute)).toBe(0);
});

test("more than was taken is owed, and the next ones wait for it", () => {
  const bucket = new RateBucket(60, 0);
  bucket.take(60, 0).settle(90, 0);

  expect(bucket.remaining(0)).toBe(0);
  expect(bucket.waitMs(1, 0)).toBe(31_000);
});

interface Reserved {
  readonly at: number;
  readonly draught: Draught;
  used: number;
}

const step = fc.oneof(
  fc.record({ kind: fc.constant("take" as const), amount: fc.integer({ min: 1, max: 60 }) }),
  fc.record({
    kind: fc.constant("settle" as const),
    which: fc.nat(1_000),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.oneof(fc.nat(50), fc.nat(5_000), fc.nat(90_000)) }),
);

test("in no span is more used than a minute's worth and the rate of the span, whatever is given back and when", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.array(step, { maxLength: 120, size: "max" }),
      (perMinute, steps) => {
        const bucket = new RateBucket(perMinute, 0);
        const all: Reserved[] = [];
        const open: Reserved[] = [];
        let now = 0;
        for (const each of steps) {
          if (each.kind === "wait") now += each.ms;
          else if (each.kind === "take" && bucket.waitMs(each.amount, now) === 0) {
            const reserved = { at: now, draught: bucket.take(each.amount, now), used: each.amount };
            all.push(reserved);
            open.push(reserved);
          } else if (each.kind === "settle") {
            const [reserved] = open.splice(each.which % Math.max(1, open.length), 1);
            if (reserved === undefined) continue;
            reserved.used = Math.floor(each.share * reserved.draught.taken);
            reserved.draught.settle(reserved.used, now);
          }
        }
        for (let from = 0; from < all.length; from += 1) {
          let used = 0;
          for (const reserved of all.slice(from)) {
            used += reserved.used;
            const spanMs = reserved.at - (all[from]?.at ?? 0);
            expect(used * minute).toBeLessThanOrEqual(perMinute * (minute + spanMs));
          }
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

test("the wait that it tells is the shortest that suffices", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 100 }), fc.nat(3_000)), { maxLength: 40, size: "max" }),
      fc.integer({ min: 1, max: 500 }),
      (perMinute, taken, asked) => {
        const bucket = new RateBucket(perMinute, 0);
        let now = 0;
        for (const [amount, ms] of taken) {
          if (bucket.waitMs(amount, now) === 0) bucket.take(amount, now);
          now += ms;
        }
        const waitMs = bucket.waitMs(asked, now);
        if (waitMs === 0 || waitMs === Number.POSITIVE_INFINITY) {
          expect(waitMs === 0).toBe(asked <= bucket.remaining(now));
          return;
        }
        expect(bucket.waitMs(asked, now + waitMs - 1)).toBe(1);
        expect(bucket.waitMs(asked, now + waitMs)).toBe(0);
      },
    ),
  );
});
