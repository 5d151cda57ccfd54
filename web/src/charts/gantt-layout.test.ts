import fc from "fast-check";
import { expect, test } from "vitest";
import { type GanttSpan, layoutRow, rowsWithin, stackRows } from "./gantt-layout.ts";

const hour = 3_600_000;

function span(changes: Partial<GanttSpan>): GanttSpan {
  return { kind: "running", start: 0, end: hour, gpuIndices: [0], gpuMillis: 1000, ...changes };
}

test("draws neighbouring GPUs of one workload as one bar and others apart", () => {
  const { bars, laneHeight } = layoutRow(8, [span({ gpuIndices: [5, 0, 1, 2], gpuMillis: 4000 })]);

  expect(bars.map(({ top, height }) => [top / laneHeight, height / laneHeight])).toEqual([
    [0, 3],
    [5, 1],
  ]);
});

test("stands shares of a GPU at the same time beside each other, and fills what became free", () => {
  const { bars, laneHeight } = layoutRow(1, [
    span({ gpuMillis: 500 }),
    span({ gpuMillis: 250, start: 10, end: null }),
    span({ gpuMillis: 500, kind: "planned", start: hour, end: 2 * hour }),
  ]);

  expect(bars.map(({ top, height }) => [top / laneHeight, height / laneHeight])).toEqual([
    [0, 0.5],
    [0.5, 0.25],
    [0, 0.5],
  ]);
});

test("gives what runs without GPUs lanes of its own below the GPUs", () => {
  const { bars, laneTops } = layoutRow(2, [
    span({ gpuIndices: [], gpuMillis: 0 }),
    span({ gpuIndices: [], gpuMillis: 0, start: 1 }),
    span({ gpuIndices: [], gpuMillis: 0, start: hour, end: null }),
  ]);
  const tops = bars.map((bar) => bar.top);

  expect(laneTops).toHaveLength(2);
  expect(Math.min(...tops)).toBeGreaterThan(laneTops[1] ?? Infinity);
  expect(tops[0]).toBe(tops[2]);
  expect(tops[1]).toBeGreaterThan(tops[0] ?? Infinity);
});

test("lays reservations behind the work and over all GPUs", () => {
  const { bars, laneHeight } = layoutRow(4, [
    span({}),
    span({ kind: "reserved", start: hour, end: 2 * hour, gpuIndices: [0, 1, 2, 3], gpuMillis: 4000 }),
  ]);

  expect(bars[0]).toMatchObject({ top: 0, height: 4 * laneHeight, span: { kind: "reserved" } });
});

test("keeps every bar in its row, whatever the spans", () => {
  const anySpan = fc.record({
    kind: fc.constantFrom("running" as const, "planned" as const, "reserved" as const),
    start: fc.integer({ min: 0, max: 100 }),
    end: fc.option(fc.integer({ min: 101, max: 200 })),
    gpuIndices: fc.uniqueArray(fc.nat({ max: 7 }), { maxLength: 8 }),
    gpuMillis: fc.nat({ max: 8000 }),
  });
  fc.assert(
    fc.property(fc.nat({ max: 8 }), fc.array(anySpan, { maxLength: 30 }), (gpus, spans) => {
      const { bars, height } = layoutRow(gpus, spans);
      expect(new Set(bars.map((bar) => bar.span)).size).toBe(new Set(spans).size);
      for (const bar of bars) {
        expect(bar.top).toBeGreaterThanOrEqual(0);
        expect(bar.top + bar.height).toBeLessThanOrEqual(height + 1e-6);
      }
    }),
  );
});

test("never draws two shares of a GPU over each other while they fit", () => {
  const share = fc.record({ start: fc.nat({ max: 50 }), length: fc.integer({ min: 1, max: 50 }) });
  fc.assert(
    fc.property(fc.array(share, { minLength: 1, maxLength: 4 }), (shares) => {
      const { bars } = layoutRow(
        1,
        shares.map(({ start, length }) => span({ start, end: start + length, gpuMillis: 250 })),
      );
      for (const [index, bar] of bars.entries()) {
        for (const other of bars.slice(index + 1)) {
          const isTogether = bar.span.start < (other.span.end ?? 0) && other.span.start < (bar.span.end ?? 0);
          if (isTogether) expect(Math.abs(bar.top - other.top)).toBeGreaterThanOrEqual(bar.height - 1e-6);
        }
      }
    }),
  );
});

test("finds the rows in a window with one around them", () => {
  const { tops, end } = stackRows(
    Array.from({ length: 200 }, () => 64),
    6,
  );

  expect(end).toBe(200 * 70);
  expect(rowsWithin(tops, 700, 1400)).toEqual({ first: 9, last: 22 });
  expect(rowsWithin(tops, 0, 100)).toEqual({ first: 0, last: 3 });
  expect(rowsWithin(tops, 13_900, 14_600)).toEqual({ first: 197, last: 200 });
  expect(rowsWithin([], 0, 100)).toEqual({ first: 0, last: 0 });
});
