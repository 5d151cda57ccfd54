import fc from "fast-check";
import { expect, test } from "vitest";
import { LoadMeter } from "./load-meter.ts";

const start = 1_000_000;

test("a request that takes a tenth of a second counts as a tenth of a request, however it falls between looks", () => {
  const meter = new LoadMeter(start);
  for (let count = 0; count < 5; count += 1) {
    const carried = meter.enter("default", "chat", 100, start + count * 200);
    meter.leave(carried, true, start + count * 200 + 100);
  }
  const [load] = meter.take(start + 1_000);
  expect(load).toEqual({
    project: "default",
    deployment: "chat",
    samples: [{ at: start, concurrency: 0.5, tokens: 50, arrivals: 5, completed: 5, good: 5 }],
  });
});

test("a request that is under way is reported every second, and a deployment without load not at all", () => {
  const meter = new LoadMeter(start);
  const carried = meter.enter("default", "chat", 10, start);
  expect(meter.take(start + 1_000)[0]?.samples).toMatchObject([{ concurrency: 1, tokens: 10, arrivals: 1 }]);
  expect(meter.take(start + 3_000)[0]?.samples).toMatchObject([
    { at: start + 1_000, concurrency: 1, arrivals: 0 },
    { at: start + 2_000, concurrency: 1, arrivals: 0 },
  ]);
  meter.leave(carried, null, start + 3_000);
  expect(meter.take(start + 4_000)).toEqual([]);
});

test("whatever comes and goes, the areas add up to the time that requests took", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ at: fc.nat(9_000), takes: fc.integer({ min: 1, max: 900 }) }), { maxLength: 60 }),
      (requests) => {
        const meter = new LoadMeter(start);
        const moments = requests.flatMap((request, index) => [
          { at: request.at, index, isEnd: false },
          { at: request.at + request.takes, index, isEnd: true },
        ]);
        const carried = new Map<number, ReturnType<LoadMeter["enter"]>>();
        let area = 0;
        let second = 1;
        const report = (until: number): void => {
          for (; second * 1_000 <= until; second += 1) {
            for (const load of meter.take(start + second * 1_000))
              for (const sample of load.samples) area += sample.concurrency * 1_000;
          }
        };
        for (const moment of moments.toSorted(
          (left, right) => left.at - right.at || Number(left.isEnd) - Number(right.isEnd),
        )) {
          report(moment.at);
          if (!moment.isEnd) carried.set(moment.index, meter.enter("p", "d", 1, start + moment.at));
          else {
            const request = carried.get(moment.index);
            if (request !== undefined) meter.leave(request, true, start + moment.at);
          }
        }
        report(11_000);
        expect(area).toBeCloseTo(
          requests.reduce((sum, request) => sum + request.takes, 0),
          3,
        );
      },
    ),
  );
});
