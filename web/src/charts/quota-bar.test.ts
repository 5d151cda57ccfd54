import fc from "fast-check";
import { expect, test } from "vitest";
import { quotaBar } from "./quota-bar.ts";

const idle = { own: 4, used: 0, borrowed: 0, lent: 0, borrowingLimit: 4 };

test("draws what is used of its own from the left and what is borrowed beyond its quota", () => {
  expect(quotaBar({ ...idle, used: 6, borrowed: 2 }, 0)).toEqual({
    parts: [
      { kind: "own", from: 0, width: 0.5 },
      { kind: "borrowed", from: 0.5, width: 0.25 },
    ],
    quotaAt: 0.5,
    limitAt: 1,
    isLimitBeyond: false,
    max: 8,
  });
});

test("draws what others use of its own at the end of its own", () => {
  const { parts } = quotaBar({ ...idle, used: 1, lent: 2 }, 0);

  expect(parts).toEqual([
    { kind: "own", from: 0, width: 0.125 },
    { kind: "lent", from: 0.25, width: 0.25 },
  ]);
});

test("leaves room beyond a quota without a borrowing limit, and marks none", () => {
  expect(quotaBar({ ...idle, borrowingLimit: null }, 0)).toMatchObject({ quotaAt: 0.8, limitAt: null });
});

test("marks a limit that is far off at the end instead of making everything small", () => {
  expect(quotaBar({ ...idle, borrowingLimit: 4000 }, 0)).toMatchObject({
    quotaAt: 1 / 3,
    limitAt: 1,
    isLimitBeyond: true,
  });
});

test("draws what somebody with nothing of its own borrowed on the scale of the bar above", () => {
  expect(quotaBar({ ...idle, own: 0, used: 1, borrowed: 1, borrowingLimit: null }, 4)).toMatchObject({
    parts: [{ kind: "borrowed", from: 0, width: 0.25 }],
    quotaAt: 0,
    limitAt: null,
  });
});

test("never draws outside the bar nor one part over another", () => {
  const amount = fc.nat({ max: 10_000 });
  fc.assert(
    fc.property(
      fc.record({
        own: amount,
        used: amount,
        borrowed: amount,
        lent: amount,
        borrowingLimit: fc.option(amount),
      }),
      (amounts) => {
        const { parts, quotaAt, limitAt } = quotaBar(amounts, 100);
        let end = 0;
        for (const part of parts) {
          expect(part.from).toBeGreaterThanOrEqual(end - 1e-9);
          end = part.from + part.width;
        }
        for (const at of [end, quotaAt, limitAt ?? 0]) expect(at).toBeLessThanOrEqual(1 + 1e-9);
      },
    ),
  );
});
