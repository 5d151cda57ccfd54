import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isFault } from "../../base/fault.ts";
import { answerPlanText } from "../drivers/plan-file.ts";
import { planSchema } from "../model.ts";
import { ownServer } from "../fixtures/own-server.ts";
import { planFleet } from "./plan-fleet.ts";
import { reportFiles } from "../report/report-files.ts";

/** A plan that gives almost every figure; each of its numbers may be replaced. */
const whole = {
  name: "whole",
  startMonth: "2026-12",
  horizonMonths: 36,
  fleet: { gpu: "H100-SXM", gpus: 64, growth: "buy" },
  demand: {
    quantile: 0.95,
    correlation: 0.5,
    headroomShare: 0.1,
    stepMonths: 6,
    leadMonths: 3,
    stages: [
      { stage: "training", jobs: { perMonth: 10, gpuHoursEach: 500, gangGpus: 8 }, growthPerYear: 0.3 },
      {
        stage: "serving",
        requests: { peakPerSecond: 9, perGpuPerSecond: 2, gpusPerReplica: 1 },
        growthUncertainty: 0.3,
      },
      { stage: "development", people: { people: 9, gpusEach: 0.5, activeShare: 0.4 } },
      { stage: "data", history: [1, 2, 2, 3, 3, 4, 4] },
      {
        stage: "training",
        name: "tuning",
        jobs: {
          perMonth: 3,
          trained: { model: "Llama-3.1-8B", tokens: 1e10, gpus: 8, sequenceTokens: 2048, globalSequences: 512 },
        },
      },
      {
        stage: "training",
        name: "adapters",
        jobs: {
          perMonth: 3,
          trained: { model: "own", parameters: 7e9, tokens: 1e9, isLora: true, finishWithin: "5d" },
        },
      },
      { stage: "evaluation", gpus: 3, season: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1.2] },
    ],
  },
  network: { rails: 8, oversubscription: 2, nodesPerUnit: 16, exposedShare: 0.2 },
  storage: {
    checkpoint: { parameters: 7e9, bytesPerParameter: 14, interval: 30, kept: 3, readersOnRestart: 2 },
    datasets: [{ name: "tokens", size: "4TB", copies: 2 }],
    versionsKept: 2,
    servingWeights: "14GB",
    vectors: { count: 1e6, dimensions: 768, bytesPerValue: 4 },
    growthShare: 0.3,
    usableShare: 0.8,
  },
  facility: { rackKw: 44, rackUnits: 42, busyShare: 0.76, idleShare: 0.2, gridKgPerKwh: 0.3 },
  reliability: { hazardPerMillionGpuHours: 20, restartMinutes: 15, repairHours: 48, spareConfidence: 0.99 },
  cost: {
    serverUsdPerGpu: 32_000,
    rentUsdPerGpuHour: { low: 2, mode: 3, high: 5 },
    lifeMonths: 24,
    discountRate: 0.1,
    pue: 1.3,
    utilisation: 0.6,
    valueLossPerYear: 0.3,
    priceChangePerYear: -0.1,
    engineersBase: 1,
    reserveDiscount: 0.3,
  },
  training: { tokensPerRun: 1e11, tokensPerSecondPerGpu: 9000, gpus: 8 },
  serving: { tokensPerSecondPerGpu: 900 },
  operations: { engineersAvailable: 3 },
  workloads: [{ name: "chat", unit: "tokens", memory: "60GB", targetPerSecond: 5000, throughput: { "H100-SXM": 900 } }],
  accelerators: [ownServer],
  simulation: { seed: 1, draws: 100 },
};

type Path = readonly (string | number)[];

function* numberPaths(value: unknown, path: Path = []): Generator<Path> {
  if (typeof value === "number") yield path;
  else if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) yield* numberPaths(member, [...path, key]);
  }
}

const small = {
  name: "n",
  startMonth: "2026-12",
  fleet: { gpu: "H100" },
  demand: { stages: [{ stage: "training", gpus: 8 }] },
  simulation: { draws: 100 },
};

function replace(value: unknown, [step, ...rest]: Path, put: number): unknown {
  if (step === undefined) return put;
  if (Array.isArray(value)) {
    return value.map((item: unknown, at) => (at === Number(step) ? replace(item, rest, put) : item));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key === step ? replace(item, rest, put) : item]),
  );
}

const paths = [...numberPaths(whole)];
const hostile = [0, 5e-324, -1, -0.5, 0.5, 1, 1e-12, 2, 7, 100, 1e6, 1e12, 1e300, -1e9, Number.MAX_SAFE_INTEGER];
const change = fc.tuple(
  fc.constantFrom(...paths),
  fc.oneof(fc.constantFrom(...hostile), fc.double({ noNaN: true, min: -100, max: 100 })),
);

test("the plan whose numbers are replaced is answered as it stands", () => {
  expect(planFleet(planSchema.parse(whole)).gpu).toBe("H100-SXM");
  expect(paths.length).toBeGreaterThan(70);
});

