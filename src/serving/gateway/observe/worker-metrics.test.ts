import fc from "fast-check";
import { expect, test } from "vitest";
import type { MetricFamily } from "./metric-family.ts";
import { toOpenMetrics } from "./open-metrics.ts";
import { WorkerMetrics } from "./worker-metrics.ts";

const nobody: ReadonlySet<string> = new Set();

function told(count: number, underWay: number): readonly MetricFamily[] {
  const common = { unit: "", help: "" };
  return [
    { ...common, name: "seen", kind: "counter", points: [{ labels: { model: "a" }, value: count }] },
    { ...common, name: "under_way", kind: "gauge", points: [{ labels: {}, value: underWay }] },
    {
      ...common,
      name: "took",
      kind: "histogram",
      points: [{ labels: {}, value: { bounds: [1], counts: [count, 0], sum: count } }],
    },
  ];
}

function valueOf(text: string, series: string): number {
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}

test("a late worker counts as it told last, without its gauges, and the page says that it was late", () => {
  const metrics = new WorkerMetrics<string>();
  metrics.tell("a", told(3, 1));
  metrics.tell("b", told(4, 2));
  const text = toOpenMetrics(metrics.families({ answered: new Set(["a"]), late: new Set(["b"]) }));

  expect(valueOf(text, 'seen_total{model="a"}')).toBe(7);
  expect(valueOf(text, "took_count")).toBe(7);
  expect(valueOf(text, "under_way")).toBe(1);
  expect(valueOf(text, 'millwright_gateway_workers{state="answered"}')).toBe(1);
  expect(valueOf(text, 'millwright_gateway_workers{state="late"}')).toBe(1);
});

test("whichever workers come, go, are late or tell, counters are the sum of all that was told and never fall", () => {
  const step = fc.record({
    worker: fc.nat(3),
    counts: fc.nat(9),
    what: fc.constantFrom("tell" as const, "tell" as const, "tell" as const, "end" as const),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const metrics = new WorkerMetrics<string>();
      const runs = [0, 0, 0, 0];
      const counted = new Map<string, number>();
      let before = 0;
      for (const { worker, counts, what } of steps) {
        const name = `${worker}/${runs[worker]}`;
        if (what === "end") {
          metrics.retire(name);
          runs[worker] = (runs[worker] ?? 0) + 1;
        } else {
          counted.set(name, (counted.get(name) ?? 0) + counts);
          metrics.tell(name, told(counted.get(name) ?? 0, 1));
        }
        const text = toOpenMetrics(metrics.families({ answered: nobody, late: nobody }));
        const seen = valueOf(text, 'seen_total{model="a"}');
        expect(seen).toBe([...counted.values()].reduce((sum, each) => sum + each, 0));
        expect(seen).toBeGreaterThanOrEqual(before);
        before = seen;
      }
    }),
  );
});
