import * as z from "zod";
import { Fault, isFault } from "../base/fault.ts";
import type { PlanningKind } from "../planning/questions/model.ts";
import type { LooseQuestion, QuestionSource } from "./planning-answer.ts";
import { exampleOf, optionOf } from "./question-options.ts";

const problemsSchema = z.array(z.object({ path: z.string(), message: z.string() })).min(1);

/**
 * A fault of the planner with where each field that it complains about was given: the file, line and column as
 * `FILE:LINE:COLUMN: message`, or the option that sets it.
 */
export function placeProblems(
  error: unknown,
  kind: PlanningKind,
  asked: LooseQuestion,
  { question, document }: QuestionSource,
): unknown {
  if (!isFault(error)) return error;
  const problems = problemsSchema.safeParse(error.details["problems"]);
  if (!problems.success) return error;
  const lines = problems.data.map(({ path, message }) => {
    const steps = stepsTo(path, question);
    const [top] = steps;
    const isByOption = top !== undefined && asked[String(top)] !== question[String(top)];
    if (document === undefined || isByOption) return nameOption(path, message, optionOf(kind, path));
    const { file, line, column } = document.problemAt(steps, "value", message, null);
    return `${file}:${line}:${column}: ${message}`;
  });
  return new Fault(error.code, lines.join("\n"), { details: error.details, cause: error });
}

/** `--gpu (accelerator): it is missing; give it, such as --gpu H100`. */
function nameOption(path: string, message: string, option: string | undefined): string {
  const before = `${path}: `;
  if (option === undefined || !message.startsWith(before)) return message;
  const example = exampleOf(option);
  const told = message.slice(before.length);
  const rest =
    example === undefined ? told : told.replace(/^it is missing;.*/, `it is missing; give it, such as ${example}`);
  return option === `--${path}` ? `${option}: ${rest}` : `${option} (${path}): ${rest}`;
}

/** The steps that lead to a field; one of a workload is named as it is inside of it, one of a fleet's cost as it is in a plan. */
function stepsTo(path: string, question: LooseQuestion): readonly (string | number)[] {
  const steps = path
    .split(/[.[\]]+/)
    .filter((step) => step !== "")
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  const [top] = steps;
  const last = steps.at(-1);
  const { work } = question;
  if (top === undefined || String(top) in question) return steps;
  if (typeof work === "object" && work !== null && String(top) in work) return ["work", ...steps];
  return last !== undefined && String(last) in question ? [last] : steps;
}
