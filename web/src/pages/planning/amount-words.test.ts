import { expect, test } from "vitest";
import { nearestStep, parseAmount, writeAmount, wrongAmount } from "./amount-words.ts";

test.each([0, 0.25, 64, 4096, 131_072, 1e6, 1.5e12, 123_456_789, 5e13])("%d is read as it is written", (value) => {
  expect(parseAmount(writeAmount(value))).toBe(value);
});

test("thousands stand apart in a field", () => {
  expect([0, 0.25, 64, 4096, 131_072, 1.5e12].map(writeAmount)).toEqual([
    "0",
    "0.25",
    "64",
    "4,096",
    "131,072",
    "1.5T",
  ]);
});

test("reads amounts as people type them, and refuses what is none", () => {
  expect(["1.5T", "70B", "4,096", "-20", "1e3"].map(parseAmount)).toEqual([1.5e12, 70e9, 4096, -20, 1000]);
  expect(["", "many", "12TB", "1..5"].map(parseAmount)).toEqual([undefined, undefined, undefined, undefined]);
});

test("a slider stands at the step that is nearest in ratio, or in distance where it begins at zero", () => {
  expect(nearestStep([1, 10, 100], 40)).toBe(2);
  expect(nearestStep([0, 10, 100], 40)).toBe(1);
});

test("what is no amount, or beyond the ends, is told with what to write", () => {
  const steps = [12, 24, 48, 84];

  expect(wrongAmount("48", steps)).toBeNull();
  for (const typed of ["many", "", "-5", "100"]) {
    expect(wrongAmount(typed, steps)).toBe("Write a number from 12 to 84, such as 48.");
  }
});
