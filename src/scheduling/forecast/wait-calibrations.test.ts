import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { type PastEstimate, WaitCalibrations } from "./wait-calibrations.ts";

const minute = 60_000;
const here = { pool: "h100", queue: "maps" };
const forecast = { id: "w", p50: 10 * minute, p90: 20 * minute, hardBound: null };

/** So many estimates of ten and twenty minutes, whose workloads all started after `startedAt`. */
function past(count: number, startedAt: number, changes: Partial<PastEstimate> = {}): readonly PastEstimate[] {
  const estimate = { ...here, madeAt: 0, rawP50: 10 * minute, rawP90: 20 * minute, startedAt, isHeld: true };
  return Array.from({ length: count }, () => ({ ...estimate, ...changes }));
}

describe("estimates of starts", () => {
  test("are told as they are until twenty of them have come true or not", () => {
    expect(new WaitCalibrations([]).correct(here, forecast, 0)).toEqual(forecast);
    expect(new WaitCalibrations([]).record(here)).toBeNull();
    const few = new WaitCalibrations(past(19, 41 * minute, { isHeld: false }));
    expect(few.correct(here, forecast, 0)).toEqual(forecast);
    expect(few.record(here)).toEqual({ scope: "all", made: 19, held: 0, isCorrected: false });
  });

  test("are stretched, both of them, where workloads started later than foreseen", () => {
    const late = new WaitCalibrations(past(20, 41 * minute, { isHeld: false }));

    // Waits are compared as if they were a minute longer: 42 of 11, and 42 of 21.
    expect(late.correct(here, forecast, 0)).toMatchObject({ p50: 41 * minute, p90: 41 * minute });
    expect(late.record(here)).toEqual({ scope: "queue", made: 20, held: 0, isCorrected: true });
  });

  test("are shortened where workloads started sooner, and p90 stays at or above p50", () => {
    const early = new WaitCalibrations(past(20, 4.5 * minute));
    const corrected = early.correct(here, forecast, 0);

    expect(corrected).toMatchObject({ p50: 4.5 * minute, p90: 4.5 * minute });
  });

  test("are never stretched more than fifty times", () => {
    const absurd = new WaitCalibrations(past(30, 1e12, { isHeld: false }));

    expect(absurd.correct(here, forecast, 0).p90).toBe(50 * 21 * minute - minute);
  });

  test("are corrected by their own queue, else by their pool, else by all", () => {
    const waits = new WaitCalibrations([
      ...past(20, 21 * minute, { queue: "faces" }),
      ...past(20, 43 * minute),
      ...past(20, 10 * minute, { pool: "a100" }),
    ]);
    const p50In = (pool: string, queue: string) => waits.correct({ pool, queue }, forecast, 0).p50;

    expect(p50In("h100", "maps")).toBe(43 * minute);
    expect(p50In("h100", "faces")).toBe(21 * minute);
    expect(waits.record({ pool: "h100", queue: "new" })).toMatchObject({ scope: "pool", made: 40 });
    expect(p50In("a100", "new")).toBe(10 * minute);
    expect(waits.record({ pool: "t4", queue: "new" })).toMatchObject({ scope: "all", made: 60 });
  });

  test("are judged by the last hundred", () => {
    const waits = new WaitCalibrations([...past(50, minute, { isHeld: false }), ...past(90, minute)]);

    expect(waits.record(here)).toMatchObject({ made: 100, held: 90 });
  });

  test("hold as often as they say once they are corrected, however wrong they were", () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(0.2, 1, 4), (seed, bias) => {
        const random = seededRandom(seed);
        const draw = (): PastEstimate => {
          const rawP50 = (5 + 100 * random.next()) * minute;
          const startedAt = (rawP50 + minute) * bias * Math.exp(random.next() + random.next() - 1) - minute;
          return { ...here, madeAt: 0, rawP50, rawP90: 1.5 * rawP50, startedAt, isHeld: true };
        };
        const waits = new WaitCalibrations(Array.from({ length: 500 }, draw));
        const trials = Array.from({ length: 1000 }, draw);
        const share = (quantile: "p50" | "p90"): number =>
          trials.filter(({ rawP50, rawP90, startedAt }) => {
            const told = waits.correct(here, { id: "w", p50: rawP50, p90: rawP90, hardBound: null }, 0)[quantile];
            return told !== null && startedAt <= told;
          }).length / trials.length;

        expect(share("p50")).toBeGreaterThan(0.4);
        expect(share("p50")).toBeLessThan(0.6);
        expect(share("p90")).toBeGreaterThan(0.84);
        expect(share("p90")).toBeLessThan(0.96);
      }),
      // The shares spread by 0.027 and 0.017 (600 draws): with draws of chance one run of twenty in a hundred lies outside.
      { numRuns: 20, seed: 20_261_126 },
    );
  });
});
