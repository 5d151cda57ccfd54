import { expect, test } from "vitest";
import * as z from "zod";
import { Fault } from "../base/fault.ts";
import { conditionSchema, defineKind, type KindDefinition } from "../platform/resource.ts";
import { loadManifests } from "./manifest-load.ts";

const status = z.object({ phase: z.string(), conditions: z.array(conditionSchema) });
const datasetKind = defineKind({
  kind: "Dataset",
  plural: "datasets",
  aliases: [],
  scope: "project",
  summary: "Rows with a schema.",
  spec: z.strictObject({
    source: z.strictObject({ path: z.string() }),
    format: z.enum(["parquet", "csv"]).default("parquet"),
    expectations: z
      .array(
        z.discriminatedUnion("type", [
          z.strictObject({ type: z.literal("range"), column: z.string(), min: z.number(), max: z.number() }),
          z.strictObject({ type: z.literal("unique"), columns: z.array(z.string()).min(1) }),
        ]),
      )
      .default([]),
    refresh: z.union([z.literal("never"), z.strictObject({ every: z.string() })]).default("never"),
  }),
  status,
  initialStatus: { phase: "pending", conditions: [] },
  columns: [],
  needsCleanup: false,
});
const kinds = [datasetKind] as unknown as readonly KindDefinition[];

const load = (text: string, file = "flights.yaml") => loadManifests([{ file, folder: "/data/flights", text }], kinds);

function messageOf(text: string): string {
  try {
    load(text);
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    return (error as Fault).message;
  }
  throw new Error("it was accepted");
}

test("reads several documents in order, leaving out empty ones", () => {
  const loaded = load(
    "---\nkind: Dataset\nname: a\nspec: {source: {path: a.parquet}}\n---\n---\n# nothing\n---\nkind: Dataset\nname: b\nspec: {source: {path: /b.parquet}}\n",
  );

  expect(loaded.map(({ manifest }) => manifest.name)).toEqual(["a", "b"]);
});

test("local paths come out absolute, from the folder of the file", () => {
  const [first] = load("kind: Dataset\nname: a\nspec: {source: {path: ../raw/a.parquet}}\n");

  expect(first?.manifest.spec).toEqual({ source: { path: "/data/raw/a.parquet" } });
});

test("addresses stay as they are", () => {
  const [first] = load("kind: Dataset\nname: a\nspec: {source: {path: 's3://bucket/a.parquet'}}\n");

  expect(first?.manifest.spec).toEqual({ source: { path: "s3://bucket/a.parquet" } });
});

test("a misspelt key is shown with its place and what was meant", () => {
  expect(
    messageOf("kind: Dataset\nname: flights\nspec:\n  source:\n    path: flights.parquet\n  expectatoins: []\n"),
  ).toBe(
    [
      "flights.yaml:6:3: spec.expectatoins: there is no such field",
      "   6 |   expectatoins: []",
      '     |   ^^^^^^^^^^^^ did you mean "expectations"?',
    ].join("\n"),
  );
});

test("an unknown key that is like no other is answered with the keys there are", () => {
  expect(messageOf("kind: Dataset\nname: a\nspec:\n  source: {path: a, colour: red}\n")).toBe(
    [
      "flights.yaml:4:21: spec.source.colour: there is no such field",
      "   4 |   source: {path: a, colour: red}",
      "     |                     ^^^^^^ there are path",
    ].join("\n"),
  );
});

test("a misspelt kind is shown with what was meant", () => {
  expect(messageOf("kind: Datset\nname: a\nspec: {}\n")).toBe(
    [
      'flights.yaml:1:7: unknown kind "Datset"',
      "   1 | kind: Datset",
      '     |       ^^^^^^ did you mean "Dataset"?',
    ].join("\n"),
  );
});

test("a missing key is shown where it should stand", () => {
  expect(messageOf("kind: Dataset\nname: a\nspec:\n  format: csv\n")).toBe(
    ["flights.yaml:3:1: spec.source: it is missing", "   3 | spec:", "     | ^^^^ give an object with fields"].join(
      "\n",
    ),
  );
});

test("a wrong word of a list of words is shown with the words and the nearest one", () => {
  expect(messageOf("kind: Dataset\nname: a\nspec:\n  source: {path: a}\n  format: parket\n")).toBe(
    [
      'flights.yaml:5:11: spec.format: wanted one of parquet, csv; found "parket"',
      "   5 |   format: parket",
      '     |           ^^^^^^ did you mean "parquet"?',
    ].join("\n"),
  );
});

test("a value of the wrong type says which type was wanted and found", () => {
  expect(messageOf("kind: Dataset\nname: a\nspec:\n  source: flights.parquet\n")).toBe(
    [
      'flights.yaml:4:11: spec.source: wanted an object with fields; found "flights.parquet"',
      "   4 |   source: flights.parquet",
      "     |           ^^^^^^^^^^^^^^^",
    ].join("\n"),
  );
});

test("a fault deep in a list points at its element", () => {
  const text =
    "kind: Dataset\nname: a\nspec:\n  source: {path: a}\n  expectations:\n    - {type: unique, columns: [id]}\n    - {type: range, column: delay, min: low, max: 3}\n";

  expect(messageOf(text)).toBe(
    [
      'flights.yaml:7:41: spec.expectations[1].min: wanted a number; found "low"',
      "   7 |     - {type: range, column: delay, min: low, max: 3}",
      "     |                                         ^^^",
    ].join("\n"),
  );
});

test("of alternatives, the one that fits best is complained about", () => {
  expect(messageOf("kind: Dataset\nname: a\nspec:\n  source: {path: a}\n  refresh: {evry: 1h}\n")).toContain(
    'did you mean "every"?',
  );
});

test("a bad name says how names look", () => {
  expect(messageOf("kind: Dataset\nname: Flights 2001\nspec: {source: {path: a}}\n")).toBe(
    [
      'flights.yaml:2:7: name: use lower-case letters, digits and dashes, such as flight-delay; found "Flights 2001"',
      "   2 | name: Flights 2001",
      "     |       ^^^^^^^^^^^^",
    ].join("\n"),
  );
});

test("malformed YAML is shown where it breaks", () => {
  expect(messageOf("kind: Dataset\nname: a\n spec: {}\n")).toMatch(/^flights\.yaml:\d+:\d+: .+\n +\d+ \| .+\n +\| +\^/);
});

test("a key written twice is refused", () => {
  expect(messageOf("kind: Dataset\nname: a\nname: b\nspec: {source: {path: a}}\n")).toMatch(
    /^flights\.yaml:3:1: Map keys must be unique/,
  );
});

test("all problems of all files are told at once, and nothing is loaded", () => {
  const bad = (name: string) => ({ file: `${name}.yaml`, folder: "/", text: "kind: Nothing\nname: a\nspec: {}\n" });

  expect(() => loadManifests([bad("a"), bad("b")], kinds)).toThrow(/a\.yaml:1:7: [\s\S]*b\.yaml:1:7: /);
});

test.each(["", "# only words\n", "---\n---\n"])("a file without a resource (%j) is refused", (text) => {
  expect(messageOf(text)).toContain("no resource in it");
});

test.each(["just text", "- a\n- list\n", "42"])("a document that is no map (%j) is refused", (text) => {
  expect(messageOf(text)).toContain("wanted a resource: a map with kind, name and spec");
});

test("a missing kind is answered with the kinds", () => {
  expect(messageOf("name: a\nspec: {}\n")).toContain("flights.yaml:1:1: kind: it is missing");
  expect(messageOf("name: a\nspec: {}\n")).toContain("write one of Dataset");
});
