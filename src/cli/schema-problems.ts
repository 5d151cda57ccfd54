import * as z from "zod";
import type { ManifestProblem } from "./manifest-problem.ts";
import type { YamlDocument } from "./manifest-yaml.ts";
import { knownKeysAt } from "../base/schema-keys.ts";
import { didYouMean, suggestWord } from "./suggestion.ts";

type Issue = z.core.$ZodIssue;

interface NamedSchema {
  readonly schema: z.ZodType;
  readonly name: string;
}

/**
 * Checks a document against a schema; every problem stands at its place, with what was probably meant.
 *
 * @param name what the document is, for messages: a kind, or `cluster file`.
 */
export function schemaProblems(document: YamlDocument, schema: z.ZodType, name: string): readonly ManifestProblem[] {
  const parsed = schema.safeParse(document.value, { reportInput: true });
  if (parsed.success) return [];
  return parsed.error.issues.flatMap((issue) => toProblems(document, { schema, name }, issue, []));
}

function toProblems(
  document: YamlDocument,
  schema: NamedSchema,
  issue: Issue,
  parents: readonly PropertyKey[],
): readonly ManifestProblem[] {
  const path = [...parents, ...issue.path];
  switch (issue.code) {
    case "unrecognized_keys":
      return unknownKeys(document, schema, path, issue.keys);
    case "invalid_union": {
      const closest = closestAlternative(issue.errors);
      if (closest !== undefined) return closest.flatMap((each) => toProblems(document, schema, each, path));
      return [document.problemAt(path, "value", `${describe(path)} has none of the allowed forms`, null)];
    }
    case "invalid_value":
      if (issue.input !== undefined) {
        return [document.problemAt(path, "value", wrongValue(path, issue.input, issue.values), hintOf(issue))];
      }
      return [missingKey(document, path)];
    case "invalid_type": {
      if (issue.input === undefined) return [missingKey(document, path)];
      const message = `${describe(path)} must be ${withArticle(issue.expected)}, not ${withArticle(typeName(issue.input))}`;
      return [document.problemAt(path, "value", message, null)];
    }
    default:
      return [document.problemAt(path, "value", `${describe(path)}: ${issue.message}`, null)];
  }
}

function unknownKeys(
  document: YamlDocument,
  schema: NamedSchema,
  path: readonly PropertyKey[],
  keys: readonly string[],
): readonly ManifestProblem[] {
  const known = knownKeysAt(z.toJSONSchema(schema.schema, { io: "input", unrepresentable: "any" }), path);
  return keys.map((key) => {
    const where = path.length === 0 ? schema.name : path.map(String).join(".");
    const hint = didYouMean(suggestWord(key, known)) ?? (known.length === 0 ? null : `keys are ${known.join(", ")}`);
    return document.problemAt([...path, key], "key", `unknown key "${key}" in ${where}`, hint);
  });
}

/** Of the alternatives of a union, the one that got furthest: the one whose complaints lie deepest, then are fewest. */
function closestAlternative(alternatives: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const depth = (issues: readonly Issue[]) => Math.max(0, ...issues.map((issue) => issue.path.length));
  return [...alternatives].sort((left, right) => depth(right) - depth(left) || left.length - right.length)[0];
}

function missingKey(document: YamlDocument, path: readonly PropertyKey[]): ManifestProblem {
  const holder = path.slice(0, -1);
  const where = holder.length === 0 ? "" : ` in ${holder.map(String).join(".")}`;
  return document.problemAt(path, "value", `missing key "${String(path.at(-1) ?? "")}"${where}`, null);
}

function wrongValue(path: readonly PropertyKey[], input: unknown, values: readonly unknown[]): string {
  const allowed = values.map((value) => JSON.stringify(value) ?? String(value)).join(", ");
  const wanted = values.length === 1 ? allowed : `one of ${allowed}`;
  return `${describe(path)} must be ${wanted}, not ${JSON.stringify(input)}`;
}

function hintOf(issue: { readonly input?: unknown; readonly values: readonly unknown[] }): string | null {
  if (typeof issue.input !== "string") return null;
  const words = issue.values.filter((value): value is string => typeof value === "string");
  return didYouMean(suggestWord(issue.input, words));
}

function describe(path: readonly PropertyKey[]): string {
  return path.length === 0 ? "the document" : path.map(String).join(".");
}

function withArticle(type: string): string {
  const plain: Readonly<Record<string, string>> = {
    int: "whole number",
    record: "map",
    object: "map",
    array: "list",
    string: "text",
  };
  const word = plain[type] ?? type;
  if (word === "text" || word === "null") return word;
  return /^[aeiou]/.test(word) ? `an ${word}` : `a ${word}`;
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
