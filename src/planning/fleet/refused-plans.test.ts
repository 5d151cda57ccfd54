import { expect, test } from "vitest";
import { refusedFields, tellRefused, writePath } from "../../base/refused-fields.ts";
import { planSchema } from "../model.ts";

const plan = { name: "n", startMonth: "2026-12", fleet: { gpu: "H100" } };
const withStage = (stage: object) => ({ ...plan, demand: { stages: [{ stage: "training", ...stage }] } });

test.each([
  [withStage({ gpus: "many" }), 'demand.stages[0].gpus: wanted a number; found "many"'],
  [withStage({ gpus: [8] }), "demand.stages[0].gpus: wanted a number; found [8]"],
  [withStage({ gpus: Number.NaN }), "demand.stages[0].gpus: wanted a number; found NaN"],
  [withStage({ gpus: 1, gpsu: 8 }), 'demand.stages[0].gpsu: there is no such field; did you mean "gpus"?'],
  [
    withStage({ jobs: { perMonth: 1, trained: { model: "m", tokens: 0, gpus: 8 } } }),
    "tokens: wanted a number above 0",
  ],
  [{ ...plan, demand: { stages: "training" } }, 'demand.stages: wanted a list; found "training"'],
  [{ ...plan, demand: 8 }, "demand: wanted an object with fields; found 8"],
  [plan, "demand: it is missing; give an object with fields"],
  [withStage({ gpus: 1, name: 7 }), "demand.stages[0].name: wanted a text; found 7"],
  [
    { ...withStage({ gpus: 1 }), cost: { utilisation: { low: 0.5, high: 0.9 } } },
    "cost.utilisation.mode: it is missing; give a number",
  ],
  [
    { ...withStage({ gpus: 1 }), cost: { utilisation: "most" } },
    "cost.utilisation: write a number, or {low, mode, high} as numbers, without a unit",
  ],
  [{ ...plan, demand: { stages: [] } }, "demand.stages: give one stage at least, with what it asks for"],
])("%o is told in words, with its place", (value, words) => {
  const parsed = planSchema.safeParse(value);
  const told = parsed.success ? [] : refusedFields(planSchema, parsed.error, value);

  expect(told).toHaveLength(1);
  expect(told.map((each) => `${writePath(each.path)}: ${tellRefused(each)}`).join()).toContain(words);
});
