import * as fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { findAccelerator } from "../catalog/find-accelerator.ts";
import { findModel } from "../catalog/find-model.ts";
import type { ServingJob } from "./serving-job.ts";
import { goalJudge, simulateServing } from "./simulate-serving.ts";

const job: ServingJob = {
  model: findModel("Llama-3.1-8B"),
  accelerator: findAccelerator("H100"),
  domainGpus: 8,
  domainBytesPerSecond: 400e9,
  precision: "bf16",
  kvPrecision: "bf16",
  engine: "vllm",
  layout: { tensor: 1, attentionData: 1, expert: 1, pipeline: 1 },
};

test("who only asks whether a goal is kept, at one rate after another, hears what the whole simulation says", () => {
  const question = { job, shape: { inputTokens: 800, outputTokens: 150 }, requests: 300 };
  const verdicts = new Set<boolean>();
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.1, max: 60, noNaN: true }), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(0.5, 0.9, 0.95, 0.99),
      fc.constantFrom(0.1, 0.3, 1),
      (rates, share, ttftSeconds) => {
        const goal = { ttftSeconds, tpotSeconds: 0.02 };
        const keepsGoal = goalJudge({ ...question, goal }, share, () => seededRandom(3));
        for (const perSecond of rates) {
          const run = simulateServing({ ...question, goal, load: { kind: "open", perSecond } }, seededRandom(3));
          const kept = Math.min(run.goodShare, run.goodShareLate) >= share;
          verdicts.add(kept);
          expect(keepsGoal(perSecond)).toBe(kept);
        }
      },
    ),
    { numRuns: 40 },
  );
  expect(verdicts.size).toBe(2);
});
