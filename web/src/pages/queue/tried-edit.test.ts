import { expect, test } from "vitest";
import { whatIfSchema } from "../../../../src/scheduling/what-if/model.ts";
import { trainingJobSpecSchema } from "../../../../src/training/model.ts";
import { editedSpec, editWords, manifestChange, triedEdit } from "./tried-edit.ts";

const hour = 3_600_000;

/** An edit of every kind that an explanation may propose: in words, and as a training job's manifest has it. */
const edits = [
  ["shape.gpu.count", 4, "ask for 4 GPUs", "resources: { gpus: 4 }"],
  ["shape.gpu.millis", 250, "ask for 0.25 of a GPU", "resources: { gpus: 0.25 }"],
  ["shape.gpu.profile", "1g.10gb", "ask for a 1g.10gb slice", "resources: { migProfile: 1g.10gb }"],
  ["shape.gpuModels", ["A100"], "take A100 GPUs", "resources: { gpuModel: A100 }"],
  ["shape.gpuModels", ["H100", "A100"], "take H100 or A100 GPUs", null],
  ["shape.cpuMillis", 1000, "ask for 1 CPU", "resources: { cpus: 1 }"],
  ["shape.memory", 64e9, "ask for 64 GB of memory", "resources: { memory: 64000000000B }"],
  ["members", { min: 1, max: 1 }, "ask for 1 member", null],
  ["members", { min: 2, max: 8 }, "start with 2 members at least", null],
  ["topology", { required: "block" }, "lie within one block", null],
  [
    "topology",
    { preferred: "rack", slice: { size: 2, level: "leaf" } },
    "lie within one rack if possible, in groups of 2 within one leaf",
    null,
  ],
  ["topology", null, "lie anywhere", null],
  ["limitMs", 90 * 60_000, "set a limit of 1h30m", "maxDuration: 1h30m"],
  ["limitMs", 26 * hour + 61_000, "set a limit of 93661s", "maxDuration: 93661s"],
  ["pools", ["a100", "h100"], "take pool a100 or h100", "pool: a100\notherPools: [h100]"],
  ["priority", 80, "give it priority 80", "priority: 80"],
] as const;

test.each(edits)(
  "the edit of %s to %j can be tried, is told in words, and is what the manifest has for it",
  (field, to, words, manifest) => {
    const tried = triedEdit({ id: "w1" }, { field, to });

    expect(whatIfSchema.parse(tried)).toMatchObject({ edits: [{ id: "w1", field, to }] });
    expect(editWords({ field, to })).toBe(words);
    expect(manifestChange({ field, to })).toBe(manifest);
  },
);

const spec = trainingJobSpecSchema.parse({
  pool: "h100",
  resources: { cpus: 8, gpus: 8, gpuModel: "H100" },
  workdir: "/code",
  command: ["true"],
  trainingSet: { dataset: "d", timestamp: "t", from: "2001-01-01", to: "2001-02-01", columns: ["y"], label: "y" },
});

test.each(edits.filter(([, , , manifest]) => manifest !== null))(
  "a training job is accepted with %s of %j and otherwise stays as it is",
  (field, to) => {
    const edited = editedSpec(spec, { field, to });
    const { resources, ...rest } = trainingJobSpecSchema.parse(edited);

    expect(resources).toMatchObject({ memory: expect.any(String) });
    expect({ ...rest, workdir: "/code", command: ["true"], trainingSet: spec.trainingSet }).toEqual(rest);
    expect(JSON.stringify(edited)).not.toBe(JSON.stringify(spec));
  },
);

test("a training job has no member for its members' places", () => {
  expect(editedSpec(spec, { field: "topology", to: null })).toBeNull();
});
