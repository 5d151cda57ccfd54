import * as z from "zod";
import { type KindDefinition, type Manifest, manifestSchema } from "../platform/resource.ts";
import type { ManifestProblem } from "./manifest-problem.ts";
import type { YamlDocument } from "./manifest-yaml.ts";
import { knownKeysAt } from "./schema-keys.ts";
import { suggestWord } from "./suggestion.ts";

type Issue = z.core.$ZodIssue;

/** A manifest, or everything that is wrong with it. */
export type CheckedManifest =
  | { readonly kind: "valid"; readonly manifest: Manifest; readonly definition: KindDefinition }
  | { readonly kind: "invalid"; readonly problems: readonly ManifestProblem[] };

/** Checks one document against the kind that it names. Unknown kinds and keys are refused with a suggestion. */
export function checkManifest(document: YamlDocument, kinds: readonly KindDefinition[]): CheckedManifest {
  const { value } = document;
  const names = kinds.map((definition) => definition.kind);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return invalid(document.problemAt([], "value", "wanted a resource: a map with kind, name and spec", null));
  }
  const kind = "kind" in value ? value.kind : undefined;
  if (typeof kind !== "string") {
    const message = kind === undefined ? 'missing key "kind"' : 'wanted text for "kind"';
    return invalid(document.problemAt(["kind"], "value", message, `write one of ${names.join(", ")}`));
  }
  const definition = kinds.find((each) => each.kind === kind);
  if (definition === undefined) {
    const hint = didYouMean(suggestWord(kind, names)) ?? `kinds are ${names.join(", ")}`;
    return invalid(document.problemAt(["kind"], "value", `unknown kind "${kind}"`, hint));
  }
  const parsed = manifestSchema(definition).safeParse(value, { reportInput: true });
  if (parsed.success) return { kind: "valid", manifest: value as Manifest, definition };
  const problems = parsed.error.issues.flatMap((issue) => toProblems(document, definition, issue, []));
  return { kind: "invalid", problems };
}

function toProblems(
  document: YamlDocument,
  definition: KindDefinition,
  issue: Issue,
  parents: readonly PropertyKey[],
): readonly ManifestProblem[] {
  const path = [...parents, ...issue.path];
  switch (issue.code) {
    case "unrecognized_keys":
      return unknownKeys(document, definition, path, issue.keys);
    case "invalid_union": {
      const closest = closestAlternative(issue.errors);
      if (closest !== undefined) return closest.flatMap((each) => toProblems(document, definition, each, path));
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
  definition: KindDefinition,
  path: readonly PropertyKey[],
  keys: readonly string[],
): readonly ManifestProblem[] {
  const schema = z.toJSONSchema(manifestSchema(definition), { io: "input", unrepresentable: "any" });
  const known = knownKeysAt(schema, path);
  return keys.map((key) => {
    const where = path.length === 0 ? definition.kind : path.map(String).join(".");
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

function didYouMean(word: string | undefined): string | null {
  return word === undefined ? null : `did you mean "${word}"?`;
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

function invalid(...problems: readonly ManifestProblem[]): CheckedManifest {
  return { kind: "invalid", problems };
}
