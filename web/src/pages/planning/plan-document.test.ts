import { expect, test } from "vitest";
import { controlsOfPlan, planWith, readPlan, writePlan } from "./plan-document.ts";
import { checkPlan } from "./plan-schema.ts";
import { questionOf } from "./question.ts";

const small = `# ours
name: ours
startMonth: 2026-12
fleet: { gpu: H100-SXM } # bought
demand:
  stages:
    - { stage: training, gpus: 64, growthPerYear: 0.3 }
    - { stage: evaluation, gpus: 4, growthPerYear: 0.3 }
cost: { utilisation: { low: 0.4, mode: 0.6, high: 0.8 } }
`;

test("controls show what the plan holds once as a number, and say why they cannot otherwise", () => {
  const { state, locked } = controlsOfPlan(small);

  expect(state).toMatchObject({ gpu: "H100-SXM", training: "64", serving: "0", growth: "30" });
  expect(locked).toMatchObject({ use: expect.stringContaining("bounds"), "serving-growth": "no stage takes it" });
  const jobs = small.replace("gpus: 64", "jobs: { perMonth: 1, gpuHoursEach: 9, gangGpus: 8 }");
  expect(controlsOfPlan(jobs).locked).toMatchObject({ training: expect.stringContaining("otherwise") });
});

test("a moved control changes its own figure only, and comments stay", () => {
  const moved = planWith(planWith(small, "training", "128"), "growth", "50");

  expect(moved).toContain("# ours");
  expect(moved).toContain("# bought");
  expect(readPlan(moved).value).toMatchObject({
    demand: {
      stages: [
        { stage: "training", gpus: 128, growthPerYear: 0.5 },
        { stage: "evaluation", gpus: 4, growthPerYear: 0.5 },
      ],
    },
  });
  expect(controlsOfPlan(planWith(small, "serving", "8")).state["serving"]).toBe("8");
  expect(controlsOfPlan(planWith(small, "evaluation", "0")).state["evaluation"]).toBe("0");
  expect(readPlan(planWith(small, "energy", "0.2")).value).toMatchObject({ cost: { usdPerKwh: 0.2 } });
});

test("what is wrong is told with its line, by YAML and by the schema", () => {
  expect(readPlan("name: [\n").problems[0]?.line).toBeGreaterThan(0);
  const wrong = small.replace("gpus: 4", "gpus: four").replace("fleet:", "flet:");
  const problems = checkPlan(readPlan(wrong));
  expect(problems).toContainEqual(expect.objectContaining({ line: 8 }));
  expect(problems.map(({ message }) => message).join("\n")).toMatch(/demand\.stages\[1\]\.gpus/);
});

test("what the controls amount to is written as a plan that the schema takes", () => {
  const { question } = questionOf("fleet", {}, "2026-12");

  expect(checkPlan(readPlan(writePlan(question)))).toEqual([]);
});
