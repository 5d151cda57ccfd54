import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Fault } from "../../base/fault.ts";
import { fleetSite } from "../calibration/apply-fleet-site.ts";
import { askedGroups } from "../calibration/asked-groups.ts";
import { answerPlanFile, answerPlanText } from "../drivers/plan-file.ts";
import type { FleetPlan } from "./fleet-plan.ts";
import { type Plan, planSchema } from "../model.ts";
import { planFleet } from "./plan-fleet.ts";
import { reportFiles } from "../report/report-files.ts";

const examples = join(import.meta.dirname, "../../../examples/planning");
const exampleNames = ["llm-company", "vision-team", "bank"] as const;
const readExample = (name: string, file: string): string => readFileSync(join(examples, name, file), "utf8");
const answer = async (name: string): Promise<FleetPlan> => await answerPlanFile(join(examples, name, "plan.yaml"));

const smallest = {
  name: "smallest",
  startMonth: "2026-12",
  fleet: { gpu: "H100-SXM" },
  demand: { stages: [{ stage: "training", gpus: 12 }] },
  simulation: { draws: 100 },
};
const plan = (change: object): Plan => planSchema.parse({ ...smallest, ...change });

/** Every number in a value, with the path that leads to it. */
function* numbersIn(value: unknown, path = ""): Generator<readonly [path: string, value: number]> {
  if (typeof value === "number") yield [path, value];
  else if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) yield* numbersIn(member, `${path}.${key}`);
  }
}

function faultOf(run: () => unknown): Pick<Fault, "code" | "message"> {
  try {
    run();
  } catch (error) {
    return error as Fault;
  }
  throw new Error("nothing was refused");
}

test.each(exampleNames)("the reports of the example %s are what its plan gives", async (name) => {
  const files = reportFiles(await answer(name));

  for (const file of ["report.md", "report.html", "parts.csv"] as const) {
    expect(files[file], `${name}/${file}: run src/planning/tasks/plan.ts again`).toBe(readExample(name, file));
  }
});

test.each(exampleNames)("no figure of the example %s is NaN or infinite, and its parts sum", async (name) => {
  const fleet = await answer(name);

  expect([...numbersIn(fleet)].filter(([, value]) => !Number.isFinite(value))).toEqual([]);
  for (const part of fleet.parts) expect(part.count * part.unitUsd).toBeCloseTo(part.totalUsd, 4);
  for (const { present, gpuHour } of fleet.cost.spreads) {
    expect(present.p10).toBeLessThanOrEqual(present.p50);
    expect(present.p50).toBeLessThanOrEqual(present.p90);
    expect(gpuHour.p10).toBeLessThanOrEqual(gpuHour.p90);
  }
  expect(fleet.cost.spreads.reduce((sum, each) => sum + each.cheapestShare, 0)).toBeCloseTo(1, 9);
});

test("the bank's plan keeps its rules and says what broke them", async () => {
  const { advice, cost } = await answer("bank");

  expect(cost.comparison.options.map((option) => option.name)).not.toContain("rent");
  expect(advice.rejected.map((each) => each.option)).toEqual(
    expect.arrayContaining(["hyperscaler in Virginia", "startup cloud in Berlin"]),
  );
});

test("the 64 H200 stand on one switch, and the answer says from when on they are short", async () => {
  const { network, capacity, reliability } = await answer("llm-company");

  expect(network.fabric).toMatchObject({ levels: 1, leaves: 1, nodeLeafCables: 64 });
  expect(capacity.firstShortMonth).toBeGreaterThan(0);
  expect(reliability.spareServersBought).toBe(0);
});

test("more oversubscription never makes the fabric dearer nor a step faster", () => {
  const { alternatives } = planFleet(plan({ demand: { stages: [{ stage: "training", gpus: 2000 }] } })).network;

  expect(alternatives.map((each) => each.oversubscription)).toEqual([1, 2, 4]);
  for (const [index, each] of alternatives.entries()) {
    const before = alternatives[index - 1] ?? each;
    expect(each.usd).toBeLessThanOrEqual(before.usd);
    expect(each.allToAllStepFactor).toBeGreaterThanOrEqual(before.allToAllStepFactor);
    expect(each.ringStepFactor).toBeLessThanOrEqual(each.allToAllStepFactor);
  }
});

