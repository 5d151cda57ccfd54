import { canonicalJson } from "../base/canonical-json.ts";
import type { PipelineStep } from "./model.ts";

/** Counts the changes of how steps are run: part of every key, so that a new way runs them again. */
const recipe = 1;

/** A table that a step reads, by content. */
export interface StepInput {
  readonly name: string;
  readonly contentHash: string;
}

/**
 * What a step's output depends on, as one text to be hashed: its SQL and the content of what it reads. Two steps with
 * equal texts make equal rows, so the second is not run.
 */
export function stepKeyText(step: PipelineStep, inputs: readonly StepInput[]): string {
  const contents = Object.fromEntries(inputs.map((input) => [input.name, input.contentHash]));
  return canonicalJson({ recipe, sql: step.sql, output: step.output, inputs: contents });
}
