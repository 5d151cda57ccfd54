import fc from "fast-check";
import { expect, test } from "vitest";
import { planSchema } from "../model.ts";
import { planFleet } from "../fleet/plan-fleet.ts";
import { wholeMonths } from "./calendar-days.ts";
import { draftFrom } from "./draft-from.ts";
import { draftPlan } from "./draft-plan.ts";
import { fitGrowth } from "./fit-growth.ts";
import type { LedgerHour } from "./model.ts";

const dayMs = 86_400_000;
const until = "2026-11-25";
const dateOf = (ago: number): string => new Date(Date.parse(until) - ago * dayMs).toISOString().slice(0, 10);

/** Use of one project and purpose: `gpusOn` days ago, 0 being the last day, the same in each hour or as `inHour` says. */
function use(
  project: string,
  purpose: string,
  days: number,
  gpusOn: (ago: number) => number,
  inHour: (hour: number) => number = () => 1,
): readonly LedgerHour[] {
  return Array.from({ length: days * 24 }, (_, at) => {
    const [ago, hour] = [Math.floor(at / 24), at % 24];
    return {
      hour: `${dateOf(ago)}T${String(hour).padStart(2, "0")}`,
      purpose,
      project,
      gpuSeconds: gpusOn(ago) * inHour(hour) * 3600,
    };
  });
}

test("each team and purpose becomes a stage with its use, its growth and where they are from", () => {
  const hours = [
    ...use("maps", "training", 100, (ago) => 8 * 2 ** (-ago / 365.25)),
    ...use("faces", "training", 100, (ago) => 8 * 2 ** (-ago / 365.25)),
    ...use("maps", "replica", 20, () => 3),
  ];
  const plan = draftPlan({ hours, until, teams: { maps: "vision", faces: "vision" }, gpu: "NVIDIA H100 80GB HBM3" });

  expect(plan.startMonth).toBe("2026-12");
  expect(plan.demand.stages).toMatchObject([
    { stage: "training", name: "training of vision", gpus: 16, growthPerYear: expect.closeTo(1, 1) },
    { stage: "serving", name: "serving of vision", gpus: 3 },
  ]);
  expect(plan.demand.stages[1]).not.toHaveProperty("growthPerYear");
  expect(plan.inferred?.map((each) => each.path)).toEqual([
    "demand.stages[0].gpus",
    "demand.stages[0].growthPerYear",
    "demand.stages[0].growthUncertainty",
    "demand.stages[1].gpus",
    "cost.utilisation",
  ]);
});

test("a stage is as large as its busiest hour, which the mean of its day hides", () => {
  const hours = use(
    "maps",
    "training",
    20,
    () => 16,
    (hour) => (hour >= 9 && hour < 12 ? 1 : 0.125),
  );
  const { demand, cost, inferred } = draftPlan({ hours, until, teams: {}, gpu: "H100" });

  expect(demand.stages[0]?.gpus).toBe(16);
  expect(cost?.utilisation).toBeCloseTo((3 + 21 / 8) / 24, 3);
  expect(inferred?.[0]?.source).toContain(
    "the busiest hour of the last 20 days; 95 % of hours held at most 16, the mean is 3.75",
  );
});

test("half a year of whole months becomes a history, from the first month with use on", () => {
  const hours = use("maps", "evaluation", 260, (ago) => (ago > 215 ? 0 : 1 + (ago % 5)));
  const [stage] = draftPlan({ hours, until, teams: {}, gpu: "H100" }).demand.stages;

  expect(stage).toMatchObject({ name: "evaluation of maps", history: [5, 5, 5, 5, 5, 5, 5] });
});

test("an empty ledger draws up no stages where they are given besides, and says so; without them it says what to do", () => {
  const draft = draftFrom({ hours: [], until, gpu: "H100", hasStages: true });

  expect(draft).toMatchObject({ startMonth: "2026-12", fleet: { gpu: "H100" }, demand: { stages: [] } });
  expect(draft.inferred).toEqual([
    { path: "ledger", value: 0, unit: "GPU-hours", source: expect.stringContaining("no GPU time until 2026-11-25") },
  ]);
  for (const hours of [[], use("maps", "training", 3, () => 0)]) {
    expect(() => draftFrom({ hours, until, gpu: "H100" })).toThrow(
      /no GPU time until 2026-11-25; .* write stages of demand into a plan: millwright plan --from-live -f plan\.yaml/,
    );
  }
});

test("what was drawn up is answered, and every inferred figure stands among the assumptions", () => {
  const hours = use("maps", "training", 100, () => 12.5);
  const draft = draftFrom({ hours, until, teams: {}, gpu: "NVIDIA H100 80GB HBM3" });
  const fleet = planFleet(planSchema.parse({ ...draft, simulation: { draws: 100 } }));

  expect(fleet.gpu).toBe("H100-SXM");
  for (const { path, value } of draft.inferred ?? []) {
    expect(fleet.assumptions).toContainEqual(expect.objectContaining({ path, mode: value, confidence: "B" }));
  }
});

test("a ledger without GPU time is told as such, and one of another shape is refused", () => {
  expect(() => draftPlan({ hours: [], until, teams: {}, gpu: "H100" })).toThrow(/no GPU time/);
  expect(() => draftFrom({ hours: [{ hour: "yesterday" }] })).toThrow(/the ledger cannot be read/);
});

test("however many teams there are, the plan has stages for all of their use, and the schema takes it", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.1, max: 50, noNaN: true }), { minLength: 1, maxLength: 60 }), (gpus) => {
      const hours = gpus.flatMap((held, index) => use(`team-${index}`, "training", 10, () => held));
      const draft = draftPlan({ hours, until, teams: {}, gpu: "H100" });
      const plan = planSchema.parse(draft);
      const asked = plan.demand.stages.reduce((sum, stage) => sum + (stage.gpus ?? 0), 0);
      const held = gpus.reduce((sum, each) => sum + each, 0);
      expect(Math.abs(asked / held - 1)).toBeLessThan(0.01);
      expect(draft.cost?.utilisation).toBeCloseTo(1, 6);
    }),
  );
});

test("exponential growth is found again, and noise makes it less sure", () => {
  const grown = Array.from({ length: 200 }, (_, day) => 4 * 1.5 ** (day / 365.25));
  const noisy = grown.map((gpus, day) => gpus * (1 + 0.3 * Math.sin(day * 1.7)));

  expect(fitGrowth(grown)?.perYear).toBeCloseTo(0.5, 2);
  expect(fitGrowth(grown)?.uncertainty).toBe(0.1);
  expect(fitGrowth(noisy.map((gpus, day) => gpus * (day % 28 < 14 ? 1.4 : 0.6)))?.uncertainty).toBeGreaterThan(0.1);
  expect(fitGrowth(grown.slice(0, 50))).toBeUndefined();
  expect(fitGrowth([0, 0, 0])).toBeUndefined();
});

test("whole months are those of which every day is there", () => {
  expect(wholeMonths("2026-01-15", 60).map((span) => span.month)).toEqual(["2026-02"]);
  expect(wholeMonths("2026-02-01", 28)).toEqual([{ month: "2026-02", begin: 0, end: 28 }]);
  expect(wholeMonths("2028-12-01", 31 + 31).map((span) => span.month)).toEqual(["2028-12", "2029-01"]);
});