test("a run is dearer where failures are less known, and never cheaper than its useful hours", () => {
  const training = { tokensPerRun: 1e12, tokensPerSecondPerGpu: 9000, gpus: 8 };
  const sure = planFleet(plan({ training, reliability: { hazardPerMillionGpuHours: 20, restartMinutes: 15 } }));
  const unsure = planFleet(
    plan({
      training,
      reliability: { hazardPerMillionGpuHours: { low: 20, mode: 20, high: 9000 }, restartMinutes: 240 },
    }),
  );

  expect(unsure.cost.training?.usdPerRun.p90).toBeGreaterThan(sure.cost.training?.usdPerRun.p90 ?? 0);
  expect(sure.cost.training?.gpuHours).toBeGreaterThan(1e12 / 9000 / 3600);
});

test("every figure that was not given is listed, and none that was", () => {
  const bare = planFleet(plan({}));
  const told = planFleet(
    plan({ cost: { pue: 1.2, usdPerKwh: { low: 0.1, mode: 0.2, high: 0.3 } }, horizonMonths: 36 }),
  );
  const paths = (fleet: FleetPlan) => fleet.assumptions.map((each) => each.path);

  expect(paths(bare)).toEqual(
    expect.arrayContaining(["cost.pue", "cost.usdPerKwh", "horizonMonths", "demand.quantile"]),
  );
  expect(paths(told)).not.toEqual(expect.arrayContaining(["cost.pue"]));
  expect(paths(bare).length - paths(told).length).toBe(3);
  expect(bare.assumptions.every((each) => each.source.length > 3)).toBe(true);
});

test("the same plan gives the same answer, another seed another spread of the same cost", () => {
  const one = planFleet(plan({ simulation: { seed: 1, draws: 300 } }));
  const again = planFleet(plan({ simulation: { seed: 1, draws: 300 } }));
  const other = planFleet(plan({ simulation: { seed: 2, draws: 300 } }));

  expect(again).toEqual(one);
  expect(other.cost.best.summary).toEqual(one.cost.best.summary);
  expect(other.cost.spreads).not.toEqual(one.cost.spreads);
});

test("any plausible plan is answered with finite figures and whole servers", () => {
  const plans = fc.record({
    gpus: fc.double({ min: 1, max: 400, noNaN: true }),
    growthPerYear: fc.double({ min: -1, max: 1, noNaN: true }),
    gpu: fc.constantFrom("H100-SXM", "GB200", "L40S", "MI300X"),
    horizonMonths: fc.integer({ min: 12, max: 60 }),
    oversubscription: fc.constantFrom(1, 2, 3),
  });
  fc.assert(
    fc.property(plans, ({ gpus, growthPerYear, gpu, horizonMonths, oversubscription }) => {
      const fleet = planFleet(
        plan({
          horizonMonths,
          fleet: { gpu },
          network: { oversubscription },
          demand: { stages: [{ stage: "training", gpus, growthPerYear }] },
        }),
      );
      expect([...numbersIn(fleet)].filter(([, value]) => !Number.isFinite(value))).toEqual([]);
      expect(fleet.gpusWithSpares % fleet.gpusPerServer).toBe(0);
      expect(fleet.capacity.gpusAtPeak).toBeLessThanOrEqual(fleet.gpusWithSpares);
    }),
    { numRuns: 25 },
  );
});

