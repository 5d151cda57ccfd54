import { Fault } from "../base/fault.ts";
import type { KindColumn, KindDefinition } from "../platform/resource.ts";
import { rowNouns } from "./row-nouns.ts";
import { suggestWord } from "../base/suggestion.ts";

/** Something that `get` lists: a kind of resource, or rows of a room's own table. */
export interface Noun {
  /** As events and refs write it: `TrainingJob`, `Workload`. */
  readonly kind: string;
  /** As addresses write it: `training-jobs`. */
  readonly plural: string;
  readonly aliases: readonly string[];
  readonly scope: "platform" | "project";
  readonly columns: readonly KindColumn[];
  /** Rows have an id instead of a name. */
  readonly isRow: boolean;
  /** Whether one request lists it over all projects. */
  readonly isListedEverywhere: boolean;
}

/** Every noun that a command line may name. */
export function allNouns(kinds: readonly KindDefinition[]): readonly Noun[] {
  return [...kinds.map((definition) => ({ ...definition, isRow: false, isListedEverywhere: true })), ...rowNouns];
}

/**
 * Finds a noun by any of its names, letter case and dashes aside: `TrainingJob`, `training-jobs`, `job`.
 *
 * @throws {Fault} `cli.argument-invalid` with a suggestion when there is none.
 */
export function findNoun(word: string, nouns: readonly Noun[]): Noun {
  const plain = simplify(word);
  const found = nouns.find((noun) => namesOf(noun).some((name) => simplify(name) === plain));
  if (found !== undefined) return found;
  const names = nouns.flatMap(namesOf);
  const suggestion = suggestWord(word, names);
  const hint =
    suggestion === undefined
      ? `kinds are ${nouns.map((noun) => noun.plural).join(", ")}`
      : `did you mean "${suggestion}"?`;
  throw new Fault("cli.argument-invalid", `unknown kind "${word}"; ${hint}`, { details: { kind: word } });
}

/** All names of a noun, the plural first: `training-jobs`, `training-job`, and the short ones. */
export function namesOf(noun: Noun): readonly string[] {
  return [...new Set([noun.plural, singularOf(noun), ...noun.aliases])];
}

/** The singular in lower case with dashes: `training-job`. */
export function singularOf(noun: Pick<Noun, "kind">): string {
  return noun.kind.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, "-").toLowerCase();
}

function simplify(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, "");
}
