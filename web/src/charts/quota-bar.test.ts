import fc from "fast-check";
import { expect, test } from "vitest";
import { quotaBar } from "./quota-bar.ts";

const idle = { nominal: 4, subtree: 4, used: 0, borrowed: 0, lent: 0, borrowingLimit: 4 };

test("draws what is used of its own from the left and what is borrowed beyond its quota", () => {
  expect(quotaBar({ ...idle, used: 6, borrowed: 2 })).toEqual({
    parts: [
      { kind: "own", from: 0, width: 0.5 },
      { kind: "borrowed", from: 0.5, width: 0.25 },
    ],
    quotaAt: 0.5,
    limitAt: 1,
    max: 8,
  });
});

test("draws what others use of its own at the end of its own", () => {
  const { parts } = quotaBar({ ...idle, used: 1, lent: 2 });

  expect(parts).toEqual([
    { kind: "own", from: 0, width: 0.125 },
    { kind: "lent", from: 0.25, width: 0.25 },
  ]);
});

test("leaves room beyond a quota without a borrowing limit, and marks none", () => {
  expect(quotaBar({ ...idle, borrowingLimit: null })).toMatchObject({ quotaAt: 0.8, limitAt: null });
});

test("marks a limit that is far off at the end instead of making everything small", () => {
  expect(quotaBar({ ...idle, borrowingLimit: 4000 })).toMatchObject({ quotaAt: 1 / 3, limitAt: 1 });
});

test("shows use without a quota as a whole", () => {
  expect(quotaBar({ ...idle, nominal: null, subtree: 0, used: 3, borrowed: 3 })).toMatchObject({
    parts: [{ kind: "own", from: 0, width: 1 }],
    quotaAt: null,
    limitAt: null,
  });
});

test("never draws outside the bar nor one part over another", () => {
  const amount = fc.nat({ max: 10_000 });
  fc.assert(
    fc.property(
      fc.record({
        nominal: fc.option(amount),
        subtree: amount,
        used: amount,
        borrowed: amount,
        lent: amount,
        borrowingLimit: fc.option(amount),
      }),
      (amounts) => {
        const { parts, quotaAt, limitAt } = quotaBar(amounts);
        let end = 0;
        for (const part of parts) {
          expect(part.from).toBeGreaterThanOrEqual(end - 1e-9);
          end = part.from + part.width;
        }
        for (const at of [end, quotaAt ?? 0, limitAt ?? 0]) expect(at).toBeLessThanOrEqual(1 + 1e-9);
      },
    ),
  );
});
