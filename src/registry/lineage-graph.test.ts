import { describe, expect, test } from "vitest";
import type { DatasetVersion } from "../data/ports.ts";
import { drawLineage } from "./lineage-graph.ts";
import type { ModelVersion } from "./ports.ts";

const version: ModelVersion = {
  id: "v",
  project: "flights",
  model: "delay",
  version: 2,
  state: "approved",
  objectKey: "k",
  sha256: "a",
  inputs: [],
  lineage: {
    trainingJob: "train",
    runId: "run",
    workload: "w",
    codeHash: "code",
    trainingSet: { id: "set", fingerprint: "f", rows: 10, from: 0, to: 1 },
    datasets: ["departures@3"],
    featureViews: ["origin-delays"],
    startedBy: "user:ada",
  },
  registeredBy: "controller:training",
  registeredAt: 0,
  aliases: ["champion"],
  metrics: {},
};

function dataset(name: string, madeFrom: readonly string[]): readonly [string, DatasetVersion] {
  const [title = "", number = "0"] = name.split("@");
  const file = { path: "", contentHash: "0123456789abcdef", rows: 5, bytes: 1, columns: [], state: "valid" } as const;
  return [name, { project: "flights", dataset: title, version: Number(number), createdAt: 0, madeFrom, ...file }];
}

describe("the lineage of a version", () => {
  test("runs from the raw files through pipeline outputs, training set and run to who serves it", () => {
    const datasets = new Map([dataset("departures@3", ["flights@1", "step:4f2a"]), dataset("flights@1", [])]);
    const { edges } = drawLineage(version, datasets, [{ name: "delay", detail: "champion" }]);

    expect(edges.map((edge) => `${edge.from} > ${edge.to}`)).toEqual([
      "dataset:flights@1 > dataset:departures@3",
      "dataset:departures@3 > training-set:set",
      "feature-view:origin-delays > training-set:set",
      "training-set:set > run:run",
      "run:run > version:v",
      "version:v > deployment:delay",
    ]);
  });

  test("leads straight to the run where nobody said what it learnt from", () => {
    const lineage = { ...version.lineage, trainingSet: null, featureViews: [] };
    const { edges } = drawLineage({ ...version, lineage }, new Map(), []);

    expect(edges.map((edge) => `${edge.from} > ${edge.to}`)).toEqual([
      "dataset:departures@3 > run:run",
      "run:run > version:v",
    ]);
  });

  test("ends although datasets name each other, and shows one that is gone", () => {
    const datasets = new Map([dataset("departures@3", ["a@1"]), dataset("a@1", ["departures@3", "lost@9"])]);
    const { nodes, edges } = drawLineage(version, datasets, []);

    expect(nodes.map((node) => node.id)).toContain("dataset:lost@9");
    const known = new Set(nodes.map((node) => node.id));
    expect(edges.every((edge) => known.has(edge.from) && known.has(edge.to))).toBe(true);
  });
});
