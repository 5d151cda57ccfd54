import * as fc from "fast-check";
import { ownServer } from "../fixtures/own-server.ts";
import { expect, test } from "vitest";
import { isFault } from "../../base/fault.ts";
import { fleetSite } from "../calibration/apply-fleet-site.ts";
import { askedGroups } from "../calibration/asked-groups.ts";
import { answerPlanText } from "../drivers/plan-file.ts";
import type { FleetPlan } from "./fleet-plan.ts";
import { type Plan, planSchema } from "../model.ts";
import { planFleet } from "./plan-fleet.ts";
import { reportFiles } from "../report/report-files.ts";
import { sizeTraining } from "../questions/size-training.ts";

const run = { model: "Llama-2-13B", tokens: 300e9, gpus: 32 };
const smallest = {
  name: "trains",
  startMonth: "2026-12",
  horizonMonths: 24,
  fleet: { gpu: "H200-SXM" },
  simulation: { draws: 100 },
};
const stageOf = (jobs: object) => ({
  stage: "training",
  name: "pre-training",
  jobs: { perMonth: 2, arrival: "planned", ...jobs },
});
const planOf = (jobs: object, change: object = {}): Plan =>
  planSchema.parse({ ...smallest, demand: { stages: [stageOf(jobs)] }, ...change });
const trains = (change: object = {}, rest: object = {}): FleetPlan =>
  planFleet(planOf({ trained: { ...run, ...change } }, rest));
const onlyRun = ({ runs }: FleetPlan): FleetPlan["runs"][number] => {
  const [first, ...others] = runs;
  if (first === undefined || others.length > 0) throw new Error(`wanted one sized run, found ${runs.length}`);
  return first;
};

test("a stage that names the model it trains asks for what the same stage with these GPU-hours and this gang stated does", () => {
  fc.assert(
    fc.property(fc.constantFrom(8, 16, 32, 64), fc.integer({ min: 20, max: 900 }), (gpus, billions) => {
      const sized = trains({ gpus, tokens: billions * 1e9 });
      const { gpuHours } = onlyRun(sized);
      // What else follows from the model is stated, so that only the sizing differs.
      const parameters = 13_015_449_600;
      const stated = planFleet(
        planOf({ gpuHoursEach: gpuHours, gangGpus: gpus }, { storage: { checkpoint: { parameters } } }),
      );

      expect(sized.capacity.months.map(({ meanGpus }) => meanGpus)).toEqual(
        stated.capacity.months.map(({ meanGpus }) => meanGpus),
      );
      expect(sized.reliability.job).toEqual(stated.reliability.job);
    }),
    { numRuns: 5 },
  );
});

test("the GPU-hours of a sized stage are useful ones: failures are counted once, with those of all jobs", () => {
  const often = { reliability: { hazardPerMillionGpuHours: 2000, restartMinutes: 60 } };
  const [calm, rough] = [onlyRun(trains()), onlyRun(trains({}, often))];
  const alone = sizeTraining({ ...run, accelerator: "H200-SXM" });

  expect(rough.gpuHours).toBeCloseTo(calm.gpuHours, 6);
  expect(calm.gpuHours).toBeCloseTo((alone.gpuHours ?? 0) * alone.goodput.ratio, 6);
  expect(calm.gpuHours).toBeCloseTo(run.tokens / alone.step.tokensPerSecondPerGpu / 3600, 6);
  expect(rough.days.likely).toBeGreaterThan(1.05 * calm.days.likely);
  expect(calm.days.likely).toBeCloseTo(calm.gpuHours / 32 / 24 / trains().reliability.job.share, 9);
});

test("twice the tokens take twice the GPU-hours and twice the days", () => {
  const [once, twice] = [onlyRun(trains()), onlyRun(trains({ tokens: 2 * run.tokens }))];

  expect(twice.gpuHours).toBeCloseTo(2 * once.gpuHours, 6);
  expect(twice.days.likely).toBeCloseTo(2 * once.days.likely, 9);
});

