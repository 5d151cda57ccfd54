import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DuckdbEngine } from "../data/drivers/duckdb-engine.ts";
import { quoteText } from "../data/quote-sql.ts";
import type { SqlValue } from "../data/ports.ts";
import { featureViewSpecSchema, type FeatureViewSpec } from "./model.ts";
import {
  emptyHistory,
  insertRow,
  dropKnownBefore,
  planWindows,
  readWindows,
  type EntityHistory,
} from "./online-window.ts";
import { type Relation, trainingSetStatements } from "./point-in-time-sql.ts";

const { signal } = new AbortController();
const hour = 3_600_000;

const spec: FeatureViewSpec = featureViewSpecSchema.parse({
  source: { dataset: "flights" },
  entity: ["origin", "destination"],
  knownAt: "known",
  decimals: 3,
  features: [
    { name: "rows_1h", aggregate: "count", window: "1h" },
    { name: "known_1h", aggregate: "count", column: "delay", window: "1h" },
    { name: "delay_sum_1h", aggregate: "sum", column: "delay", window: "1h" },
    { name: "delay_mean_1h", aggregate: "mean", column: "delay", window: "1h" },
    { name: "late_mean_6h", aggregate: "mean", column: "late", window: "6h" },
    { name: "delay_mean_6h", aggregate: "mean", column: "delay", window: "6h" },
  ],
});
const plan = planWindows(spec);

interface SourceRow {
  readonly entity: readonly [string, string];
  readonly known: number;
  readonly values: readonly [delay: number | null, late: number | null];
}
interface LabelRow {
  readonly entity: readonly [string, string];
  readonly at: number;
}

/** Few moments and few entities, among them pairs that are equal when joined, so that ties and mix-ups happen. */
const entity = fc.constantFrom<readonly [string, string]>(
  ["1", "23"],
  ["12", "3"],
  ["a|b", "c"],
  ["a", "b|c"],
  ["ORD", "O'Hare"],
);
const moment = fc.nat({ max: 60 }).map((step) => 978_307_200_000 + step * (hour / 4));
const delay = fc.option(
  fc.oneof(
    fc.integer({ min: -1116, max: 1688 }),
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.constant(Number.NaN),
  ),
  { nil: null },
);
const sourceRow: fc.Arbitrary<SourceRow> = fc.record({
  entity,
  known: moment,
  values: fc.tuple(delay, fc.option(fc.constantFrom(0, 1), { nil: null })),
});
const labelRow: fc.Arbitrary<LabelRow> = fc.record({ entity, at: moment });

/** Windows as their definition says, without any cleverness. */
function readByDefinition(rows: readonly SourceRow[], label: LabelRow): readonly (number | null)[] {
  const windows = { "1h": hour, "6h": 6 * hour } as const;
  return spec.features.map((feature) => {
    const window = windows[feature.window as keyof typeof windows];
    const seen = rows.filter(
      (row) =>
        String(row.entity) === String(label.entity) &&
        row.entity[0] === label.entity[0] &&
        row.known < label.at &&
        row.known >= label.at - window,
    );
    if (feature.column === undefined) return seen.length;
    const values = seen
      .map((row) => row.values[feature.column === "delay" ? 0 : 1])
      .filter((value) => value !== null && Number.isFinite(value));
    if (feature.aggregate === "count") return values.length;
    if (values.length === 0) return null;
    const units = values.reduce<bigint>(
      (sum, value) => sum + BigInt(Math.sign(value ?? 0) * Math.round(Math.abs((value ?? 0) * 1000))),
      0n,
    );
    const total = Number(units) / 1000;
    return feature.aggregate === "sum" ? total : total / values.length;
  });
}

function historiesOf(rows: readonly SourceRow[]): Map<string, EntityHistory> {
  const histories = new Map<string, EntityHistory>();
  for (const row of rows) {
    const key = JSON.stringify(row.entity);
    const history = histories.get(key) ?? emptyHistory(plan.columns);
    histories.set(key, history);
    insertRow(history, row.known, row.values, plan.scale);
  }
  return histories;
}

