import { join } from "node:path";
import { expect, test } from "vitest";
import { costLines } from "../cost/project-cost.ts";
import { answerPlanFile } from "../drivers/plan-file.ts";
import { type Plan, planSchema } from "../model.ts";
import { planFleet } from "./plan-fleet.ts";
import { reportFiles } from "../report/report-files.ts";

const examples = join(import.meta.dirname, "../../../examples/planning");

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

/** Parts of a group of a plan of so many GPUs, by name. */
function networkOf(gpus: number, change: object) {
  const fleet = planFleet(plan({ demand: { headroomShare: 0, stages: [{ stage: "training", gpus }] }, ...change }));
  const of = (group: string) =>
    Object.fromEntries(fleet.parts.filter((part) => part.group === group).map(({ name, count }) => [name, count]));
  return {
    fleet,
    compute: of("compute network"),
    storage: of("storage network"),
    management: of("management network"),
  };
}

const stored = { storage: { artifacts: "20TB" } };

test("one switch of the storage's rate joins a few servers and their storage", () => {
  const { fleet, compute, storage } = networkOf(12, { fleet: { gpu: "L40S" }, ...stored });

  expect(compute).toMatchObject({ "SN4600 leaf switch": 1 });
  expect(Object.keys(storage).filter((name) => name.includes("switch"))).toEqual([]);
  // Two ports of each server for either fabric, and two of the storage server.
  expect(fleet.network.fabric.leafPortsFree).toBe(64 - 4 * fleet.servers - 2);
});

test("a plan that stores nothing buys no network to storage, and says so", () => {
  const { fleet, compute, storage } = networkOf(12, {});

  expect(storage).toEqual({});
  expect(compute).toMatchObject({ "QM9700 leaf switch": 1 });
  expect(fleet.choices).toContainEqual(expect.objectContaining({ path: "storage", choice: "none" }));
});

test.each([
  ["one server", { fleet: { gpu: "H100-SXM", gpus: 8 } }],
  ["one rack", { fleet: { gpu: "GB200", gpus: 72 } }],
])("%s has no other to be joined to: only its ways to storage and management are bought", (_what, fleetOf) => {
  const { fleet, compute, storage, management } = networkOf(8, { ...fleetOf, ...stored });

  expect(compute).toEqual({});
  expect(storage).toMatchObject({ "SN4600 leaf switch": 1, "copper cable": 4 });
  expect(management).toEqual({ "48-port management switch": 1 });
  expect(fleet.network).toMatchObject({ switches: 2, alternatives: [], oversubscription: { stepTimeFactor: 1 } });
  expect(fleet.choices.map(({ path }) => path)).not.toContain("network.switch");
  expect(reportFiles(fleet)["report.md"]).toContain("nothing: one server has no other to be joined to");
});

test("a fabric that the plan asks for by its switch is bought for one server too", () => {
  const { compute } = networkOf(8, { fleet: { gpu: "H100-SXM", gpus: 8 }, network: { switch: "QM9700" } });

  expect(compute).toMatchObject({ "QM9700 leaf switch": 1, "copper cable": 8 });
});

test("storage servers take ports of the storage network: one for each 20 GB/s", () => {
  const fast = { storage: { datasets: [{ name: "images", size: "40TB" }], datasetRead: "100GB/s" } };
  const { fleet, storage } = networkOf(24, { fleet: { gpu: "H100-SXM", gpus: 24 }, ...fast });

  expect(fleet.servers).toBe(3);
  expect(storage).toMatchObject({ "SN4600 leaf switch": 1, "copper cable": 2 * (3 + 5) });
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

test("around the clock a rented fleet pays its whole rota unless the plan says otherwise, and the assumption is listed", () => {
  const operations = { coverage: "around-the-clock" };
  const peopleOf = (cost: object): number => {
    const { comparison } = planFleet(plan({ operations, cost: { discountRate: 0, ...cost } })).cost;
    const rent = comparison.options.find(({ name }) => name === "rent");
    return (rent?.summary.lines.people ?? 0) / 4 / 220_000;
  };
  const paths = (change: object) => planFleet(plan(change)).assumptions.map(({ path }) => path);

  expect(peopleOf({})).toBeCloseTo(5, 9);
  expect(peopleOf({ cloudRotaShare: 0.4 })).toBeCloseTo(2, 9);
  expect(peopleOf({ engineersOnRota: 3 })).toBeCloseTo(3, 9);
  expect(paths({ operations })).toEqual(expect.arrayContaining(["cost.engineersOnRota", "cost.cloudRotaShare"]));
  expect(paths({})).not.toContain("cost.engineersOnRota");
});

test("128 servers by hand: switches, cables, racks, kilowatts and five years of owning", () => {
  const { parts, power, network, cost } = planFleet(
    plan({
      horizonMonths: 60,
      fleet: { gpu: "H100-SXM", gpus: 1024 },
      demand: { headroomShare: 0, stages: [{ stage: "training", gpus: 1000, growthUncertainty: 0 }] },
      network: { nodeCable: "fibre" },
    }),
  );
  const counts = Object.fromEntries(parts.map(({ group, name, count }) => [`${group}: ${name}`, count]));
  const fabricUsd = parts
    .filter(({ group }) => group === "compute network")
    .reduce((sum, each) => sum + each.totalUsd, 0);

  // 1,024 ports; a leaf of 64 has 32 for servers: 32 leaves, 16 spines, as many cables up as down.
  expect(counts).toMatchObject({
    "compute network: QM9700 leaf switch": 32,
    "compute network: QM9700 spine switch": 16,
    "compute network: fibre cable": 2048,
    "compute network: transceiver, switch side (2 ports)": 1536,
  });
  // Cables and optics of two levels are 20,480 dollars a server, switches 36,000 each.
  expect(fabricUsd).toBe(128 * 20_480 + 48 * 36_000);
  expect(network.alternatives.map(({ allToAllStepFactor }) => allToAllStepFactor)[1]).toBeCloseTo(1 + 0.15 * 0.5, 9);
  // Three servers of 10.2 kW in a rack of 40; 65 % of the time at 76 % of the nameplate, else at 20 %.
  expect(power.serverRacks).toBe(43);
  expect(power.meanKw - network.powerKw).toBeCloseTo(128 * 10.2 * (0.65 * 0.76 + 0.35 * 0.2), 6);
  const owned = cost.comparison.options.find(({ name }) => name === "buy");
  const monthly = Array.from({ length: 60 }, (_, month) => 1.1 ** (-(month + 0.5) / 12));
  const years = monthly.reduce((sum, each) => sum + each, 0) / 12;
  const hardware = 1024 * 31_905 + fabricUsd + (counts["management network: 48-port management switch"] ?? 0) * 4000;
  expect(owned?.summary.lines.servers).toBeCloseTo(1024 * 31_905, 0);
  expect(owned?.summary.lines.facility).toBeCloseTo(1024 * 1.73 * 184 * 12 * years, 0);
  expect(owned?.summary.lines.energy).toBeCloseTo(power.meanKw * 1.3 * 0.083 * 8760 * years, 0);
  expect(owned?.summary.lines.people).toBeCloseTo((1 + 4.096) * 220_000 * years, 0);
  expect(owned?.summary.lines.resale).toBeCloseTo((-hardware * 0.65 ** 5) / 1.1 ** 5, 0);
});