const refusals: readonly (readonly [what: string, change: object, code: string, message: RegExp])[] = [
  ["an unknown GPU", { fleet: { gpu: "H10O" } }, "planning.plan-invalid", /did you mean H100-SXM.*found "H10O"/],
  ["a server price of zero", { cost: { serverUsdPerGpu: 0 } }, "planning.plan-invalid", /above 0; found 0/],
  ["a rent of zero", { cost: { rentUsdPerGpuHour: 0 } }, "planning.plan-invalid", /rentUsdPerGpuHour/],
  [
    "a triple out of order",
    { cost: { pue: { low: 2, mode: 1.5, high: 1.2 } } },
    "planning.plan-invalid",
    /low <= mode/,
  ],
  [
    "growth below -100 %",
    { demand: { stages: [{ stage: "serving", gpus: 4, growthPerYear: -1.5 }] } },
    "planning.plan-invalid",
    /at least -1/,
  ],
  [
    "GPUs that are no whole servers",
    { fleet: { gpu: "H100-SXM", gpus: 12 } },
    "planning.plan-contradictory",
    /whole servers/,
  ],
  [
    "a fixed fleet without a size",
    { fleet: { gpu: "H100-SXM", growth: "hold" } },
    "planning.plan-contradictory",
    /not given/,
  ],
  [
    "a fat-tree with oversubscription",
    { network: { topology: "fat-tree", oversubscription: 2 } },
    "planning.plan-contradictory",
    /fat-tree/,
  ],
  [
    "ports that no switch has",
    { network: { switch: "QM9700", portRate: "300Gb/s" } },
    "planning.plan-contradictory",
    /QM9700/,
  ],
  [
    "a run larger than the fleet",
    { training: { tokensPerRun: 1e12, tokensPerSecondPerGpu: 9000, gpus: 512 } },
    "planning.plan-infeasible",
    /512 GPUs/,
  ],
  [
    "rules that nothing keeps",
    {
      compliance: { residency: ["DE"] },
      offers: [{ name: "a", kind: "rent", country: "US", isolation: "shared" }],
    },
    "planning.plan-infeasible",
    /no offer keeps the rules: a stands in US/,
  ],
  [
    "an hourly price of something bought",
    { offers: [{ name: "a", kind: "buy", country: "US", isolation: "shared", usdPerGpuHour: 2 }] },
    "planning.plan-contradictory",
    /hourly price/,
  ],
  [
    "no demand at all",
    { demand: { stages: [{ stage: "training", gpus: 0 }] } },
    "planning.plan-infeasible",
    /nothing to plan/,
  ],
  ["a rack that holds no server", { facility: { rackKw: 5 } }, "planning.plan-infeasible", /holds no server/],
  ["too few draws", { simulation: { draws: 3 } }, "planning.plan-invalid", /draws/],
];

test.each(refusals)("refuses %s", (_what, change, code, message) => {
  const fault = faultOf(() => planFleet(plan(change)));

  expect(fault.code).toBe(code);
  expect(fault.message).toMatch(message);
});

test("a complaint names the file and the line, for the schema and for the figures alike", () => {
  const text = readExample("llm-company", "plan.yaml");
  const lineOf = (changed: string, word: string): number =>
    changed.split("\n").findIndex((line) => line.includes(word)) + 1;
  const wrongUnit = text.replace("datasetRead: 2GB/s", "datasetRead: 2GiB/s");
  const wrongGrowth = text.replace("growthPerYear: 0.2", "growthPerYear: -2");
  const twoErrors = text.replace("gpus: 2\n", "gpus: 2\n      people: { people: 3, gpusEach: 1 }\n");

  expect(faultOf(() => answerPlanText("p.yaml", wrongUnit)).message).toMatch(
    new RegExp(`^p.yaml:${lineOf(wrongUnit, "2GiB/s")}:16: storage.datasetRead: write a number and a unit`),
  );
  expect(faultOf(() => answerPlanText("p.yaml", wrongGrowth)).message).toMatch(
    new RegExp(
      `^p.yaml:${lineOf(wrongGrowth, "growthPerYear: -2")}:\\d+: demand.stages\\[0\\].growthPerYear must be at least -1`,
    ),
  );
  expect(faultOf(() => answerPlanText("p.yaml", twoErrors)).message).toMatch(/exactly one of gpus, jobs, people/);
  expect(faultOf(() => answerPlanText("p.yaml", "name: [")).message).toMatch(/^p.yaml:1:\d+: /);
});

