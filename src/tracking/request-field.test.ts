import { expect, test } from "vitest";
import { requestFields } from "./request-field.ts";
import { parseMetric, parseRunBatch } from "./run-entity.ts";

test("reads numbers that come as text, and the words for what JSON cannot write", () => {
  const fields = requestFields({ step: "12", nan: "NaN", low: "-Infinity", value: "1e-3" });
  expect(fields.integer("step")).toBe(12);
  expect(fields.wantedFloat("nan")).toBeNaN();
  expect(fields.wantedFloat("low")).toBe(Number.NEGATIVE_INFINITY);
  expect(fields.wantedFloat("value")).toBe(0.001);
});

test("undoes JSON that was encoded twice", () => {
  expect(requestFields(JSON.stringify({ name: "x" })).text("name")).toBe("x");
});

test("tells a wrong type and a missing value in MLflow's words", () => {
  const fields = requestFields({ experiment_id: 5, flag: "maybe" });
  expect(() => fields.text("experiment_id")).toThrow(
    "Invalid value 5 for parameter 'experiment_id' supplied:  Hint: Value was of type 'int'. See the API docs for more information about request parameters.",
  );
  expect(() => fields.wantedText("name")).toThrow("Missing value for required parameter 'name'.");
  expect(() => fields.flag("flag")).toThrow(/maybe/);
});

test("refuses text that the database could not keep", () => {
  expect(() => requestFields({ key: "a\0b" }).text("key")).toThrow(/NUL/);
  expect(() => requestFields({ key: "\ud800" }).text("key")).toThrow(/Unicode/);
});

test("keeps infinities as the largest double, as MLflow's stores do", () => {
  const metric = (value: unknown) => parseMetric(requestFields({ key: "m", value, timestamp: 1 }));
  expect(metric("Infinity").value).toBe(Number.MAX_VALUE);
  expect(metric("NaN").value).toBeNaN();
  expect(() => metric(true)).toThrow(/bool/);
});

test("refuses a batch over MLflow's limits, and names that are no plain paths", () => {
  const metrics = Array.from({ length: 1001 }, (_, step) => ({ key: "m", value: 1, timestamp: 1, step }));
  expect(() => parseRunBatch(requestFields({ metrics }))).toThrow(
    "A batch logging request can contain at most 1000 metrics. Got 1001 metrics. Please split up metrics across multiple requests and try again.",
  );
  for (const key of ["../a", "/a", "a//b", "a?b", "."]) {
    expect(() => parseRunBatch(requestFields({ params: [{ key, value: "1" }] }))).toThrow(/Names/);
  }
});