test("a plan with hostile numbers is refused by a fault that names its place, or answered without NaN", () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
      const value = changes.reduce<unknown>((plan, [path, put]) => replace(plan, path, put), whole);
      const parsed = planSchema.safeParse(value);
      if (!parsed.success) return;
      try {
        expect(reportFiles(planFleet(parsed.data))["report.md"]).not.toMatch(/NaN|Infinity|undefined/);
      } catch (error) {
        if (!isFault(error)) throw error;
        expect(error.code).toMatch(/^planning\./);
        expect(String(error.details["path"]).split(/[.[]/)[0]).toMatch(
          new RegExp(`^(${Object.keys(whole).join("|")}|compliance|offers)$`),
        );
      }
    }),
    { numRuns: 100 },
  );
});

test("a season whose month is as good as nothing is answered without NaN", () => {
  const at = ["demand", "stages", 6, "season", 11];
  const fleet = planFleet(planSchema.parse(replace(whole, at, 5e-324)));

  expect(reportFiles(fleet)["report.md"]).not.toMatch(/NaN|Infinity|undefined/);
});

test.each([
  [
    "percent for a share",
    "cost: { utilisation: 65 }",
    /^p\.yaml:7:\d+: cost\.utilisation .* \(a fraction: write 0\.65 for 65 %\); found 65/,
  ],
  ["a PUE below one", "cost: { pue: 0.5 }", /^p\.yaml:7:\d+: cost\.pue must be a number from 1 to 3/],
  [
    "a rate without its unit",
    "network: { portRate: 400 }",
    /^p\.yaml:7:\d+: network\.portRate: write a number and a unit: 400Gb\/s \(bits\)/,
  ],
  ["bytes for bits", "network: { portRate: 400GB/s }", /3200Gb\/s \(400GB\/s are bytes\)/],
  ["bits for bytes", "storage: { artifacts: 12Gb }", /^p\.yaml:7:\d+: .*Gb are bits, and no size/],
  [
    "a misspelled rate",
    "cost: { usdPerKWh: 0.1 }",
    /^p\.yaml:7:\d+: cost\.usdPerKWh: there is no such field; did you mean "usdPerKwh"\?/,
  ],
  [
    "a field that a plan lacks",
    "budget: 100",
    /^p\.yaml:7:\d+: budget: there is no such field; there are name, startMonth, /,
  ],
  ["the price of a MWh", "cost: { usdPerKwh: 80 }", /^p\.yaml:7:\d+: .*80 for a MWh are 0\.08\); found 80/],
  ["watts of a rack", "facility: { rackKw: 40000 }", /^p\.yaml:7:\d+: .*write 40 for 40000 W\); found 40000/],
  ["years for months", "horizonMonths: 5", /^p\.yaml:7:\d+: horizonMonths: write whole months, 12 to 84; found 5/],
  ["a country by its name", "compliance: { residency: [Germany] }", /^p\.yaml:7:\d+: .*such as DE; found "Germany"/],
  ["levels that no fabric has", "network: { levels: 4 }", /wanted one of 1, 2, 3; found 4/],
  [
    "fewer than no checkpoints",
    "storage: { checkpoint: { parameters: 13e9, kept: -1 } }",
    /^p\.yaml:7:\d+: storage\.checkpoint\.kept must be a whole number of at least 1; found -1/,
  ],
  [
    "no copy of a data set",
    "storage: { datasets: [{ name: a, size: 1TB, copies: 0 }] }",
    /^p\.yaml:7:53: storage\.datasets\[0\]\.copies/,
  ],
  [
    "fewer than no versions",
    "storage: { servingWeights: 1GB, versionsKept: -1 }",
    /^p\.yaml:7:\d+: storage\.versionsKept/,
  ],
  [
    "fewer than no engineers",
    "operations: { engineersAvailable: -1 }",
    /^p\.yaml:7:\d+: operations\.engineersAvailable/,
  ],
  [
    "a fleet that is broken most of the time",
    "reliability: { hazardPerMillionGpuHours: 1000000 }",
    /^p\.yaml:7:\d+: reliability\.hazardPerMillionGpuHours: 2 servers .* need 9 spare ones/,
  ],
  [
    "one GPU under two names",
    "workloads: [{ name: a, unit: x, memory: 1GB, targetPerSecond: 5, throughput: { H100: 1, H100-SXM: 2 } }]",
    /^p\.yaml:7:\d+: workloads\[0\]\.throughput: two of its names are of H100-SXM/,
  ],
  [
    "no result a second",
    "workloads: [{ name: a, unit: x, memory: 1GB, targetPerSecond: 0, throughput: { H100: 1 } }]",
    /^p\.yaml:7:\d+: workloads\[0\]\.targetPerSecond must be a number above 0; found 0/,
  ],
  [
    "a size that no storage has",
    "storage: { artifacts: 1000000000PB }",
    /^p\.yaml:7:\d+: storage: the storage comes to \$/,
  ],
  [
    "a rate that no storage has",
    "storage: { datasets: [{ name: a, size: 1TB }], datasetRead: 1000000TB/s }",
    /^p\.yaml:7:\d+: storage: /,
  ],
  [
    "reads of nothing",
    "storage: { datasetRead: 5GB/s }",
    /^p\.yaml:7:\d+: storage\.datasetRead: nothing is stored that could be read/,
  ],
  [
    "a rack below the floor",
    "facility: { rackUnits: -1 }",
    /^p\.yaml:7:\d+: facility\.rackUnits must be a number from 1/,
  ],
  [
    "a rack that is too low",
    "facility: { rackUnits: 2 }",
    /^p\.yaml:7:\d+: facility\.rackUnits: .* raise facility\.rackUnits/,
  ],
  ["grams of carbon dioxide", "facility: { gridKgPerKwh: 400 }", /^p\.yaml:7:\d+: .*400 g are 0\.4\); found 400/],
  ["a fall in percent", "cost: { priceChangePerYear: -15 }", /^p\.yaml:7:\d+: .*write -0\.15 for -15 %\); found -15/],
  ["a repair of a century", "reliability: { repairHours: 1000000 }", /^p\.yaml:7:\d+: reliability\.repairHours: /],
  ["a price with its currency", 'cost: { usdPerKwh: "0.1 EUR" }', /^p\.yaml:7:\d+: .*without a unit/],
])("%s is refused with its line and what to write", (_what, line, words) => {
  const text = [
    "name: n",
    "startMonth: 2026-12",
    "fleet: { gpu: H100 }",
    "demand:",
    "  stages:",
    "    - { stage: training, gpus: 8 }",
    line,
    "",
  ].join("\n");
  expect(messageOf(() => answerPlanText("p.yaml", text))).toMatch(words);
});

