import type { z } from "zod";
import { likenessOf, suggestNames } from "../catalog/suggest-names.ts";

/** A field that a schema refused: where it is, what was wanted and what was found. */
export interface RefusedField {
  readonly path: readonly PropertyKey[];
  readonly words: string;
}

/** The fields that an object at a path may have. */
type FieldsAt = (path: readonly PropertyKey[]) => readonly string[];

/** Problems of one question or plan beyond this are not told. */
const problemsMax = 20;

/**
 * What a schema refused of a value, in words of this planner: the schema library's are its own.
 *
 * @param value what was parsed.
 * @param fieldsAt the fields that an object may have, for those that it may not.
 */
export function refusedFields(
  error: z.ZodError,
  value: unknown,
  fieldsAt: FieldsAt = () => [],
): readonly RefusedField[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue, value, fieldsAt)).slice(0, problemsMax);
}

/** `demand.stages[2].jobs`. */
export function writePath(path: readonly PropertyKey[]): string {
  const steps = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`));
  return steps.join("").replace(/^\./, "");
}

function problemsOfIssue(issue: z.core.$ZodIssue, value: unknown, fieldsAt: FieldsAt): readonly RefusedField[] {
  if (issue.code === "unrecognized_keys") {
    const fields = fieldsAt(issue.path);
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      words: `there is no such field${hintOf(key, fields)}`,
    }));
  }
  return [{ path: issue.path, words: isMissing(issue) ? "it is missing" : wantedAndFound(issue, value) }];
}

/** Letters that two spellings of one field share at least. */
const likenessLeast = 0.6;

/** The field that was likely meant, else all that there are. */
function hintOf(key: string, fields: readonly string[]): string {
  const [meant] = suggestNames(key, fields);
  if (meant !== undefined && likenessOf(key.toLowerCase(), meant.toLowerCase()) >= likenessLeast)
    return `; did you mean ${meant}?`;
  return fields.length === 0 ? "" : `; there are ${fields.join(", ")}`;
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
  const found = issue.path.reduce(memberOf, value);
  if (wanted !== undefined && ownWords.test(issue.message)) return `wanted ${wanted}; found ${writeFound(found)}`;
  // Words of a whole object tell what is wrong with it; those of one figure gain by the figure.
  const isFigure = typeof found === "number" || typeof found === "string";
  return isFigure && !issue.message.includes("found") ? `${issue.message}; found ${writeFound(found)}` : issue.message;
}

/** A value as it may be told back; JSON has no numbers without end, and YAML has. */
function writeFound(value: unknown): string {
  const found = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? "nothing");
  return found.length > foundMax ? `${found.slice(0, foundMax)}…` : found;
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
  object: "an object with fields",
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
