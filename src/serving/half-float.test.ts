import fc from "fast-check";
import { expect, test } from "vitest";
import { fromHalfBits, toHalfBits } from "./half-float.ts";

test("every half-precision number survives the way there and back", () => {
  const all = Array.from({ length: 65_536 }, (_, bits) => bits);
  const numbers = all.filter((bits) => !Number.isNaN(fromHalfBits(bits)));

  expect(numbers.map((bits) => toHalfBits(fromHalfBits(bits)))).toEqual(numbers);
  expect(fromHalfBits(toHalfBits(Number.NaN))).toBeNaN();
});

test("any other number becomes the nearest one", () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true, min: -60_000, max: 60_000 }), (value) => {
      const bits = toHalfBits(value);
      const distance = Math.abs(fromHalfBits(bits) - value);
      for (const next of [bits - 1, bits + 1]) {
        if (next < 0 || next > 0xffff || ((next ^ bits) & 0x8000) !== 0) continue;
        expect(distance).toBeLessThanOrEqual(Math.abs(fromHalfBits(next) - value));
      }
    }),
  );
});

test.each([
  [1, 0x3c00],
  [-2, 0xc000],
  [65_504, 0x7bff],
  [65_520, 0x7c00],
  [1e9, 0x7c00],
  [2 ** -24, 1],
  [2 ** -26, 0],
])("%d is written as its bits", (value, bits) => {
  expect(toHalfBits(value)).toBe(bits);
});