test("GPUs that are no whole servers are told with the nearest that are, and a fleet beyond any fabric by its own field", () => {
  const held = (gpus: number) =>
    messageOf(() => planFleet(planSchema.parse({ ...small, fleet: { gpu: "H100", gpus } })));

  expect(held(12)).toBe("fleet.gpus: 12 GPUs are no whole servers of 8 H100-SXM; take 8 or 16");
  expect(held(4)).toMatch(/; take 8$/);
  expect(held(1e9)).toMatch(/^fleet\.gpus: the fleet is stated at 1,000,000,000 GPUs/);
});

test("a job that is so wide that it never works is told by its place", () => {
  const stages = [{ stage: "training", jobs: { perMonth: 1, gpuHoursEach: 10, gangGpus: 1e9 } }];

  expect(messageOf(() => planFleet(planSchema.parse({ ...small, demand: { stages } })))).toMatch(
    /^demand\.stages\[0\]\.jobs: the largest job is interrupted so often that it works for 0.* % of its time/,
  );
});

test("watts of a server of the plan's own are refused as such", () => {
  const own = {
    gpu: "A",
    gpusPerServer: 8,
    serverUsdPerGpu: 9000,
    rentUsdPerGpuHour: 1,
    serverUnits: 4,
    memory: "48GB",
  };
  const accelerators = [{ ...own, serverRatedKw: 10_200, rails: 2, portRate: "100Gb/s" }];

  expect(messageOf(() => planFleet(planSchema.parse({ ...small, fleet: { gpu: "A" }, accelerators })))).toMatch(
    /^accelerators\[0\]\.serverRatedKw must be kilowatts.*write 10\.2 for 10200 W/,
  );
});

test("the price of a whole server where that of one GPU is asked is answered with a caution", () => {
  const cautionsAt = (cost: object) => planFleet(planSchema.parse({ ...small, cost })).cautions;

  expect(cautionsAt({ rentUsdPerGpuHour: 23.6 })).toEqual([
    "cost.rentUsdPerGpuHour is the price of one GPU for an hour, and 23.6 was given: H100-SXM is at 1.99 to 6.88 in the catalog; of a server of 8 it would be 2.95 each",
  ]);
  expect(cautionsAt({ rentUsdPerGpuHour: { low: 2, mode: 3, high: 7 }, serverUsdPerGpu: 30_000 })).toEqual([]);
  expect(
    reportFiles(planFleet(planSchema.parse({ ...small, cost: { serverUsdPerGpu: 300_000 } })))["report.md"],
  ).toContain("Careful: cost.serverUsdPerGpu is the price of one GPU's share of its server");
});

test.each([
  ["nothing", "", /^p\.yaml:1:1: a plan is an object .*found nothing/],
  ["a list", "- a\n", /^p\.yaml:1:1: .*found a list/],
  ["aliases that would fill the memory", aliases(7), /^p\.yaml:1:1: the plan cannot be read: Excessive alias count/],
])("a file that holds %s is refused as a whole", (_what, text, words) => {
  expect(messageOf(() => answerPlanText("p.yaml", text))).toMatch(words);
});

/** Lists of lists, each ten times the one before. */
function aliases(depth: number): string {
  const lines = Array.from({ length: depth }, (_, at) => {
    const each = at === 0 ? "x" : `*a${at - 1}`;
    return `k${at}: &a${at} [${Array.from({ length: 10 }, () => each).join(", ")}]`;
  });
  return `${lines.join("\n")}\n`;
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isFault(error)) return error.message;
    throw error;
  }
  return "nothing was refused";
}
