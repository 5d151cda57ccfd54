import type { z } from "zod";
import { Fault, type FaultDetails } from "../base/fault.ts";
import { wordIssue } from "./model.ts";
import type { QuestionProblem } from "./questions/model.ts";

/** Problems of one question beyond this are not told. */
const problemsMax = 20;

/** A question that does not have the form of one; every problem names its field. */
export function unreadableQuestion(error: z.ZodError): Fault {
  const problems = error.issues.flatMap(problemsOfIssue).slice(0, problemsMax);
  const message = `the question cannot be read: ${problems.map((each) => each.message).join("; ")}`;
  return new Fault("planning.request-invalid", message, { details: { path: problems[0]?.path ?? "", problems } });
}

function problemsOfIssue(issue: z.core.$ZodIssue): readonly QuestionProblem[] {
  const strange = issue.code === "unrecognized_keys" ? issue.keys : [];
  const told = (path: readonly PropertyKey[], message: string): QuestionProblem => {
    const name = path.map(String).join(".");
    return { path: name, message: `${name === "" ? "the question" : name}: ${message}` };
  };
  if (strange.length > 0) return strange.map((key) => told([...issue.path, key], "there is no such field"));
  return [told(issue.path, isMissing(issue) ? "it is missing" : wordIssue(issue))];
}

/** Whether a field that has no default was not given: the schema tells that as a value of the wrong type. */
function isMissing({ code, message }: z.core.$ZodIssue): boolean {
  return (code === "invalid_type" || code === "invalid_value") && message.endsWith("received undefined");
}

/** What of a question a fault complains about, field by field; empty where it names none. */
export function problemsOf({
  details,
  message,
}: {
  readonly details: FaultDetails;
  readonly message: string;
}): readonly QuestionProblem[] {
  const { problems, path } = details;
  if (Array.isArray(problems) && problems.every(isProblem)) return problems;
  return typeof path === "string" ? [{ path, message }] : [];
}

function isProblem(value: unknown): value is QuestionProblem {
  return typeof value === "object" && value !== null && "path" in value && "message" in value;
}
