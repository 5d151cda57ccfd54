import { expect, test } from "vitest";
import { columnProblem } from "./column-problem.ts";
import { deploymentSpecSchema } from "./model.ts";

const version = { versionId: "v", version: "3", columns: [] };
const spec = { model: "delay", pool: "local", runtime: "onnx" };
const inputs = [{ name: "distance", datatype: "FP64" }];

function problemOf(more: object): string | null {
  return columnProblem(version, { deployment: { spec: deploymentSpecSchema.parse({ ...spec, ...more }) }, views: [] });
}

test("a deployment of rows wants a version that was registered with its inputs", () => {
  expect(problemOf({ inputs })).toContain("version 3 was registered without inputs; register it again with its inputs");
});

test("a deployment of the model's own tensors serves one without", () => {
  expect(problemOf({})).toBeNull();
});
