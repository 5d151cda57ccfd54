import { Fault } from "../../base/fault.ts";
import { suggestNames } from "./suggest-names.ts";

interface Named {
  readonly name: string;
}

/** How names of one sort of entry may be spelled. */
export interface EntrySpelling {
  /** What is left of a spelling without all that does not matter. */
  readonly plainName: (name: string) => string;
  /** Entries by other plain spellings. */
  readonly aliases: Readonly<Record<string, string>>;
}

/** Finds an entry by any of its spellings; the user's own come first. */
export function findEntry<Entry extends Named>(
  name: string,
  own: readonly Entry[],
  shipped: readonly Entry[],
  { plainName, aliases }: EntrySpelling,
): Entry | undefined {
  const asked = plainName(name);
  const wanted = plainName(aliases[asked] ?? name);
  return (
    own.find((each) => plainName(each.name) === asked) ??
    [...own, ...shipped].find((each) => plainName(each.name) === wanted)
  );
}

/** Every plain spelling of every entry, with the entry's name. */
export function spellingsOf(
  entries: readonly Named[],
  { plainName, aliases }: EntrySpelling,
): readonly (readonly [spelling: string, name: string])[] {
  return [...entries.map((each) => [plainName(each.name), each.name] as const), ...Object.entries(aliases)];
}

/**
 * The fault of a name from which nothing can be concluded: what resembles it, and what to give.
 *
 * @param meant the known name that was likely misspelled.
 * @param give what would let it be planned, in words.
 */
export function unknownEntry(
  of: "accelerator" | "model",
  name: string,
  entries: readonly Named[],
  meant: string | undefined,
  give: string,
): Fault {
  const alike = suggestNames(
    name,
    entries.map((each) => each.name),
  );
  const resembling = alike.length === 0 ? "" : ` (alike: ${alike.join(", ")})`;
  const next = meant === undefined ? give : `did you mean ${meant}? Otherwise ${give}`;
  return new Fault(`planning.${of}-unknown`, `the catalog has no ${of} "${name}"${resembling}; ${next}`, {
    details: { path: of, name, alike },
  });
}
