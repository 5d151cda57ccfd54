import { seededRandom } from "../../src/base/random.ts";
import { simulateServing } from "../../src/planning/inference/simulate-serving.ts";
import { sizeInference } from "../../src/planning/questions/size-inference.ts";
import { planSchema } from "../../src/planning/model.ts";
import { planFleet } from "../../src/planning/fleet/plan-fleet.ts";
import { servingJobOf } from "./serving-rows.ts";
import { sizeTraining } from "../../src/planning/questions/size-training.ts";

/** How fast the planner answers, as measured in this run. */
export interface Speed {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

function simulationMs(): number {
  const start = performance.now();
  const layout = { tensor: 2, attentionData: 1, expert: 1, pipeline: 1 };
  const job = servingJobOf({ model: "Llama-3.1-70B", accelerator: "H200", engine: "vllm", precision: "fp8" }, layout);
  const shape = { inputTokens: 1024, outputTokens: 256 };
  simulateServing({ job, shape, load: { kind: "open", perSecond: 5 }, requests: 10_000 }, seededRandom(1));
  return performance.now() - start;
}

function answerMs(): number {
  const start = performance.now();
  sizeInference({
    model: "Llama-3.1-70B",
    accelerator: "H200",
    precision: "fp8",
    inputTokens: 1024,
    outputTokens: 256,
    peakPerSecond: 50,
  });
  return performance.now() - start;
}

/** A fleet whose largest stages are sized from models: a run by its time, and a served model by its goals. */
const fleet = planSchema.parse({
  name: "speed",
  startMonth: "2026-12",
  fleet: { gpu: "H200-SXM" },
  demand: {
    stages: [
      {
        stage: "training",
        jobs: { perMonth: 1, trained: { model: "Llama-3.1-70B", tokens: 1e12, finishWithin: "60d" } },
      },
      {
        stage: "serving",
        requests: {
          peakPerSecond: 20,
          served: { model: "Llama-2-13B", inputTokens: 1000, outputTokens: 300, ttftSeconds: 1, tpotSeconds: 0.05 },
        },
      },
      { stage: "development", people: { people: 12, gpusEach: 1 } },
    ],
  },
});

function fleetMs(): number {
  const start = performance.now();
  planFleet(fleet);
  return performance.now() - start;
}

const best = (run: () => number): number => Math.min(...[1, 2, 3].map(run));

/** Measures search, simulation and a whole answer; the best of three rounds, the first warms up. */
export function measureSpeed(): readonly Speed[] {
  const rates = [1, 2, 3].map(() => {
    const start = performance.now();
    const answer = sizeTraining({
      model: "Qwen3-30B-A3B",
      accelerator: "H100",
      gpus: 256,
      globalSequences: 1024,
      sequenceTokens: 8192,
    });
    return answer.tried / ((performance.now() - start) / 1000);
  });
  return [
    { what: "parallel layouts searched", value: Math.max(...rates), unit: "layouts/s" },
    { what: "10,000 requests simulated", value: best(simulationMs), unit: "ms" },
    { what: "replicas for a load, by bisection over simulations", value: best(answerMs), unit: "ms" },
    { what: "a whole fleet with a trained and a served model, 2,000 draws", value: best(fleetMs), unit: "ms" },
  ];
}
