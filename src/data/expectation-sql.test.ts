import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isFault } from "../base/fault.ts";
import { DuckdbEngine } from "./drivers/duckdb-engine.ts";
import { inspectRows } from "./inspect-rows.ts";
import { datasetSpecSchema, type DatasetSpec } from "./model.ts";
import { csvRelation } from "./quote-sql.ts";

const { signal } = new AbortController();
const text = `id,origin,distance,late
1,ABE,100,0
2,ATL,-5,1
3,,200,0
3,ORD,9000,2
5,ORDX,300,0
`;

let folder = "";
let engine: DuckdbEngine;
let path = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "expectations-"));
  engine = new DuckdbEngine({
    temporaryFolder: join(folder, "sql"),
    threads: 1,
    memory: 2 ** 28,
    sessions: 1,
    timeoutMs: 60_000,
  });
  await engine.start();
  const csv = join(folder, "rows.csv");
  await writeFile(csv, text);
  path = join(folder, "rows.parquet");
  await engine.writeParquet([`SELECT * FROM ${csvRelation(csv)}`], path, { files: [csv], signal });
});
afterAll(async () => {
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

const specOf = (expectations: readonly unknown[], more: object = {}): DatasetSpec =>
  datasetSpecSchema.parse({ expectations, ...more });

test("counts and shows the rows that break each expectation", async () => {
  const spec = specOf([
    { expect: "not-null", columns: ["origin"] },
    { expect: "between", column: "distance", min: 0, max: 6000 },
    { expect: "unique", columns: ["id"] },
    { expect: "one-of", column: "late", values: [0, 1] },
    { expect: "row-count", min: 10 },
    { expect: "holds", name: "airport codes have three letters", sql: "length(origin) = 3 -- as IATA says" },
  ]);

  const { rows, violations, columns } = await inspectRows(engine, path, spec, signal);

  expect(rows).toBe(5);
  expect(columns.map((column) => column.name)).toEqual(["id", "origin", "distance", "late"]);
  expect(violations.map((each) => [each.expectation, each.rows, each.examples.map((row) => row["id"])])).toEqual([
    ["origin not null", 1, [3]],
    ["distance between 0 and 6000", 2, [2, 3]],
    ["id unique", 2, [3, 3]],
    ["late one of 0, 1", 1, [3]],
    ["between 10 and ∞ rows, but there are 5", 5, []],
    ["airport codes have three letters", 2, [3, 5]],
  ]);
});

test("finds nothing wrong with rows that keep every rule", async () => {
  const spec = specOf([
    { expect: "between", column: "distance", min: -5 },
    { expect: "row-count", min: 5, max: 5 },
    { expect: "one-of", column: "origin", values: ["ABE", "ATL", "ORD", "ORDX"] },
  ]);

  expect((await inspectRows(engine, path, spec, signal)).violations).toEqual([]);
});

test("asks that a key is known and unique", async () => {
  const { violations } = await inspectRows(engine, path, specOf([], { key: ["origin"] }), signal);

  expect(violations.map((each) => each.expectation)).toEqual(["origin not null"]);
});

test("says which column an expectation misses", async () => {
  const spec = specOf([{ expect: "between", column: "speed", max: 3 }]);

  const { violations } = await inspectRows(engine, path, spec, signal);

  expect(violations[0]?.expectation).toContain("there is no column speed");
});

test("calls a condition that is no SQL a failed query", async () => {
  const spec = specOf([{ expect: "holds", name: "nonsense", sql: "leng(" }]);

  await expect(inspectRows(engine, path, spec, signal)).rejects.toSatisfy((error) =>
    isFault(error, "data.query-failed"),
  );
});
