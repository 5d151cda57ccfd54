import { expect, test } from "vitest";
import { parseInferRequest } from "./infer-request.ts";

function parse(input: object): unknown {
  const body = new TextEncoder().encode(JSON.stringify({ inputs: [{ name: "x", datatype: "INT32", ...input }] }));
  return [...(parseInferRequest(body, null).inputs[0]?.data ?? [])];
}

test.each([
  ["flat", [2, 2], [1, 2, 3, 4], [1, 2, 3, 4]],
  [
    "nested as the shape says",
    [2, 2],
    [
      [1, 2],
      [3, 4],
    ],
    [1, 2, 3, 4],
  ],
  ["nested deeper", [1, 2, 1], [[[1], [2]]], [1, 2]],
  ["one element alone", [], 7, [7]],
  ["one element in an array", [], [7], [7]],
  ["nothing", [0, 3], [], []],
  ["rows of nothing", [2, 0], [[], []], []],
])("data may be %s", (_what, shape, data, elements) => {
  expect(parse({ shape, data })).toEqual(elements);
});

test.each([
  ["too few", [2, 2], [1, 2, 3], /of shape \[2, 2\] wants 4 elements, found 3/],
  [
    "nested another way",
    [4],
    [
      [1, 2],
      [3, 4],
    ],
    /flat, or nested as the shape \[4\] says/,
  ],
  ["nested unevenly", [2, 2], [[1, 2, 3], [4]], /flat, or nested as the shape \[2, 2\] says/],
  ["partly nested", [2, 1], [[1], 2], /flat, or nested/],
  ["missing", [1], undefined, /wants an array as its data, found undefined/],
  ["of a negative shape", [-1], [1], /wants a shape of at most 8 lengths/],
  ["of too many dimensions", [1, 1, 1, 1, 1, 1, 1, 1, 1], [1], /wants a shape of at most 8 lengths/],
  ["beyond the datatype", [1], [2 ** 31], /element 0: wants -2147483648 to 2147483647/],
  ["of another type", [1], ["1"], /element 0: wants a whole number, found "1"/],
])("data that are %s are refused with what was wanted", (_what, shape, data, message) => {
  expect(() => parse({ shape, data })).toThrow(message);
});
