import fc from "fast-check";
import { expect, test } from "vitest";
import { calibrateFailures, shrinkRate } from "./calibrate-failures.ts";
import { calibrateSite } from "./calibrate-site.ts";
import { findDrift } from "./find-drift.ts";
import { notMeasured } from "../accuracy/error-statement.ts";
import { readPower } from "./read-power.ts";
import { settleStep } from "./settle-step.ts";
import { stateSiteError } from "./site-error.ts";

const shipped = 1 / 50_677;

test("without a day the rate is the shipped one, with ever more it is the site's own", () => {
  expect(shrinkRate(0, 0, shipped).factor).toBeCloseTo(1, 9);
  expect(shrinkRate(2000, 1e7, shipped).perMillion).toBeCloseTo(200, -1);
});

test("the interval holds the rate, and narrows with what was counted", () => {
  fc.assert(
    fc.property(fc.nat(500), fc.double({ min: 1, max: 1e8, noNaN: true }), (interruptions, gpuHours) => {
      const { low, perMillion, high } = shrinkRate(interruptions, gpuHours, shipped);
      expect(low).toBeLessThan(perMillion);
      expect(high).toBeGreaterThan(perMillion);
      const more = shrinkRate(4 * interruptions + 9, 4 * gpuHours + 9 / shipped, shipped);
      expect((more.high - more.low) / more.perMillion).toBeLessThan((high - low) / perMillion);
    }),
  );
});

test("many quiet days lower the rate, and count once they foresaw ten interruptions", () => {
  const day = { low: 5, likely: 19.7, high: 40, measured: 0, exposure: 30_000 };
  const quiet = calibrateFailures(
    "H100-SXM",
    Array.from({ length: 20 }, () => day),
  );

  expect(quiet.factor).toBeCloseTo(3 / (3 + 600_000 * shipped), 2);
  expect(quiet.isOwn).toBe(true);
  expect(quiet.words).toContain("0 interruptions in 600,000 GPU-hours on 20 days");
});

test("drift is told when the newest comparisons lie elsewhere, and not before there are fifteen", () => {
  const wave = (length: number, center: number) =>
    Array.from({ length }, (_, at) => center + 0.05 * Math.sin(at * 2.3));

  expect(findDrift(wave(14, 0))).toBeNull();
  expect(findDrift(wave(40, 0))?.hasDrifted).toBe(false);
  expect(findDrift([...wave(30, 0), ...wave(15, 0.3)])).toMatchObject({ hasDrifted: true, recentN: 15 });
});

test("the site's own error is the stated one from ten comparisons on, the shipped one stands beside it", () => {
  const rows = (n: number) => Array.from({ length: n }, () => ({ low: 8, likely: 10, high: 12, measured: 11 }));
  const state = (n: number) => stateSiteError(notMeasured("watts"), calibrateSite("power", "H100-SXM server", rows(n)));

  expect(state(0).words).toBe("not measured");
  expect(state(9)).toMatchObject({
    percent: null,
    words: expect.stringMatching(/^not measured; this site: ±.*too few/),
  });
  expect(state(10).percent).toBeGreaterThan(0);
  expect(state(10).words).toMatch(/^this site: ±\d+\.\d % \(80 % of 10 predictions\); shipped: not measured$/);
});

test("GPUs of one node add up, ports and other metrics are passed over, and what is no watt is refused with its line", () => {
  const text = [
    "# TYPE DCGM_FI_DEV_POWER_USAGE gauge",
    'DCGM_FI_DEV_POWER_USAGE{gpu="0",Hostname="n1",modelName="NVIDIA H100"} 310.5',
    'DCGM_FI_DEV_POWER_USAGE{gpu="1",Hostname="n1",modelName="NVIDIA H100"} 300',
    'DCGM_FI_DEV_GPU_TEMP{gpu="0",Hostname="n1"} 61',
    'ipmi_dcmi_power_consumption_watts{instance="n2:9290"} 5000 1000',
  ].join("\n");

  expect(readPower(text, 2000, undefined)).toEqual([
    { node: "n1", scope: "boards", at: 2000, watts: 610.5 },
    { node: "n2", scope: "server", at: 1000, watts: 5000 },
  ]);
  expect(readPower("node_power_watts 7\n", 5, "n3")).toEqual([{ node: "n3", scope: "server", at: 5, watts: 7 }]);
  for (const [bad, why] of [
    ["node_power_watts 7", /names no node/],
    ['node_power_watts{node="n"} -3', /from 0 to/],
    ['node_power_watts{node="n"} +Inf', /found \+Inf/],
    ['node_power_watts{node="n"} 3 99999999999', /set the clock right/],
  ] as const) {
    expect(() => readPower(`up 1\n${bad}`, 5, undefined)).toThrow(why);
    expect(() => readPower(`up 1\n${bad}`, 5, undefined)).toThrow("line 2");
  }
});

test("a step's time is the one that was logged, or its tokens over the rate; few points are left out", () => {
  const load = { stepTokens: 1000, gpus: 4 };

  expect(settleStep({ step_time_seconds: { median: 3, points: 9 } }, load)).toEqual({ kind: "measured", value: 3 });
  expect(settleStep({ tokens_per_second_per_gpu: { median: 50, points: 9 } }, load)).toMatchObject({ value: 5 });
  expect(settleStep({ tokens_per_second: { median: 50, points: 4 } }, load)).toMatchObject({ kind: "excluded" });
});
