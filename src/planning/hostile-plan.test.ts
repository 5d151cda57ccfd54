import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isFault } from "../base/fault.ts";
import { answerPlanText } from "./drivers/plan-file.ts";
import { planSchema } from "./model.ts";
import { planFleet } from "./plan-fleet.ts";
import { reportFiles } from "./report/report-files.ts";

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
  accelerators: [
    {
      gpu: "own",
      gpusPerServer: 4,
      serverUsdPerGpu: 9000,
      rentUsdPerGpuHour: 1,
      serverRatedKw: 3,
      serverUnits: 4,
      memory: "48GB",
      rails: 2,
      portRate: "100Gb/s",
    },
  ],
  simulation: { seed: 1, draws: 100 },
};

type Path = readonly (string | number)[];

function* numberPaths(value: unknown, path: Path = []): Generator<Path> {
  if (typeof value === "number") yield path;
  else if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) yield* numberPaths(member, [...path, key]);
  }
}

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