test("with a time to finish in, a run takes the fewest whole servers that keep it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 90 }), (days) => {
      const { gpus, tried, days: taken } = onlyRun(trains({ gpus: undefined, finishWithin: `${days}d` }));
      const less = gpus <= 8 ? undefined : onlyRun(trains({ gpus: gpus - 8 }));

      expect(taken.likely).toBeLessThanOrEqual(days);
      expect(tried.map((each) => each.gpus)).toContain(gpus);
      if (less !== undefined) expect(less.days.likely).toBeGreaterThan(days);
    }),
    { numRuns: 8 },
  );
});

test("the error of a sized stage widens its demand on both sides and leaves the mean; a stated one has no such term", () => {
  const sized = trains({}, { demand: { stages: [{ ...stageOf({ trained: run }), growthUncertainty: 0 }] } });
  const { gpuHours, step } = onlyRun(sized);
  const jobs = { gpuHoursEach: gpuHours, gangGpus: 32 };
  const stated = planFleet(planOf({}, { demand: { stages: [{ ...stageOf(jobs), growthUncertainty: 0 }] } }));

  for (const [index, month] of sized.capacity.months.entries()) {
    const other = stated.capacity.months[index];
    expect(month.meanGpus).toBe(other?.meanGpus);
    // Planned runs without growth: nothing else is unsure, so the interval of the demand is that of the step.
    expect(other?.p90Gpus).toBeCloseTo(other?.p10Gpus ?? 0, 9);
    expect(month.p90Gpus / month.p10Gpus).toBeCloseTo(step.high / step.low, 4);
  }
  expect(sized.errors.capacity[0]?.words).toContain("what was sized: pre-training ±7");
  expect(stated.errors.capacity[0]?.words).not.toContain("sized");
});

const twoStages = [stageOf({ trained: run }), { ...stageOf({ trained: run }), name: "post-training" }];

test("errors of two sized stages are independent: together they are relatively surer than each alone", () => {
  const two = planFleet(planOf({}, { demand: { stages: twoStages } })).capacity;
  const one = trains().capacity;
  const width = ({ months: [first] }: FleetPlan["capacity"]): number => (first?.p90Gpus ?? 0) / (first?.p10Gpus ?? 1);

  expect(Math.log(width(two))).toBeCloseTo(Math.log(width(one)) / Math.SQRT2, 2);
});

test("each sized stage states its own errors", () => {
  const { errors, runs } = planFleet(planOf({}, { demand: { stages: twoStages } }));
  const told = errors.capacity.map(({ quantity }) => quantity).filter((quantity) => quantity.includes("step time"));

  expect(runs).toHaveLength(2);
  expect(told.map((quantity) => quantity.split(":")[0])).toEqual(["pre-training", "post-training"]);
});

test("what a run costs follows from the stage that trains it, which may be named", () => {
  const left = trains();
  const named = trains({}, { training: { model: "llama-2-13b" } });
  const { gpuHours } = onlyRun(left);
  const stated = trains(
    {},
    {
      training: { tokensPerRun: run.tokens, tokensPerSecondPerGpu: run.tokens / gpuHours / 3600, gpus: 32 },
    },
  );

  expect(left.cost.training).not.toBeNull();
  expect(named.cost.training).toEqual(left.cost.training);
  expect(stated.cost.training).toEqual(left.cost.training);
  expect(left.choices.map(({ path }) => path)).toContain("training");
});

test("a checkpoint's parameters, the served weights and the exposed share follow from the models where they are left out", () => {
  const adapters = {
    stage: "training",
    jobs: { perMonth: 9, trained: { ...run, model: "Llama-3.1-70B", isLora: true } },
  };
  const stages = [stageOf({ trained: run }), adapters];
  const { choices, storage, network } = trains({}, { demand: { stages } });
  const of = (path: string) => choices.find((each) => each.path === path);

  expect(of("storage.checkpoint.parameters")?.source).toContain("weights of Llama-2-13B");
  expect(of("network.exposedShare")?.source).toContain("pre-training");
  // 14 bytes of each of 13.0 billion weights.
  expect(storage.checkpointBytes / (14 * 13.0e9)).toBeCloseTo(1, 2);
  expect(network.oversubscription.stepTimeFactor).toBe(1);
  const told = trains({}, { storage: { checkpoint: { parameters: 7e9 } }, network: { exposedShare: 0.4 } }).choices;
  expect(told.map(({ path }) => path)).not.toContain("storage.checkpoint.parameters");
  expect(told.map(({ path }) => path)).not.toContain("network.exposedShare");
});

