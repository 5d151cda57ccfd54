import { expect, test } from "vitest";
import { looksLikeOnnx, readModelDescription } from "./candidate-file.ts";

const known = ["distance", "hour"];

test("reads the inputs in the model's order", () => {
  expect(readModelDescription('{"inputs": ["hour", "distance"], "label": "late"}', known)).toEqual({
    kind: "described",
    inputs: ["hour", "distance"],
  });
});

test.each([
  ["{", /no JSON/],
  ["[]", /must hold/],
  ['{"inputs": []}', /must hold/],
  ['{"inputs": ["hour", "hour"]}', /twice: hour/],
  ['{"inputs": ["hour", "delay"]}', /does not have: delay; it has distance, hour/],
])("says what is wrong with %s", (text, problem) => {
  const found = readModelDescription(text, known);
  expect(found.kind === "invalid" && found.problem).toMatch(problem);
});

test("tells an ONNX file by its first byte", () => {
  expect(looksLikeOnnx(Uint8Array.of(0x08, 0x0a))).toBe(true);
  expect(looksLikeOnnx(new TextEncoder().encode("<html>"))).toBe(false);
  expect(looksLikeOnnx(new Uint8Array())).toBe(false);
});
