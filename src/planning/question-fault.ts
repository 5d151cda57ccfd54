import type { z } from "zod";
import { Fault, type FaultDetails } from "../base/fault.ts";
import type { QuestionProblem } from "./questions/model.ts";

/** Problems of one question beyond this are not told. */
const problemsMax = 20;

/**
 * A question that does not have the form of one; every problem names its field, what was wanted and what was found.
 *
 * @param value the question as it was asked.
 */
export function unreadableQuestion(error: z.ZodError, value: unknown): Fault {
  const problems = error.issues.flatMap((issue) => problemsOfIssue(issue, value)).slice(0, problemsMax);
  const message = `the question cannot be read: ${problems.map((each) => each.message).join("; ")}`;
  return new Fault("planning.request-invalid", message, { details: { path: problems[0]?.path ?? "", problems } });
}

function problemsOfIssue(issue: z.core.$ZodIssue, value: unknown): readonly QuestionProblem[] {
  const strange = issue.code === "unrecognized_keys" ? issue.keys : [];
  const told = (path: readonly PropertyKey[], message: string): QuestionProblem => {
    const name = path.map(String).join(".");
    return { path: name, message: `${name === "" ? "the question" : name}: ${message}` };
  };
  if (strange.length > 0) return strange.map((key) => told([...issue.path, key], "there is no such field"));
  return [told(issue.path, isMissing(issue) ? "it is missing" : wantedAndFound(issue, value))];
}

/** Whether a field that has no default was not given: the schema tells that as a value of the wrong type. */
function isMissing({ code, message }: z.core.$ZodIssue): boolean {
  return (code === "invalid_type" || code === "invalid_value") && message.endsWith("received undefined");
}

/** The most of a value that is told back. */
const foundMax = 80;

/** The schema library's words for what it refuses; any other message was written for its field and says more. */
const ownWords = /^(?:Invalid|Too) /;

function wantedAndFound(issue: z.core.$ZodIssue, value: unknown): string {
  const wanted = wantedBy(issue);
  if (wanted === undefined || !ownWords.test(issue.message)) return issue.message;
  const found = JSON.stringify(issue.path.reduce(memberOf, value)) ?? "nothing";
  return `wanted ${wanted}; found ${found.length > foundMax ? `${found.slice(0, foundMax)}…` : found}`;
}

function memberOf(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

const typeWords: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "a text",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

/** What the schema wants, in words; undefined where its own message says it. */
function wantedBy(issue: z.core.$ZodIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return typeWords[issue.expected] ?? `a value of the type ${issue.expected}`;
    case "invalid_value":
      return `one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return `${sizeWords(issue.origin)}${issue.inclusive === false ? "above" : "of at least"} ${String(issue.minimum)}`;
    case "too_big":
      return `${sizeWords(issue.origin)}${issue.inclusive === false ? "below" : "of at most"} ${String(issue.maximum)}`;
    case "invalid_union":
      return oneOfUnion(issue);
    case "invalid_format":
    case "custom":
    case "not_multiple_of":
    case "unrecognized_keys":
    case "invalid_key":
    case "invalid_element":
      return undefined;
  }
}

function oneOfUnion(issue: z.core.$ZodIssueInvalidUnion): string | undefined {
  if ("options" in issue && issue.options !== undefined) return `one of ${issue.options.map(String).join(", ")}`;
  const ways = issue.errors.flatMap(([first]) => (first === undefined ? [] : (wantedBy(first) ?? [])));
  return ways.length === 0 ? undefined : ways.join(" or ");
}

/** What a limit is of: a number, or the length of a text or a list. */
function sizeWords(origin: string): string {
  if (origin === "string") return "a text with a length ";
  return origin === "array" ? "a list with a length " : "a number ";
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
