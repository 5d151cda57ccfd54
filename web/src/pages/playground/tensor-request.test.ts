import { expect, test } from "vitest";
import { answerRows, exampleText, tensorRequest } from "./tensor-request.ts";

const x = { name: "x", datatype: "FP32", shape: [-1, 3] };
const word = { name: "word", datatype: "BYTES", shape: [-1] };

test("what was typed becomes tensors; an open first axis takes as many rows as there are", () => {
  const made = tensorRequest([x, word], { x: "1, 2, 3\n4, 5, 6", word: '["a, b", "c"]' });

  expect(made.kind === "body" && JSON.parse(made.body)).toEqual({
    inputs: [
      { name: "x", datatype: "FP32", shape: [2, 3], data: [1, 2, 3, 4, 5, 6] },
      { name: "word", datatype: "BYTES", shape: [2], data: ["a, b", "c"] },
    ],
  });
});

test.each([
  ["1, 2", "2 elements do not fill the shape [-1, 3]"],
  ["1, two, 3", '"two" is no FP32'],
  ["[1, 2", "this is no JSON list"],
  ["", "0 elements do not fill the shape [-1, 3]"],
])("%j is told to be wrong", (text, message) => {
  expect(tensorRequest([x], { x: text })).toEqual({ kind: "wrong", input: "x", message });
});

test("whole numbers stay whole, and an example fills its input", () => {
  const ids = { name: "ids", datatype: "INT64", shape: [1, 4] };

  expect(tensorRequest([ids], { ids: "1, 2.5, 3, 4" })).toMatchObject({ message: '"2.5" is no INT64' });
  for (const input of [x, word, ids]) {
    expect(tensorRequest([input], { [input.name]: exampleText(input) }).kind).toBe("body");
  }
});

test("an answer is shown row by row, a row's elements together", () => {
  const outputs = [
    { name: "p", datatype: "FP32", shape: [2, 2], data: [0.25, 0.75, 0.123456789, 1] },
    { name: "label", datatype: "BYTES", shape: [2], data: ["cat", "dog"] },
    { name: "all", datatype: "FP32", shape: [1], data: [7] },
  ];

  expect(answerRows(outputs)).toEqual([
    ["0.25, 0.75", "cat", "7"],
    ["0.123457, 1", "dog", ""],
  ]);
});
