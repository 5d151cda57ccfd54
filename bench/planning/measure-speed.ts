import { sizeTraining } from "../../src/planning/size-training.ts";

/** How fast the planner answers, as measured in this run. */
export interface Speed {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

/** Measures the layout search; the best of three rounds, the first warms up. */
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
    return (answer.search?.tried ?? 0) / ((performance.now() - start) / 1000);
  });
  return [{ what: "parallel layouts searched", value: Math.max(...rates), unit: "layouts/s" }];
}
