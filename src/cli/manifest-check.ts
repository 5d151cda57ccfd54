import { type KindDefinition, type Manifest, manifestSchema } from "../platform/resource.ts";
import type { ManifestProblem } from "./manifest-problem.ts";
import type { YamlDocument } from "./manifest-yaml.ts";
import { schemaProblems } from "./schema-problems.ts";
import { didYouMean, suggestWord } from "../base/suggestion.ts";

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
    const message = kind === undefined ? "kind: it is missing" : "kind: wanted a text";
    return invalid(document.problemAt(["kind"], "value", message, `write one of ${names.join(", ")}`));
  }
  const definition = kinds.find((each) => each.kind === kind);
  if (definition === undefined) {
    const hint = didYouMean(suggestWord(kind, names)) ?? `kinds are ${names.join(", ")}`;
    return invalid(document.problemAt(["kind"], "value", `unknown kind "${kind}"`, hint));
  }
  const problems = schemaProblems(document, manifestSchema(definition), definition.kind);
  if (problems.length === 0) return { kind: "valid", manifest: value as Manifest, definition };
  return { kind: "invalid", problems };
}

function invalid(...problems: readonly ManifestProblem[]): CheckedManifest {
  return { kind: "invalid", problems };
}
