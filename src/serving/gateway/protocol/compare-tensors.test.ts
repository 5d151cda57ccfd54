import { expect, test } from "vitest";
import { compareTensors } from "./compare-tensors.ts";

interface Given {
  readonly name?: string;
  readonly datatype?: string;
  readonly shape?: readonly number[];
  readonly data: readonly unknown[];
}

function answer(...outputs: readonly Given[]): Uint8Array {
  const whole = outputs.map((each) => ({ name: "y", datatype: "FP32", shape: [each.data.length], ...each }));
  return new TextEncoder().encode(JSON.stringify({ model_name: "m", id: "", outputs: whole }));
}

function raw(...numbers: readonly number[]): Uint8Array {
  const parameters = { binary_data_size: 4 * numbers.length };
  const outputs = [{ name: "y", datatype: "FP32", shape: [numbers.length], parameters }];
  return Buffer.concat([Buffer.from(JSON.stringify({ outputs })), Buffer.from(Float32Array.from(numbers).buffer)]);
}

const pair = (meanDifference: number, maxDifference: number, agrees: boolean) => ({
  kind: "numbers",
  meanDifference: expect.closeTo(meanDifference, 9),
  maxDifference: expect.closeTo(maxDifference, 9),
  agrees,
});
const failed = { kind: "failed" };

test.each<readonly [string, Uint8Array, Uint8Array, object | null]>([
  ["the same numbers", answer({ data: [1, 2] }), answer({ data: [1, 2] }), pair(0, 0, true)],
  ["numbers a rounding apart", answer({ data: [1] }), answer({ data: [1.000_5] }), pair(0.000_5, 0.000_5, true)],
  ["other numbers", answer({ data: [1, 2] }), answer({ data: [1, 4] }), pair(1, 2, false)],
  ["missing numbers on both sides", answer({ data: [null] }), answer({ data: [null] }), pair(0, 0, true)],
  ["a missing number on one side", answer({ data: [null] }), answer({ data: [1] }), pair(0, 0, false)],
  [
    "rows whose greatest number is at one place",
    answer({ shape: [1, 2], data: [0.25, 0.75] }),
    answer({ shape: [1, 2], data: [0, 1] }),
    pair(0.25, 0.25, true),
  ],
  [
    "rows whose greatest number moves",
    answer({ shape: [2, 2], data: [0, 1, 0, 1] }),
    answer({ shape: [2, 2], data: [0, 1, 1, 0] }),
    pair(0.5, 1, false),
  ],
  [
    "other labels",
    answer({ datatype: "BYTES", data: ["a"] }),
    answer({ datatype: "BYTES", data: ["b"] }),
    pair(0, 0, false),
  ],
  ["raw and JSON", raw(1, 2), answer({ data: [1, 2] }), pair(0, 0, true)],
  ["raw numbers", raw(1, 2), raw(1, 3), pair(0.5, 1, false)],
  ["raw numbers that are cut off", raw(1, 2), raw(1, 2).subarray(0, -1), failed],
  ["no rows", answer({ shape: [0, 2], data: [] }), answer({ shape: [0, 2], data: [] }), pair(0, 0, true)],
  ["another shape", answer({ shape: [2, 1], data: [1, 2] }), answer({ data: [1, 2] }), failed],
  ["another datatype", answer({ data: [1] }), answer({ datatype: "FP64", data: [1] }), failed],
  ["another name", answer({ data: [1] }), answer({ name: "z", data: [1] }), failed],
  ["fewer outputs", answer({ data: [1] }, { name: "z", data: [1] }), answer({ data: [1] }), failed],
  ["a copy that is no answer", answer({ data: [1] }), Buffer.from("<html>"), failed],
  ["an original that is none", Buffer.from('{"outputs": 1}'), answer({ data: [1] }), null],
])("%s are compared output by output", (_what, original, copy, outcome) => {
  expect(compareTensors(original, copy)).toEqual(outcome);
});
