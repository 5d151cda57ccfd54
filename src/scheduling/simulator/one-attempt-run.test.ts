import { expect, test } from "vitest";
import { type PolicyName, policyNamed, policyNames } from "../placement/policy-named.ts";
import { fgdPolicy } from "../placement/fgd-policy.ts";
import { type OneAttemptRun, oneAttemptRun } from "./one-attempt-run.ts";
import { readOpenbNodes, readOpenbPods } from "./trace/openb-trace.ts";

/** Forty nodes with 200 GPUs: plenty of G2, some T4 with two GPUs each, and one CPU-poor P100 for every eight. */
const nodes = readOpenbNodes(
  [
    "sn,cpu_milli,memory_mib,gpu,model",
    ...Array.from({ length: 20 }, (_, index) => `g2-${index},96000,393216,8,G2`),
    ...Array.from({ length: 15 }, (_, index) => `t4-${index},104000,524288,2,T4`),
    ...Array.from({ length: 5 }, (_, index) => `p100-${index},16000,122880,2,P100`),
  ].join("\n"),
);
/**
 * A trace of about the capacity: shares, whole GPUs, a few gangs of eight, CPU tasks. Many are bound to G2, of which there is plenty, and
 * a few to T4, which the others must leave to them.
 */
const pods = readOpenbPods(
  [
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec",
    ...Array.from({ length: 80 }, (_, index) => `share-${index},4000,8192,1,${[810, 470, 320, 150][index % 4]},`),
    ...Array.from(
      { length: 100 },
      (_, index) => `one-${index},8000,16384,1,1000,${["T4", "G2", "G2", "", ""][index % 5]}`,
    ),
    ...Array.from({ length: 6 }, (_, index) => `poor-${index},4000,8192,1,1000,P100|T4`),
    ...Array.from({ length: 5 }, (_, index) => `eight-${index},64000,131072,8,1000,G2`),
    ...Array.from({ length: 20 }, (_, index) => `cpu-${index},12000,32768,0,0,`),
  ].join("\n"),
);

function runOf(name: PolicyName, seed: number): OneAttemptRun {
  return oneAttemptRun(nodes, pods, (workload, random) => policyNamed(name, workload, random), seed);
}

test.each(policyNames)("%s: the same seed gives the same run, another seed another", (policy) => {
  const run = runOf(policy, 42);

  expect(runOf(policy, 42)).toEqual(run);
  expect(runOf(policy, 43)).not.toEqual(run);
});

test.each(policyNames)("%s never allocates more than there is or than has arrived, and nothing departs", (policy) => {
  for (const seed of [1, 2, 3]) {
    const { unallocatedPct, placed, arrived } = runOf(policy, seed);
    const curve = unallocatedPct.flatMap((value, percent) => (value === undefined ? [] : [{ value, percent }]));

    expect(placed).toBeLessThanOrEqual(arrived);
    expect(curve.at(-1)?.percent).toBeGreaterThanOrEqual(127);
    expect(curve.at(-1)?.percent).toBeLessThanOrEqual(134);
    for (const { value, percent } of curve) {
      expect(value).toBeGreaterThanOrEqual(0);
      // Half a percent of rounding, as everywhere on this curve.
      expect(value).toBeGreaterThanOrEqual(100 - percent - 0.5 - 1e-9);
    }
    const values = curve.map(({ value }) => value);
    expect(values).toEqual(values.toSorted((one, other) => other - one));
  }
});

test("millwright keeps a scarce model for the tasks bound to it, and so leaves less idle than fgd and random", () => {
  const seeds = Array.from({ length: 10 }, (_, index) => index + 1);
  const [ours, fgd, random] = (["millwright", "fgd", "random"] as const).map((policy) =>
    seeds.reduce((sum, seed) => sum + (runOf(policy, seed).unallocatedPct[95] ?? 0), 0),
  );

  expect(ours).toBeLessThan(fgd ?? 0);
  expect(ours).toBeLessThan(random ?? 0);
});

test("a fleet without GPUs is refused", () => {
  const bare = readOpenbNodes("sn,cpu_milli,memory_mib,gpu,model\nn,1,1,0,");

  expect(() => oneAttemptRun(bare, pods, (workload) => fgdPolicy(workload.classes), 1)).toThrow(
    "the node list has no GPUs",
  );
});