test("a slower network of the plan makes the sized step longer", () => {
  const wide = { ...run, model: "Llama-3.1-70B", gpus: 64 };
  const [fast, slow] = [trains(wide), trains(wide, { network: { rails: 1, portRate: "100Gb/s" } })].map(onlyRun);

  expect(slow?.step.seconds).toBeGreaterThan(fast?.step.seconds ?? 0);
});

test("steps that a site measured correct a plan's runs, and its errors are stated", () => {
  const rows = Array.from({ length: 40 }, () => ({ low: 0.9, likely: 1, high: 1.1, measured: 2 }));
  const site = fleetSite([
    { kind: "step-time", group: "H200-SXM megatron-core", rows },
    { kind: "step-time", group: "H200-SXM fsdp", rows: [{ low: 0.9, likely: 1, high: 1.1, measured: 9 }] },
  ]);
  const asked = planOf({ trained: run });
  const [shipped, corrected] = [planFleet(asked), planFleet(asked, site)];
  const ratio = onlyRun(corrected).gpuHours / onlyRun(shipped).gpuHours;

  expect(ratio).toBeGreaterThan(1.5);
  expect(ratio).toBeLessThanOrEqual(2);
  expect(corrected.errors.capacity.map(({ words }) => words).join("\n")).toContain("this site: ±");
  const groups = askedGroups("plan", { ...asked });
  expect(groups).toContainEqual({ kind: "step-time", group: "H200-SXM megatron-core" });
  expect(groups).toContainEqual({ kind: "training-duration", group: "H200-SXM megatron-core" });
});

test("on a server that neither the plan nor the catalog says the arithmetic of nothing is sized, and what to give is told", () => {
  const change = { fleet: { gpu: "own" }, accelerators: [ownServer] };

  expect(() => trains({}, change)).toThrow(
    /^fleet\.gpu: no stage can be sized .*computes: \{like\}.* gpuHoursEach and gangGpus/,
  );
  expect(planFleet(planOf({ gpuHoursEach: 9, gangGpus: 4 }, change)).runs).toEqual([]);
});

test("a fleet of no GPUs is refused as such before a run is sized on it", () => {
  const asked = { gpus: undefined, finishWithin: "20d" };

  expect(() => trains(asked, { fleet: { gpu: "H100", gpus: 0 } })).toThrow(/^fleet\.gpus must be a whole number/);
});

test("what speaks against a run is told once, by its place in the plan", () => {
  const place = "demand.stages[0].jobs.trained.frozenPrecision";

  expect(() => trains({ frozenPrecision: "int4" })).toThrow(`${place}: only weights below adapters are frozen`);
});

test("the report names layout, step, limit, errors and what was assumed of a sized run", () => {
  const report = reportFiles(trains({ gpus: undefined, finishWithin: "20d" }))["report.md"];

  expect(report).toContain("## Training runs");
  expect(report).toContain("pre-training: step time, tokens a second and utilisation: **±");
  expect(report).toMatch(/32 GPUs are the fewest that end it in time, of those tried: 16 GPUs: \d+\.\d days, 24 GPUs/);
  expect(report).toContain("tensor 1, pipeline 1, data 32");
  expect(report).toContain("precision was not given: bf16 is assumed");
  expect(report).not.toMatch(/NaN|undefined|Infinity/);
});

