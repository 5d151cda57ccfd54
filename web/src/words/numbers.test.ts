import { expect, test } from "vitest";
import { metricName } from "./metric-names.ts";
import { formatBytes, formatFigure, formatPercent, formatShortCount, formatSpan } from "./numbers.ts";
import { clockTime, dataMinute, relativeTime } from "./relative-time.ts";

test.each([
  [0.72314, "0.7231"],
  [970_112, "970,112"],
  [1234.56, "1,234.6"],
  [0.0000123, "1.23e-5"],
  [Number.NaN, "–"],
])("writes the figure %d as %s", (value, want) => {
  expect(formatFigure(value)).toBe(want);
});

test.each([
  [0.4, "0.40 ms"],
  [12, "12 ms"],
  [94_000, "1m 34s"],
  [7_500_000, "2h 5m"],
])("writes a span of %d ms as %s", (value, want) => {
  expect(formatSpan(value)).toBe(want);
});

test("writes sizes, shares and short counts", () => {
  expect(formatBytes(13_500_000)).toBe("13.5 MB");
  expect(formatBytes(0)).toBe("0 B");
  expect(formatPercent(0.0512)).toBe("5.1%");
  expect(formatShortCount(970_112)).toBe("970k");
});

test("tells how long ago something was, or how far ahead", () => {
  expect(relativeTime(0, 125_000)).toBe("2m ago");
  expect(relativeTime(90_000, 0)).toBe("in 1m");
  expect(relativeTime(5, 10)).toBe("now");
});

test("reads moments of the data as UTC", () => {
  expect(dataMinute(Date.UTC(2001, 3, 1, 13, 5))).toBe("2001-04-01 13:05");
});

test("writes the platform's own figures as words and leaves the users' names", () => {
  expect(metricName("baselineAuc")).toBe("Baseline AUC");
  expect(metricName("log-loss")).toBe("Log loss");
  expect(metricName("valid_auc_2")).toBe("valid_auc_2");
});

test("writes the time of day alone for today, and with its date for other days", () => {
  const now = new Date(2026, 10, 26, 2, 38).getTime();

  expect(clockTime(new Date(2026, 10, 26, 14, 5).getTime(), now)).toBe("14:05");
  expect(clockTime(new Date(2026, 10, 27, 9, 0).getTime(), now)).toBe("Nov 27, 09:00");
});
