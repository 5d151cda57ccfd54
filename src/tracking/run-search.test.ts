import fc from "fast-check";
import { expect, test } from "vitest";
import { isFault } from "../base/fault.ts";
import { parseRunFilter, parseRunOrder } from "./run-search.ts";

test.each([
  ["metrics.auc > 0.7", { kind: "metric", key: "auc", operator: ">", value: 0.7 }],
  ["metric.`valid loss` <= 1e-3", { kind: "metric", key: "valid loss", operator: "<=", value: 1e-3 }],
  ['metrics."a/b-c" != -2', { kind: "metric", key: "a/b-c", operator: "!=", value: -2 }],
  ["metrics.5 = 1", { kind: "metric", key: "5", operator: "=", value: 1 }],
  ["params.depth = '6'", { kind: "param", key: "depth", operator: "=", value: "6" }],
  ['parameter.depth ILIKE "%six%"', { kind: "param", key: "depth", operator: "ILIKE", value: "%six%" }],
  [
    "tags.mlflow.source.name LIKE 'train%'",
    { kind: "tag", key: "mlflow.source.name", operator: "LIKE", value: "train%" },
  ],
  ["tag.owner IS NOT NULL", { kind: "tag", key: "owner", operator: "IS NOT NULL" }],
  ["params.depth is null", { kind: "param", key: "depth", operator: "IS NULL" }],
  ["run_id NOT IN ('a','b')", { kind: "attribute", key: "run_id", operator: "NOT IN", value: ["a", "b"] }],
  ["attributes.status = 'FINISHED'", { kind: "attribute", key: "status", operator: "=", value: "FINISHED" }],
  ["run.`Run name` = 'x'", { kind: "attribute", key: "run_name", operator: "=", value: "x" }],
  ["created >= 1700000000000", { kind: "time", key: "start_time", operator: ">=", value: 1_700_000_000_000 }],
  ["dataset.context = 'train'", { kind: "dataset", key: "context", operator: "=", value: "train" }],
])("reads %s", (filter, condition) => {
  expect(parseRunFilter(filter)).toEqual([condition]);
});

test("joins clauses by AND, whatever the case", () => {
  expect(parseRunFilter("metrics.auc > 0.7 and params.a = 'AND' AND tags.b != 'x'")).toHaveLength(3);
  expect(parseRunFilter("")).toEqual([]);
});

test.each([
  "metrics.auc >",
  "metrics.auc > 'high'",
  "metrics.auc LIKE 'x'",
  "params.depth = 6",
  "params.depth > '6'",
  "params.depth = `6`",
  "tags.a = 'x' OR tags.b = 'y'",
  "(tags.a = 'x')",
  "status IN ('FINISHED')",
  "colour = 'red'",
  "paint.colour = 'red'",
  "metrics.auc > 1; drop table tracking_run",
  "tags.a = 'x' tags.b = 'y'",
  "run_id IN ()",
  "run_id IN ('a'",
])("refuses %s as a mistake of the caller", (filter) => {
  expect(() => parseRunFilter(filter)).toThrow(expect.objectContaining({ code: "tracking.request-invalid" }));
});

test("whatever is sent is read or refused, never a bug", () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom("metrics.", "params.a", " AND ", "=", "'", '"', "`", "IN", "(", ")", "NOT", "IS NULL", "1e5"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        parseRunFilter(pieces.join(" "));
        parseRunOrder([pieces.join(" ")]);
      } catch (error) {
        expect(isFault(error, "tracking.request-invalid")).toBe(true);
      }
    }),
  );
});

test("any text in quotes comes back as it is", () => {
  const text = fc.string({ unit: "grapheme" }).filter((each) => !each.includes("'"));
  fc.assert(
    fc.property(text, (value) => {
      expect(parseRunFilter(`params.a = '${value}'`)).toEqual([{ kind: "param", key: "a", operator: "=", value }]);
    }),
  );
});

test("reads orders, and refuses others", () => {
  expect(parseRunOrder(["metrics.auc DESC", "params.`a b`", "start_time asc"])).toEqual([
    { kind: "metric", key: "auc", isDescending: true },
    { kind: "param", key: "a b", isDescending: false },
    { kind: "time", key: "start_time", isDescending: false },
  ]);
  expect(() => parseRunOrder(["metrics.auc SIDEWAYS"])).toThrow(/ASC or DESC/);
  expect(() => parseRunOrder(["dataset.name"])).toThrow(/datasets/);
});
