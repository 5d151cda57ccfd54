import type { PipelineSpec, PipelineStep } from "./model.ts";

export type PipelineOrder =
  | { readonly kind: "ordered"; readonly steps: readonly PipelineStep[] }
  | { readonly kind: "invalid"; readonly problems: readonly string[] };

/** What a step reads: what it says, else every input of the pipeline. */
export function readsOf(spec: PipelineSpec, step: PipelineStep): readonly string[] {
  return step.reads ?? Object.keys(spec.inputs);
}

/**
 * Puts a pipeline's steps in an order in which each comes after what it reads; steps that may go in any order keep
 * the order of the spec.
 */
export function orderPipeline(spec: PipelineSpec): PipelineOrder {
  const problems = checkNames(spec);
  if (problems.length > 0) return { kind: "invalid", problems };
  const ordered: PipelineStep[] = [];
  const done = new Set(Object.keys(spec.inputs));
  let left = spec.steps;
  while (left.length > 0) {
    const next = left.find((step) => readsOf(spec, step).every((name) => done.has(name)));
    if (next === undefined) {
      const names = left.map((step) => step.name).join(", ");
      return { kind: "invalid", problems: [`the steps ${names} wait for each other; a pipeline must have no cycle`] };
    }
    ordered.push(next);
    done.add(next.name);
    left = left.filter((step) => step !== next);
  }
  return { kind: "ordered", steps: ordered };
}

function checkNames(spec: PipelineSpec): readonly string[] {
  const inputs = Object.keys(spec.inputs);
  const names = [...inputs, ...spec.steps.map((step) => step.name)];
  const outputs = spec.steps.map((step) => step.output);
  const unknown = spec.steps.flatMap((step) =>
    readsOf(spec, step)
      .filter((name) => !names.includes(name))
      .map((name) => `step ${step.name} reads ${name}, which is no input and no step (there are ${names.join(", ")})`),
  );
  return [
    ...repeatedIn(names).map((name) => `two tables have the name ${name}`),
    ...repeatedIn(outputs).map((output) => `two steps write the dataset ${output}`),
    ...outputs
      .filter((output) => Object.values(spec.inputs).includes(output))
      .map((output) => `dataset ${output} is both an input and an output; write another one`),
    ...unknown,
  ];
}

function repeatedIn(names: readonly string[]): readonly string[] {
  return [...new Set(names.filter((name, place) => names.indexOf(name) !== place))];
}
