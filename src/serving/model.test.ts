import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { deploymentSpecSchema } from "./model.ts";

const external = { url: "http://engine:8000", model: "llama" };

function problems(spec: unknown): readonly string[] {
  const parsed = deploymentSpecSchema.safeParse(spec);
  return parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
}

test("a spec without a runtime means a tabular model", () => {
  const spec = deploymentSpecSchema.parse({ model: "delay", pool: "local", inputs: [{ name: "a", datatype: "FP32" }] });

  expect(spec.runtime).toBe("onnx");
});

test("a tabular model without inputs serves its own tensors; a file of one's own needs no registered model", () => {
  expect(problems({ model: "delay", pool: "local" })).toEqual([]);
  expect(problems({ runtime: "gguf", pool: "local", gguf: { file: "/models/toy.gguf" } })).toEqual([]);
  expect(problems({ runtime: "process", pool: "local", process: { command: ["serve", "{port}"] } })).toEqual([]);
});

test("every example manifest is one that can be applied", () => {
  const folder = new URL("../../examples/serving/", import.meta.url);
  const manifests = readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => parseYaml(readFileSync(new URL(name, folder), "utf8")) as { kind: string; spec: unknown });
  const specs = manifests.filter(({ kind }) => kind === "Deployment").map(({ spec }) => spec);

  expect(specs.map((spec) => (spec as { runtime: string }).runtime)).toEqual([
    "gguf",
    "onnx",
    "process",
    "process",
    "process",
  ]);
  expect(specs.flatMap(problems)).toEqual([]);
});

test("what runs elsewhere wants an address and no pool", () => {
  expect(problems({ runtime: "external", external })).toEqual([]);
});

test.each([
  ["no model", { pool: "local", inputs: [{ name: "a", datatype: "FP32" }] }, "model: runtime: onnx wants"],
  ["no pool", { model: "delay", inputs: [{ name: "a", datatype: "FP32" }] }, "pool: runtime: onnx wants"],
  ["features and no inputs", { model: "m", pool: "local", features: { views: ["v"] } }, "inputs: features are looked"],
  [
    "columns of nobody",
    { pool: "local", onnx: { file: "/m.onnx" }, inputs: [{ name: "a", datatype: "FP32" }] },
    "inputs: a tabular model must be a registered one",
  ],
  ["both model and file", { model: "m", pool: "local", onnx: { file: "/m.onnx" } }, "model: runtime: onnx wants"],
  [
    "a price of tokens where rows are sent",
    { model: "m", pool: "local", inputs: [{ name: "a", datatype: "FP32" }], price: { inputPerMillion: 1 } },
    "price: a tabular model takes rows",
  ],
  ["a price of rows elsewhere", { runtime: "external", external, price: { rowsPerMillion: 1 } }, "price: rows are"],
  ["neither model nor file", { runtime: "gguf", pool: "local" }, "model: runtime: gguf wants"],
  ["no command", { runtime: "process", pool: "local", process: {} }, "process.command: name a command or a preset"],
  ["no block", { runtime: "external" }, "external: runtime: external wants"],
  ["another's block", { runtime: "gguf", model: "m", pool: "local", external }, "external: this block wants"],
  ["a registered model elsewhere", { runtime: "external", model: "m", external }, "model: runtime: external serves"],
  [
    "two keys",
    { runtime: "external", external: { ...external, apiKeyFile: "a", apiKeyEnvironment: "A" } },
    "external.apiKeyFile: name a file or",
  ],
  [
    "a key outside the project's folder",
    { runtime: "external", external: { ...external, apiKeyFile: "../other/key" } },
    "external.apiKeyFile: write the name",
  ],
  [
    "an address with a secret",
    { runtime: "external", external: { ...external, url: "http://me:secret@engine" } },
    "external.url: write an address",
  ],
])("a spec with %s is refused", (_what, spec, wanted) => {
  expect(problems(spec).join("\n")).toContain(wanted);
});
