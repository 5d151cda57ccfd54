import { join } from "node:path";
import { expect, test } from "vitest";
import { costLines } from "./cost/project-cost.ts";
import { answerPlanFile } from "./drivers/plan-file.ts";
import { type Plan, planSchema } from "./model.ts";
import { planFleet } from "./plan-fleet.ts";
import { reportFiles } from "./report/report-files.ts";

const examples = join(import.meta.dirname, "../../examples/planning");

const smallest = {
  name: "smallest",
  startMonth: "2026-12",
  fleet: { gpu: "H100-SXM" },
  demand: { stages: [{ stage: "training", gpus: 12 }] },
  simulation: { draws: 100 },
};
const plan = (change: object): Plan => planSchema.parse({ ...smallest, ...change });
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

test.each(["llm-company", "vision-team", "bank"])(
  "the money of the example %s adds up wherever it stands",
  async (name) => {
    const fleet = await answerPlanFile(join(examples, name, "plan.yaml"));
    const { comparison, best, months, spreads } = fleet.cost;
    const files = reportFiles(fleet);
    const near = (found: number, wanted: number): void => expect(found / wanted).toBeCloseTo(1, 9);

    for (const { summary } of comparison.options) {
      near(sum(Object.values(summary.lines)), summary.presentUsd);
      near(summary.cumulativePresentUsd.at(-1) ?? 0, summary.presentUsd);
      near(summary.cumulativePresentAfterResaleUsd.at(-1) ?? 0, summary.presentUsd);
    }
    near(
      sum(months.flatMap((month) => costLines.map((line) => month[line]))) - sum(months.map(({ resale }) => resale)),
      best.summary.cashUsd,
    );
    near(best.summary.straightLineUsdPerMonth * months.length, best.summary.cashUsd);
    expect(spreads[0]?.present.p50).toBe(Math.min(...spreads.map(({ present }) => present.p50)));
    const total = files["parts.csv"].trimEnd().split("\n").at(-1)?.split(",")[6];
    near(Number(total), sum(fleet.parts.map(({ totalUsd }) => totalUsd)));
    const amounts = [...files["report.md"].matchAll(/\$[\d,.]+(?: [MB])?/g)].map(([amount]) => amount);
    expect(amounts.length).toBeGreaterThan(50);
    for (const amount of amounts) expect(files["report.html"]).toContain(amount);
  },
);

test("each offer is priced as it was made: renting by the cheapest to rent, reserving by the cheapest to reserve", () => {
  const at = { country: "US", isolation: "shared" } as const;
  const fleet = planFleet(
    plan({
      offers: [
        { name: "dear", kind: "rent", usdPerGpuHour: 5, ...at },
        { name: "fair", kind: "rent", usdPerGpuHour: 3, ...at },
        { name: "long", kind: "reserve", usdPerGpuHour: 2.2, ...at },
      ],
      cost: { utilisation: 1, cloudAdderShare: 0, engineersBase: 0, engineersPerThousandGpus: 0, rentChangePerYear: 0 },
    }),
  );
  const perHour = (name: string): number =>
    fleet.cost.comparison.options.find((option) => option.name === name)?.summary.usdPerGpuHourUsed ?? 0;

  expect(perHour("rent")).toBeCloseTo(3, 9);
  expect(perHour("reserve")).toBeCloseTo(2.2, 9);
  expect(fleet.advice.rejected).toContainEqual({
    option: "dear",
    why: "asks $5.00 a GPU-hour to rent; fair asks $3.00 a GPU-hour",
  });
  expect(fleet.assumptions.map(({ path }) => path)).not.toContain("cost.reserveDiscount");
});

test("a stage that trains is one job where nothing says what trains, and the guess is told", () => {
  const fleet = planFleet(plan({ storage: { checkpoint: { parameters: 70e9 } } }));

  expect(fleet.reliability.jobGpus).toBe(12);
  expect(fleet.choices).toContainEqual(expect.objectContaining({ path: "training.gpus", choice: "12" }));
});

test("one switch of the storage's rate joins a few servers and their storage", () => {
  const small = planFleet(plan({ fleet: { gpu: "L40S" } }));
  const switches = small.parts.filter(({ name }) => name.includes("leaf switch"));

  expect(switches.map(({ group, count }) => [group, count])).toEqual([["compute network", 1]]);
  expect(small.network.fabric.leafPortsFree).toBe(64 - 4 * small.servers);
});

test("a fleet far larger than its demand is told to be so", () => {
  const told = (gpus: number): string =>
    reportFiles(planFleet(plan({ fleet: { gpu: "H100-SXM", gpus, growth: "hold" } })))["report.md"];

  expect(told(256)).toContain("The fleet is larger than the demand");
  expect(told(16)).not.toContain("The fleet is larger than the demand");
});

test("the way with the least median is the answer, also where the likeliest rates favour another", () => {
  const fleet = planFleet(
    plan({
      fleet: { gpu: "H200-SXM", gpus: 64 },
      demand: { stages: [{ stage: "training", gpus: 60 }] },
      cost: { utilisation: 0.9 },
      simulation: { draws: 500 },
    }),
  );
  const medians = fleet.cost.spreads.map(({ present }) => present.p50);
  const likeliest = fleet.cost.comparison.options.map(({ summary }) => summary.presentUsd);

  expect(medians).toEqual(medians.toSorted((left, right) => left - right));
  expect(likeliest[0]).toBeGreaterThan(Math.min(...likeliest));
  expect(fleet.cost.comparison.options.map(({ name }) => name)).toEqual(fleet.cost.spreads.map(({ name }) => name));
  expect(fleet.cost.best).toBe(fleet.cost.comparison.options[0]);
});

test("storage that is bought for its speed says so where its price stands", () => {
  const names = (read: string): readonly string[] =>
    planFleet(plan({ storage: { datasets: [{ name: "images", size: "40TB" }], datasetRead: read } })).parts.map(
      ({ name }) => name,
    );

  expect(names("100GB/s")).toContain("parallel file system on NVMe, TB raw (priced by its GB/s)");
  expect(names("1GB/s")).toContain("parallel file system on NVMe, TB raw");
});
