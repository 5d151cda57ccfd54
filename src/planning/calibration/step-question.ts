import type { Workload } from "../../compute/ports.ts";

/** A question about a training run, for the planner to parse. */
export type LooseQuestion = Readonly<Record<string, unknown>>;

/** Parameters of an MLflow run that say what it trains; only those with `planning.` before them are read. */
const prefix = "planning.";
const numbers: ReadonlySet<string> = new Set(["gpus", "gpusPerNode", "sequenceTokens", "globalSequences"]);
const words: ReadonlySet<string> = new Set([
  "model",
  "accelerator",
  "precision",
  "stack",
  "network",
  "frozenPrecision",
]);

/**
 * The question that a training run asks by the parameters that it logged (`planning.model`, `planning.sequenceTokens`,
 * `planning.globalSequences`, ...). GPUs that it does not name are those that its workload holds.
 *
 * @returns undefined when the run names no model or no batch, or its workload holds no GPU: there is nothing to predict.
 */
export function stepQuestion(params: Readonly<Record<string, string>>, workload: Workload): LooseQuestion | undefined {
  const held = workload.places.flatMap((place) => place.gpus);
  const [first] = held;
  const [place] = workload.places;
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(params)) {
    const field = name.startsWith(prefix) ? name.slice(prefix.length) : "";
    if (numbers.has(field)) given[field] = Number(value);
    else if (field === "isLora") given[field] = value === "true";
    else if (words.has(field)) given[field] = value;
  }
  const question: LooseQuestion = {
    ...(first === undefined
      ? {}
      : { accelerator: first.model, gpus: held.length, gpusPerNode: Math.max(1, place?.gpus.length ?? 1) }),
    ...given,
  };
  const isWhole = ["model", "accelerator", "gpus", "sequenceTokens", "globalSequences"].every(
    (field) => question[field] !== undefined,
  );
  return isWhole ? question : undefined;
}

/** Whether the workload's GPUs only pretend to be there. */
export function holdsSimulated(workload: Workload): boolean {
  return workload.places.some((place) => place.gpus.some((gpu) => gpu.simulated));
}