const readOnline = (rows: readonly SourceRow[], labels: readonly LabelRow[]) => {
  const histories = historiesOf(rows);
  return labels.map((label) =>
    readWindows(plan, histories.get(JSON.stringify(label.entity)), label.at).values.map(plain),
  );
};

/** -0 and 0 are the same number to SQL. */
const plain = (value: number | null): number | null => (value === 0 ? 0 : value);

describe("online windows", () => {
  test("equal their definition, in whatever order rows arrive", () => {
    fc.assert(
      fc.property(fc.array(sourceRow, { maxLength: 60 }), fc.array(labelRow, { maxLength: 20 }), (rows, labels) => {
        expect(readOnline(rows, labels)).toEqual(labels.map((label) => readByDefinition(rows, label).map(plain)));
      }),
    );
  });

  test("see nothing that became known at the moment itself or later", () => {
    fc.assert(
      fc.property(fc.array(sourceRow, { maxLength: 40 }), labelRow, fc.nat({ max: 100 }), (rows, label, later) => {
        const planted: SourceRow = { entity: label.entity, known: label.at + later, values: [1_000_000, 1] };

        expect(readOnline([...rows, planted], [label])).toEqual(readOnline(rows, [label]));
      }),
    );
  });

  test("see a row that became known just before, until the window has passed it", () => {
    const at = 978_307_200_000;
    const read = (known: number) =>
      readOnline([{ entity: ["a", "b"], known, values: [5, 0] }], [{ entity: ["a", "b"], at }])[0]?.[0];

    expect([at, at - 1, at - hour, at - hour - 1].map(read)).toEqual([0, 1, 1, 0]);
  });

  test("do not change when rows behind every window are forgotten", () => {
    fc.assert(
      fc.property(fc.array(sourceRow, { minLength: 1, maxLength: 80 }), (rows) => {
        const one = rows.map((row) => ({ ...row, entity: ["a", "b"] as const }));
        const history = historiesOf(one).get('["a","b"]');
        const at = Math.max(...one.map((row) => row.known)) + 1;
        if (history === undefined) throw new Error("no history");
        const before = readWindows(plan, history, at);

        dropKnownBefore(history, at - 6 * hour);

        expect(readWindows(plan, history, at)).toEqual(before);
      }),
    );
  });

  test("tell a missing window from an unknown value", () => {
    const history = emptyHistory(plan.columns);
    insertRow(history, 1_000, [null, 1], plan.scale);

    expect(readWindows(plan, history, 2_000).statuses).toEqual([
      "present",
      "present",
      "null",
      "null",
      "present",
      "null",
    ]);
    expect(new Set(readWindows(plan, undefined, 2_000).statuses)).toEqual(new Set(["missing"]));
  });
});