const refusals: readonly (readonly [what: string, jobs: string, rest: string, message: RegExp])[] = [
  [
    "both ways at once",
    "{ perMonth: 1, gpuHoursEach: 9, gangGpus: 8, trained: { model: Llama-2-13B, tokens: 1e9, gpus: 8 } }",
    "",
    /^p\.yaml:7:\d+: demand\.stages\[0\]\.jobs: give gpuHoursEach with gangGpus, or the trained model/,
  ],
  ["neither way", "{ perMonth: 1 }", "", /^p\.yaml:7:\d+: .*one of the two/],
  ["GPU-hours without a gang", "{ perMonth: 1, gpuHoursEach: 9 }", "", /^p\.yaml:7:\d+: .*gangGpus is missing/],
  [
    "a gang beside a trained model",
    "{ perMonth: 1, gangGpus: 8, trained: { model: Llama-2-13B, tokens: 1e9, gpus: 8 } }",
    "",
    /^p\.yaml:7:\d+: .*leave gangGpus out/,
  ],
  [
    "neither GPUs nor a time",
    "{ perMonth: 1, trained: { model: Llama-2-13B, tokens: 1e9 } }",
    "",
    /^p\.yaml:7:\d+: demand\.stages\[0\]\.jobs\.trained: give gpus, or finishWithin/,
  ],
  [
    "an unknown model",
    "{ perMonth: 1, trained: { model: Lama-2-13B, tokens: 1e9, gpus: 8 } }",
    "",
    /^p\.yaml:7:\d+: demand\.stages\[0\]\.jobs\.trained\.model: .*did you mean Llama-2-13B/,
  ],
  [
    "too few GPUs for the model",
    "{ perMonth: 1, trained: { model: Llama-3.1-405B, tokens: 1e9, gpus: 8 } }",
    "",
    /^p\.yaml:7:\d+: demand\.stages\[0\]\.jobs\.trained\.gpus: none of \d+ layouts on 8 accelerators can run/,
  ],
  [
    "more GPUs than a fleet that stays as it is",
    "{ perMonth: 1, trained: { model: Llama-2-13B, tokens: 1e9, gpus: 128 } }",
    "",
    /trained\.gpus: the run asks for 128 GPUs; the fleet is held at 64/,
  ],
  [
    "a time that no number of GPUs of the fleet keeps",
    "{ perMonth: 1, trained: { model: Llama-2-13B, tokens: 3e11, finishWithin: 1d } }",
    "",
    /trained\.finishWithin: no number of H200-SXM that was tried ends the run in 1d: 64 GPUs: /,
  ],
  [
    "a number format that the GPU lacks",
    "{ perMonth: 1, trained: { model: Llama-2-13B, tokens: 1e9, precision: fp4, finishWithin: 9d } }",
    "",
    /^p\.yaml:7:\d+: demand\.stages\[0\]\.jobs\.trained\.precision: H200-SXM does not multiply in fp4/,
  ],
  [
    "a run to price that no stage trains",
    "{ perMonth: 1, trained: { model: Llama-2-13B, tokens: 1e9, gpus: 8 } }",
    "training: { model: GPT-5 }",
    /^p\.yaml:8:\d+: training\.model: no stage trains GPT-5; stages train Llama-2-13B/,
  ],
  [
    "a checkpoint of nothing",
    "{ perMonth: 1, gpuHoursEach: 9, gangGpus: 8 }",
    "storage: { checkpoint: { kept: 3 } }",
    /^p\.yaml:8:\d+: storage\.checkpoint\.parameters must be a number/,
  ],
];

test.each(refusals)("%s is refused with its line", (_what, jobs, rest, message) => {
  const text = [
    "name: n",
    "startMonth: 2026-12",
    "fleet: { gpu: H200, gpus: 64 }",
    "demand:",
    "  stages:",
    "    - stage: training",
    `      jobs: ${jobs}`,
    rest,
    "",
  ].join("\n");
  const refused = (): string => {
    try {
      answerPlanText("p.yaml", text);
    } catch (error) {
      if (isFault(error)) return error.message;
      throw error;
    }
    return "nothing was refused";
  };

  expect(refused()).toMatch(message);
});