test.each([
  ["L4", "L40S", 1],
  ["H100 PCIe 94GB", "RTX-PRO-6000-SE", 2],
  ["MI400X", "MI355X", 2],
])(
  "a fleet of %s, whose servers have no price, is priced from %s with wider bounds, and says so",
  (gpu, taken, count) => {
    const fleet = planFleet(plan({ fleet: { gpu } }));
    const known = planFleet(plan({ fleet: { gpu: taken } }));
    const width = ({ parts }: FleetPlan): number => {
      const { low = 1, high = 1 } = parts[0]?.unitUsdBounds ?? {};
      return high / low;
    };

    expect(fleet.gpu).toBe(gpu);
    expect(fleet.fallbacks).toHaveLength(count);
    expect(fleet.fallbacks.at(-1)).toMatchObject({ of: "accelerator", asked: gpu, taken });
    expect(fleet.choices.map(({ source }) => source)).toContain(fleet.fallbacks.at(-1)?.words);
    expect(reportFiles(fleet)["report.md"]).toContain(`no price of a server with ${gpu} is known`);
    expect(width(fleet)).toBeGreaterThan(width(known));
  },
);

test("a GPU's throughput under another spelling is that of the GPU, and one without a price is compared as a guess", () => {
  const workload = { name: "chat", unit: "tokens", memory: "14GB", targetPerSecond: 5000 };
  const { advice, choices } = planFleet(plan({ workloads: [{ ...workload, throughput: { H100: 900, L4: 200 } }] }));

  expect(advice.workloads[0]?.options.map(({ gpu }) => gpu).toSorted()).toEqual(["H100-SXM", "L4"]);
  expect(choices.map(({ path }) => path)).toContain("workloads[0].throughput.L4");
});

test("a fleet of 100,000 GPUs takes larger switches than the usual one, and says why", () => {
  const { network, choices } = planFleet(plan({ demand: { stages: [{ stage: "training", gpus: 100_000 }] } }));

  expect(network.switchName).not.toBe("QM9700");
  expect(choices.find(({ path }) => path === "network.switch")?.source).toContain("joins so many ports: QM9700 has 64");
});

const servedModel = { model: "Llama-3.1-8B", inputTokens: 1000, outputTokens: 200, ttftSeconds: 1, tpotSeconds: 0.05 };
const serves = (requests: object): Plan => plan({ demand: { stages: [{ stage: "serving", requests }] } });

test("a stage may name the model that it serves: replicas are simulated, and what is known of their errors is told", () => {
  const { capacity, choices, errors } = planFleet(serves({ peakPerSecond: 200, served: servedModel }));

  expect(capacity.gpusAtStart).toBeGreaterThan(8);
  expect(choices.find(({ path }) => path === "demand.stages[0].requests.perGpuPerSecond")?.source).toContain(
    "Llama-3.1-8B on H100-SXM",
  );
  expect(errors.capacity.map(({ quantity }) => quantity).join("\n")).toContain(
    "serving: time of a token after the first",
  );
});

test("what is unsure of a served model's replicas is in the demand: as wide at least as what was stated of them", () => {
  const { capacity, errors } = planFleet(serves({ peakPerSecond: 200, served: servedModel }));
  const { perGpuPerSecond, gpusPerReplica } = { perGpuPerSecond: 200 / capacity.gpusAtStart, gpusPerReplica: 1 };
  const stated = planFleet(serves({ peakPerSecond: 200, perGpuPerSecond, gpusPerReplica }));
  const width = ({ months: [first] }: FleetPlan["capacity"]): number => (first?.p90Gpus ?? 0) / (first?.p10Gpus ?? 1);

  expect(width(capacity)).toBeGreaterThan(1.05 * width(stated.capacity));
  expect(errors.capacity[0]?.words).toMatch(/what was sized: serving (±|a factor of)/);
  expect(stated.errors.capacity).toHaveLength(1);
});

