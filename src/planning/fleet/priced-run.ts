import type { Assumptions } from "../assumptions/assumption.ts";
import type { SizedRun } from "./fleet-plan.ts";
import type { Plan } from "../model.ts";
import { contradictoryPlan } from "../problems/plan-fault.ts";
import { writeNumber, writeTokens } from "../report/write-figure.ts";

/** One training run, to be priced. */
export interface PricedRun {
  readonly tokensPerRun: number;
  readonly tokensPerSecondPerGpu: number;
  readonly gpus: number;
}

/**
 * The run that a plan wants priced: its own figures, the model that it names, else the largest run that was sized.
 *
 * @throws {Fault} `planning.plan-contradictory` when no stage trains the model that is named.
 */
export function pricedRun(
  { training }: Plan,
  runs: readonly SizedRun[],
  assumptions: Assumptions,
): PricedRun | undefined {
  const { model, tokensPerRun, tokensPerSecondPerGpu, gpus } = training ?? {};
  if (tokensPerRun !== undefined && tokensPerSecondPerGpu !== undefined && gpus !== undefined) {
    return { tokensPerRun, tokensPerSecondPerGpu, gpus };
  }
  const named = model === undefined ? runs : runs.filter((run) => isNamed(run, model));
  const [largest] = named.toSorted((left, right) => right.gpuHours - left.gpuHours);
  if (largest === undefined) {
    if (model === undefined) return undefined;
    const known = runs.length === 0 ? "no stage names a trained model" : `stages train ${modelsOf(runs)}`;
    throw contradictoryPlan("training.model", `no stage trains ${model}; ${known}`);
  }
  const rate = largest.tokens / largest.gpuHours / 3600;
  assumptions.note(
    "training",
    `a run of ${largest.stage}`,
    `${writeTokens(largest.tokens)} tokens of ${largest.model} on ${largest.gpus} GPUs, ${writeNumber(rate)} tokens/s for each, as sized`,
  );
  return { tokensPerRun: largest.tokens, tokensPerSecondPerGpu: rate, gpus: largest.gpus };
}

function isNamed(run: SizedRun, model: string): boolean {
  return [run.model, run.asked].some((name) => name.toLowerCase() === model.toLowerCase());
}

function modelsOf(runs: readonly SizedRun[]): string {
  return [...new Set(runs.map((run) => run.asked))].join(" and ");
}