describe("the training set, computed by DuckDB", () => {
  let folder = "";
  let engine: DuckdbEngine;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "point-in-time-"));
    engine = new DuckdbEngine({
      temporaryFolder: join(folder, "sql"),
      threads: 2,
      memory: 2 ** 28,
      sessions: 1,
      timeoutMs: 60_000,
    });
    await engine.start();
  });
  afterAll(async () => {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const columns = (moments: string): Relation["columns"] => [
    { name: "origin", type: "VARCHAR" },
    { name: "destination", type: "VARCHAR" },
    { name: moments, type: "TIMESTAMP" },
    ...(moments === "known"
      ? [
          { name: "delay", type: "DOUBLE" },
          { name: "late", type: "INTEGER" },
        ]
      : [{ name: "label_id", type: "INTEGER" }]),
  ];
  const numberSql = (value: number | null) =>
    value === null ? "NULL" : Number.isNaN(value) ? "'NaN'::DOUBLE" : `${value}::DOUBLE`;
  const momentSql = (at: number) => `epoch_ms(${at}::BIGINT)`;

  async function readOffline(
    rows: readonly SourceRow[],
    labels: readonly LabelRow[],
    range: { from: number; to: number },
    maxRows: number | null = null,
  ): Promise<readonly (readonly SqlValue[])[]> {
    const source = join(folder, "source.parquet");
    const labelFile = join(folder, "labels.parquet");
    const empty = "SELECT 'x'::VARCHAR AS origin, 'y'::VARCHAR AS destination";
    const sourceSql = rows.map(
      ({ entity: [origin, destination], known, values: [late, flag] }) =>
        `SELECT ${quoteText(origin)}, ${quoteText(destination)}, ${momentSql(known)}, ${numberSql(late)}, ${flag ?? "NULL"}`,
    );
    const labelSql = labels.map(
      ({ entity: [origin, destination], at }, id) =>
        `SELECT ${quoteText(origin)}, ${quoteText(destination)}, ${momentSql(at)}, ${id}`,
    );
    await engine.writeParquet(
      [
        [`${empty}, NULL::TIMESTAMP AS known, NULL::DOUBLE AS delay, NULL::INTEGER AS late`, ...sourceSql].join(
          " UNION ALL ",
        ),
      ],
      source,
      { files: [], signal },
    );
    await engine.writeParquet(
      [[`${empty}, NULL::TIMESTAMP AS at, NULL::INTEGER AS label_id`, ...labelSql].join(" UNION ALL ")],
      labelFile,
      { files: [], signal },
    );
    const statements = trainingSetStatements({
      labels: { path: labelFile, columns: columns("at") },
      timestamp: "at",
      ...range,
      columns: ["label_id"],
      maxRows,
      views: [{ name: "routes", spec, source: { path: source, columns: columns("known") } }],
    });
    return (await engine.query(statements, { maxRows: 1_000, files: [source, labelFile], signal })).rows;
  }

  const always = { from: 0, to: 2e12 };

  test("equals the online windows, to the last bit", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(sourceRow, { maxLength: 60 }),
        fc.array(labelRow, { minLength: 1, maxLength: 20 }),
        async (rows, labels) => {
          const offline = (await readOffline(rows, labels, always)).toSorted(
            (left, right) => Number(left[0]) - Number(right[0]),
          );

          expect(offline.map((row) => row.slice(1).map((value) => plain(value as number | null)))).toEqual(
            readOnline(rows, labels),
          );
        },
      ),
      { numRuns: 25 },
    );
  });

  test("cannot see a value that was planted at the moment itself or later", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(sourceRow, { maxLength: 30 }),
        labelRow,
        fc.nat({ max: 3 * hour }),
        async (rows, label, later) => {
          const planted: SourceRow = { entity: label.entity, known: label.at + later, values: [1_000_000, 1] };

          expect(await readOffline([...rows, planted], [label], always)).toEqual(
            await readOffline(rows, [label], always),
          );
        },
      ),
      { numRuns: 10 },
    );
  });

  test("keeps the rows of its half-open range, each once, in order of the moment", async () => {
    const labels = [5, 3, 9, 7].map((step): LabelRow => ({ entity: ["a", "b"], at: step * hour }));

    const rows = await readOffline([], labels, { from: 3 * hour, to: 9 * hour });

    expect(rows.map((row) => row[0])).toEqual([1, 0, 3]);
  });

  test("chooses the same rows every time, and nested choices for growing limits", async () => {
    const labels = Array.from(
      { length: 30 },
      (_, step): LabelRow => ({ entity: ["a", String(step % 4)], at: step * hour }),
    );
    const idsOf = (rows: readonly (readonly SqlValue[])[]) => rows.map((row) => Number(row[0]));

    const ten = idsOf(await readOffline([], labels, always, 10));
    const twenty = idsOf(await readOffline([], labels, always, 20));

    expect(ten).toHaveLength(10);
    expect(idsOf(await readOffline([], labels, always, 10))).toEqual(ten);
    expect(twenty).toEqual(expect.arrayContaining(ten));
  });
});