test("a million tokens are priced by what the served model yields, where the plan does not state it", () => {
  const { cost, capacity } = planFleet(serves({ peakPerSecond: 200, served: servedModel }));
  const [million, hour] = [cost.usdPerMillionTokens?.p50 ?? 0, cost.spreads[0]?.gpuHour.p50 ?? 0];
  const tokensPerSecondPerGpu = (hour * 1e6) / million / 3600;

  // Replicas are rounded up and one is spare, so that a GPU at its limit yields more than the mean of the peak.
  expect(tokensPerSecondPerGpu).toBeGreaterThanOrEqual((200 * servedModel.outputTokens) / capacity.gpusAtStart);
  expect(planFleet(serves({ peakPerSecond: 200, perGpuPerSecond: 9 })).cost.usdPerMillionTokens).toBeNull();
});

test("weights of served models are stored where the plan does not state them, each format of each once", () => {
  const stage = { stage: "serving", requests: { peakPerSecond: 9, served: servedModel } };
  const { choices, storage } = planFleet(plan({ demand: { stages: [stage, { ...stage, name: "again" }] } }));
  const noted = choices.find(({ path }) => path === "storage.servingWeights");

  expect(noted).toMatchObject({ choice: "16.1GB", source: "weights of Llama-3.1-8B in bf16" });
  const held = storage.tiers.flatMap(({ holds }) => holds).find(({ what }) => what === "serving weights");
  // Three versions are kept of 8.03 billion weights of two bytes.
  expect((held?.bytes ?? 0) / (3 * 2 * 8.03e9)).toBeCloseTo(1, 3);
});

test("weights of a model whose makers publish fewer bits are stored, and served, in those", () => {
  const served = { ...servedModel, model: "gpt-oss-20b" };
  const { choices } = planFleet(serves({ peakPerSecond: 9, served }));

  expect(choices.find(({ path }) => path === "storage.servingWeights")?.source).toBe("weights of gpt-oss-20b in fp4");
});

test("what a site measured of first tokens and tokens is carried through the simulation of a fleet's served models", () => {
  const rows = Array.from({ length: 30 }, () => ({ low: 0.5, likely: 1, high: 2, measured: 2 }));
  const site = fleetSite([
    { kind: "tpot", group: "H100-SXM vllm", rows },
    { kind: "ttft", group: "H100-SXM vllm", rows },
  ]);
  const asked = serves({ peakPerSecond: 400, served: servedModel });
  const slow = planFleet(asked, site);

  expect(slow.capacity.gpusAtStart).toBeGreaterThan(planFleet(asked).capacity.gpusAtStart);
  const words = slow.errors.capacity.map((error) => error.words).join("\n");
  expect(words).toContain("this site: ±");
  expect(words).toContain("simulated with this site's times");
  expect(askedGroups("plan", { ...asked })).toContainEqual({ kind: "tpot", group: "H100-SXM vllm" });
});

test("a site that was asked and has measured nothing changes nothing: the error of a served model stays in the demand", () => {
  const asked = serves({ peakPerSecond: 400, served: servedModel });
  const nothing = fleetSite(askedGroups("plan", { ...asked }).map((each) => ({ ...each, rows: [] })));

  expect(planFleet(asked, nothing)).toEqual(planFleet(asked));
  expect(planFleet(asked, nothing).errors.capacity[0]?.words).not.toContain("±0.0 %");
});

test.each([
  [{ peakPerSecond: 9 }, /give perGpuPerSecond, or the served model/],
  [{ peakPerSecond: 9, perGpuPerSecond: 1, served: servedModel }, /one of the two/],
])("a stage of requests says what a GPU answers, or which model it serves: %j is refused", (requests, words) => {
  expect(() => serves(requests)).toThrow(words);
});

test("a served model that is unknown, or whose goals nothing keeps, is refused with its place", () => {
  const refused = (change: object): unknown => {
    try {
      return planFleet(serves({ peakPerSecond: 9, served: { ...servedModel, ...change } }));
    } catch (error) {
      return error;
    }
  };

  expect(refused({ model: "lama-3-70b" })).toMatchObject({
    code: "planning.model-unknown",
    details: { path: "demand.stages[0].requests.served.model" },
  });
  expect(refused({ ttftSeconds: 1e-6 })).toMatchObject({ code: "planning.layout-impossible" });
  expect(refused({ inputTokens: -1 })).toMatchObject({
    details: { path: "demand.stages[0].requests.served.inputTokens" },
  });
});
