import * as fc from "fast-check";
import { expect, test } from "vitest";
import { adviseOperations } from "./advise-operations.ts";
import { alignWorkload, type Candidate } from "./align-workload.ts";
import { isolationLevels, keepCompliant, type Offer } from "./keep-compliant.ts";

const candidates: readonly Candidate[] = [
  { gpu: "small", memoryGigabytes: 24, gpusPerServer: 4, usdPerGpuHour: 0.5 },
  { gpu: "large", memoryGigabytes: 80, gpusPerServer: 8, usdPerGpuHour: 2 },
];

const workload = {
  path: "workloads[0]",
  name: "chat",
  unit: "tokens",
  memoryGigabytes: 60,
  targetPerSecond: 10_000,
  perGpuPerSecond: { small: 300, large: 1500 },
};

test("ranks GPUs by what the load costs, and says why the others lost", () => {
  const advice = alignWorkload(workload, [...candidates, { ...candidates[0], gpu: "unknown" } as Candidate]);

  expect(advice.options.map((option) => [option.gpu, option.gpusPerReplica, option.gpus])).toEqual([
    ["large", 1, 7],
    ["small", 4, 36],
  ]);
  expect(advice.rejected).toEqual([
    { option: "unknown", why: "no throughput was given for it" },
    { option: "small", why: "costs 29 % more a month than large" },
  ]);
});

test("a workload that no server holds is rejected with its memory, not priced", () => {
  const advice = alignWorkload({ ...workload, memoryGigabytes: 900 }, candidates);

  expect(advice.options).toEqual([]);
  expect(advice.rejected.map((each) => each.why)).toEqual([
    "needs 900 GB; a server has 86 GB usable",
    "needs 900 GB; a server has 576 GB usable",
  ]);
  expect(advice.whatIfs).toEqual([]);
});

test("every option reaches the target and fits its memory", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 1, max: 1e6 }),
      (memoryGigabytes, targetPerSecond) => {
        for (const option of alignWorkload({ ...workload, memoryGigabytes, targetPerSecond }, candidates).options) {
          expect(option.perSecond).toBeGreaterThanOrEqual(targetPerSecond * (1 - 1e-9));
          expect(option.memoryUse).toBeLessThanOrEqual(0.9 + 1e-9);
          expect(option.gpus % option.gpusPerReplica).toBe(0);
        }
      },
    ),
  );
});

const offer: Offer = { name: "a", kind: "rent", country: "DE", isolation: "shared", certifications: ["ISO 27001"] };

test("an offer that breaks rules is left out with all that it breaks", () => {
  const rules = { residency: ["DE"], isolation: "dedicated-host", certifications: ["C5"] } as const;
  const { kept, rejected } = keepCompliant([offer, { ...offer, name: "b", country: "US" }], rules);

  expect(kept).toEqual([]);
  expect(rejected[1]?.why).toBe(
    "stands in US; data may lie only in DE; isolation is shared; dedicated-host is required; lacks the certification C5",
  );
});

test("rules only ever narrow: what a stricter rule keeps, a looser one keeps too", () => {
  const offers = fc.array(
    fc.record({
      name: fc.string({ minLength: 1 }),
      kind: fc.constantFrom("buy", "rent", "reserve"),
      country: fc.constantFrom("DE", "NL", "US"),
      isolation: fc.constantFrom(...isolationLevels),
      certifications: fc.subarray(["ISO 27001", "C5"]),
    }),
  );
  fc.assert(
    fc.property(offers, fc.constantFrom(...isolationLevels), (all, isolation) => {
      const strict = keepCompliant(all, { residency: ["DE"], isolation, certifications: ["C5"] });
      const loose = keepCompliant(all, { residency: [], isolation, certifications: [] });
      expect(strict.kept.every((each) => loose.kept.includes(each))).toBe(true);
      expect(strict.kept.length + strict.rejected.length).toBe(all.length);
    }),
  );
});

const operations = {
  gpus: 2000,
  coverage: "around-the-clock",
  engineersPerThousandGpus: 4,
  engineersBase: 1,
  usdPerEngineerYear: 200_000,
  machinesUsdPerYear: 30e6,
  isolation: "shared",
} as const;

test("a small fleet around the clock is decided by its rota, a large one by its work", () => {
  expect(adviseOperations({ ...operations, gpus: 16, machinesUsdPerYear: 2e5 })).toMatchObject({
    bottleneck: "the rota: around-the-clock needs 5 people",
    options: [{ name: "managed" }, { name: "hybrid" }, { name: "self-managed" }],
  });
  expect(adviseOperations(operations)).toMatchObject({
    bottleneck: "the work of the fleet",
    options: [{ name: "self-managed", engineers: 9 }, { name: "hybrid" }, { name: "managed" }],
  });
});

test("own hardware rules a managed service out, and too few people rule out running it alone", () => {
  const advice = adviseOperations({ ...operations, isolation: "own-hardware", engineersAvailable: 6 });

  expect(advice.options.map((option) => option.name)).toEqual(["hybrid"]);
  expect(advice.rejected).toEqual([
    { option: "self-managed", why: "needs 9.0 engineers; 6 are at hand" },
    { option: "managed", why: "own hardware is required, and a managed service brings its own" },
  ]);
});

test("what a cloud does of the work is not done twice, and the rota is that of the plan", () => {
  const rented = { ...operations, share: 0.5, machinesUsdPerYear: 9e9 };

  expect(adviseOperations({ ...rented, gpus: 16, peopleOnRota: 2 }).options[0]).toMatchObject({ engineers: 2 });
  expect(adviseOperations({ ...rented, gpus: 16 }).options[0]).toMatchObject({ name: "self-managed", engineers: 5 });
  expect(adviseOperations({ ...rented, peopleOnRota: 2 }).options[0]).toMatchObject({ engineers: 4.5 });
});

test("office hours ask for no more people than the work", () => {
  const asked = { ...operations, coverage: "office-hours", engineersBase: 0.25, gpus: 8 } as const;
  const { options } = adviseOperations(asked);

  expect(options.find((option) => option.name === "self-managed")?.engineers).toBeCloseTo(0.282, 9);
});
