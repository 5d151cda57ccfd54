import { seededRandom } from "../../src/base/random.ts";
import { simulateServing } from "../../src/planning/inference/simulate-serving.ts";
import { sizeInference } from "../../src/planning/size-inference.ts";
import { servingJobOf } from "./serving-rows.ts";
import { sizeTraining } from "../../src/planning/size-training.ts";

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
  ];
}
