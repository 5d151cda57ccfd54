import { describe, expect, test } from "vitest";
import { fitInputs, probabilityOutput, type TensorShape } from "./fit-inputs.ts";

const tensor = (name: string, shape: readonly number[], type = "float32"): TensorShape => ({ name, type, shape });
const data = ["distance", "hour", "weekday"];

describe("inputs fit", () => {
  test("as one matrix of all columns", () => {
    const plan = fitInputs(["distance", "hour"], [tensor("features", [-1, 2])], data);

    expect(plan).toMatchObject({ kind: "matrix", columns: ["distance", "hour"] });
  });

  test("as one tensor for each column, whatever the order in the file", () => {
    const plan = fitInputs(["distance", "hour"], [tensor("hour", [-1, 1]), tensor("distance", [-1])], data);

    expect(plan.kind === "columns" && plan.inputs.map((input) => input.name)).toEqual(["distance", "hour"]);
  });

  test("not when the data lacks a column, the width differs, or names differ; and the message says which", () => {
    expect(() => fitInputs(["distance", "delay"], [tensor("x", [-1, 2])], data)).toThrow(
      /wants the inputs delay, which/,
    );
    expect(() => fitInputs(["distance", "hour"], [tensor("x", [-1, 3])], data)).toThrow(/only input "x" takes 3/);
    expect(() => fitInputs(["distance"], [tensor("a", [-1, 1]), tensor("b", [-1, 1])], data)).toThrow(
      /its file takes "a", "b"/,
    );
    expect(() => fitInputs(["distance"], [tensor("distance", [-1, 1], "string")], data)).toThrow(/wants string/);
  });
});

test("the probability is the output of that name, or the only floating one", () => {
  const label = tensor("label", [-1], "int64");

  expect(probabilityOutput([label, tensor("probabilities", [-1, 2]), tensor("raw", [-1, 1])]).name).toBe(
    "probabilities",
  );
  expect(probabilityOutput([label, tensor("score", [-1, 1])]).name).toBe("score");
  expect(() => probabilityOutput([label, tensor("a", [-1]), tensor("b", [-1])])).toThrow(/found "label" int64/);
});
