import fc from "fast-check";
import { expect, test } from "vitest";
import { makeInput, makeJob, makeNode } from "../fixtures/small-simulation.ts";
import { makeReport } from "../report/make-report.ts";
import { reportPage } from "../report/report-page.ts";
import { simulate } from "../simulate.ts";
import { barPlot } from "./bar-plot.ts";
import { reportPlots } from "./report-plots.ts";
import { roundTicks, spanTicks } from "./scale.ts";

const nodes = [makeNode("a", 8)];
const reportOf = (count: number, queue = "team") => {
  const jobs = Array.from({ length: count }, (_, index) =>
    makeJob(`j${index}`, { at: index * 10, gpus: 1 + (index % 8), durationMs: 5000, queue }),
  );
  return makeReport({ policy: "fifo", notes: [], nodes }, simulate(makeInput(jobs, { nodes })));
};

test("every plot names itself, its axes with their units, and has colours for dark and light", () => {
  const plots = reportPlots(reportOf(40));

  expect(plots.map(({ name }) => name)).toEqual([
    "utilisation",
    "queue-length",
    "waiting",
    "queue-waiting",
    "queue-gpu-hours",
  ]);
  for (const { svg } of plots) {
    expect(svg).toContain('role="img"');
    expect(svg).toContain("policy fifo</title>");
    expect(svg).toContain("prefers-color-scheme: dark");
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  }
  expect(plots[0]?.svg).toContain("share of the cluster (%)");
  expect(plots[0]?.svg).toContain("time since the first submission (minutes)");
});

test("a report of nothing can be drawn too", () => {
  for (const { svg } of reportPlots(reportOf(0))) expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

test("names are written as text, whatever they hold", () => {
  const report = reportOf(3, '<script>"&');
  const page = reportPage(report, reportPlots(report));

  expect(page).not.toContain("<script>");
  expect(page).toContain("&lt;script&gt;&quot;&amp;");
  expect(page).not.toMatch(/(?:src|href)=/);
});

test("round ticks begin at 0, rise evenly and reach the greatest value without going far beyond it", () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), (max) => {
      const ticks = roundTicks(max);
      const last = ticks.at(-1)?.value ?? 0;
      const step = ticks[1]?.value ?? 0;

      expect(ticks[0]?.value).toBe(0);
      expect(last).toBeGreaterThanOrEqual(max * (1 - 1e-6));
      expect(last - step).toBeLessThan(max);
      expect(ticks.length).toBeLessThanOrEqual(7);
      expect(new Set(ticks.map(({ label }) => label)).size).toBe(ticks.length);
    }),
  );
});

test("ticks of a span reach the longest one", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300_000_000 }), (seconds) => {
      expect(spanTicks(seconds).at(-1)?.value ?? 0).toBeGreaterThanOrEqual(seconds);
    }),
  );
});

test("bars beyond the most that fit are counted", () => {
  const svg = barPlot(
    "Bars",
    "value (s)",
    Array.from({ length: 30 }, (_, index) => ({ name: `b${index}`, value: index })),
  );

  expect(svg).toContain("and 6 more");
  expect(svg).not.toContain(">b24<");
});
