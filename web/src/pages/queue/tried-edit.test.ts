import { expect, test } from "vitest";
import { readWorkload } from "../../api/compute.ts";
import type { StartEdit } from "../../api/explanation.ts";
import { fieldsOf } from "../../api/reading.ts";
import { manifestChange, triedEdit } from "./tried-edit.ts";

const hour = 3_600_000;
const workload = readWorkload(
  fieldsOf(
    {
      id: "w1",
      project: "maps",
      owner: { kind: "TrainingJob", project: "maps", name: "segment" },
      purpose: "training",
      pool: "h100",
      pools: ["h100"],
      queue: "maps",
      priority: 50,
      members: { min: 2, max: 4 },
      resources: { cpus: 8, memory: 64e9, gpus: 8, gpuModel: "H100" },
      limitMs: 26 * hour,
    },
    "workload",
  ),
);

function edit(field: string, to: unknown): StartEdit {
  return { field, to, sentence: "", evicts: [] };
}

test("tries a smaller request as the workload out of the queue and a changed one in", () => {
  expect(triedEdit(workload, edit("shape.gpu.count", 4))).toEqual({
    cancel: ["w1"],
    submit: [
      {
        name: "segment",
        project: "maps",
        purpose: "training",
        pools: ["h100"],
        queue: "maps",
        cpus: 8,
        memory: "64000000000B",
        gpus: 4,
        gpuModel: "H100",
        members: 2,
        limit: "1d2h",
        priority: 50,
      },
    ],
  });
});

test("tries a priority in place", () => {
  expect(triedEdit(workload, edit("priority", 80))).toEqual({ priorities: [{ id: "w1", priority: 80 }] });
});

test("does not try what a what-if cannot say", () => {
  expect(triedEdit(workload, edit("topology", null))).toBeNull();
  expect(triedEdit({ ...workload, migProfile: "3g.40gb" }, edit("shape.memory", 1e9))).toBeNull();
});

test.each([
  [edit("shape.gpu.count", 4), "resources: { gpus: 4 }"],
  [edit("shape.gpu.millis", 250), "resources: { gpus: 0.25 }"],
  [edit("shape.gpuModels", ["A100"]), "resources: { gpuModel: A100 }"],
  [edit("limitMs", 90 * 60_000), "maxDuration: 1h30m"],
  [edit("limitMs", 26 * hour + 61_000), "maxDuration: 93661s"],
  [edit("pools", ["a100", "h100"]), "pool: a100\notherPools: [h100]"],
  [edit("priority", 80), "priority: 80"],
  [edit("members", 1), null],
])("writes the edit %j for a manifest", (given, want) => {
  expect(manifestChange(given)).toBe(want);
});
