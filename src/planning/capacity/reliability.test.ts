import * as fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { componentRates, interruptionsPerGpuHour } from "./failure-rates.ts";
import { computeGoodput } from "./goodput.ts";
import { countSpareNodes } from "./spare-nodes.ts";

const job = { gpus: 16_384, hazardPerGpuHour: interruptionsPerGpuHour, checkpointHours: 30 / 3600, restartHours: 0.2 };

test("16,384 GPUs at the published rates are interrupted every three hours and work more than 90 % of the time", () => {
  const goodput = computeGoodput(job);

  expect(goodput.mtbfHours).toBeCloseTo(3.09, 2);
  expect(goodput.share).toBeGreaterThan(0.85);
  expect(computeGoodput({ ...job, restartHours: 0.1, checkpointHours: 5 / 3600 }).share).toBeGreaterThan(0.9);
});

test("one interruption comes in about 50,700 GPU-hours, two thirds of them from GPUs and their memory", () => {
  const gpuParts = componentRates.filter((each) => /GPU|silent/.test(each.component));
  const share = gpuParts.reduce((sum, each) => sum + each.perMillionGpuHours, 0) / 1e6 / interruptionsPerGpuHour;

  expect(1 / interruptionsPerGpuHour).toBeCloseTo(50_677, -2);
  expect(share).toBeGreaterThan(0.6);
  expect(share).toBeLessThan(0.7);
});

test("agrees with a simulation of exponential failures", () => {
  const random = seededRandom(5);
  const ask = { gpus: 4000, hazardPerGpuHour: 1 / 50_000, checkpointHours: 0.05, restartHours: 0.5 };
  const { share, intervalHours, mtbfHours } = computeGoodput(ask);
  let wall = 0;
  let useful = 0;
  const nextFailure = (): number => -Math.log(1 - random.next()) * mtbfHours;
  let failure = nextFailure();
  while (useful < 20_000) {
    const segment = intervalHours + ask.checkpointHours;
    if (failure >= segment) {
      failure -= segment;
      wall += segment;
      useful += intervalHours;
      continue;
    }
    wall += failure;
    for (failure = nextFailure(); failure < ask.restartHours; failure = nextFailure()) wall += failure;
    wall += ask.restartHours;
    failure -= ask.restartHours;
  }

  expect(share / (useful / wall)).toBeGreaterThan(0.985);
  expect(share / (useful / wall)).toBeLessThan(1.015);
});

test("losses sum to what is lost, and no interval beats the best one by more than a hair", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 8, max: 50_000 }),
      fc.double({ min: 1, max: 300, noNaN: true }),
      fc.double({ min: 0.1, max: 8, noNaN: true }),
      (gpus, seconds, factor) => {
        const ask = { ...job, gpus, checkpointHours: seconds / 3600 };
        const best = computeGoodput(ask);
        const other = computeGoodput({ ...ask, intervalHours: best.bestIntervalHours * factor });
        const lost = best.checkpointLoss + best.reworkLoss + best.restartLoss;
        expect(best.share + lost).toBeCloseTo(1, 9);
        expect(other.share).toBeLessThanOrEqual(best.share * 1.005);
      },
    ),
  );
});

test("spares are the fewest that keep the promise, and a node that never fails needs none", () => {
  expect(countSpareNodes(100, 1, 0.999)).toBe(0);
  expect(countSpareNodes(0, 0.9, 0.999)).toBe(0);
  expect(countSpareNodes(1, 0.9, 0.99)).toBe(1);
  expect(countSpareNodes(1000, 0.99, 0.999)).toBe(21);
  expect(() => countSpareNodes(10, Number.NaN, 0.99)).toThrow(/nodeAvailability/);
});

test("a larger fleet needs no fewer spares", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 0, max: 500 }), (nodes, more) => {
      expect(countSpareNodes(nodes + more, 0.985, 0.999)).toBeGreaterThanOrEqual(countSpareNodes(nodes, 0.985, 0.999));
    }),
  );
});

test("a job that is interrupted faster than it restarts makes no progress, and says so without NaN", () => {
  const goodput = computeGoodput({ gpus: 10_000_000, hazardPerGpuHour: 0.01, checkpointHours: 1, restartHours: 24 });

  expect(goodput.share).toBe(0);
  expect(() => computeGoodput({ ...job, hazardPerGpuHour: 0 })).toThrow(/above 0; found 0/);
});
