import { expect, test } from "vitest";
import type { NewVersion } from "./model.ts";
import { uploadedCandidate } from "./uploaded-candidate.ts";

const file = { id: "v", project: "default", sha256: "a", identity: "ada" };
const trainingWindow = { from: 1, to: 2 };

function made(more: Partial<NewVersion>): ReturnType<typeof uploadedCandidate> {
  return uploadedCandidate({ model: "m", objectKey: "k", ...more }, null, file);
}

test("a model of rows says its inputs and its training window", () => {
  expect(made({ inputs: ["distance"], trainingWindow })).toMatchObject({
    inputs: ["distance"],
    lineage: { trainingSet: { id: "", rows: 0, from: 1, to: 2 }, startedBy: "user:ada" },
  });
});

test("a language model says neither, and none is made up for it", () => {
  expect(made({})).toMatchObject({ inputs: [], lineage: { trainingSet: null, featureViews: [] } });
});

test.each([
  [{ inputs: ["distance"] }, "found inputs without trainingWindow"],
  [{ trainingWindow }, "found trainingWindow without inputs"],
  [{ featureViews: ["delays"] }, "found featureViews without inputs and trainingWindow"],
  [{ inputs: ["distance"], featureViews: ["delays"] }, "found inputs and featureViews without trainingWindow"],
])("what tells half of a model of rows is refused with what is missing: %j", (more, message) => {
  expect(() => made(more)).toThrow(message);
});

test("what a version is based on tells what the request leaves out", () => {
  const basis = made({ inputs: ["distance"], trainingWindow, featureViews: ["delays"] });
  const version = { ...basis, state: "approved", version: 1, registeredAt: 0, aliases: [], metrics: {} } as const;
  const candidate = uploadedCandidate(
    { model: "m", objectKey: "k2", trainingWindow: { from: 2, to: 3 } },
    version,
    file,
  );

  expect(candidate).toMatchObject({
    inputs: ["distance"],
    lineage: { trainingSet: { from: 2, to: 3 }, featureViews: ["delays"] },
  });
});
