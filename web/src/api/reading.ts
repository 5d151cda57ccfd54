/** An answer of the server that does not look as this version of the UI expects. */
export class WireMismatch extends Error {
  constructor(where: string, wanted: string, found: unknown) {
    super(`the server answered with ${describe(found)} at ${where} where ${wanted} was expected; reload the page`);
    this.name = "WireMismatch";
  }
}

function describe(found: unknown): string {
  if (found === undefined) return "nothing";
  if (found === null) return "null";
  return Array.isArray(found) ? "a list" : `a ${typeof found}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads the members of one JSON object by name and type.
 *
 * Members that a page cannot do without are required and throw `WireMismatch`; the others have a fallback, so
 * that an older or newer server still shows what it has.
 */
export class Fields {
  readonly #members: Readonly<Record<string, unknown>>;
  readonly #where: string;

  constructor(members: Readonly<Record<string, unknown>>, where: string) {
    this.#members = members;
    this.#where = where;
  }

  #mismatch(name: string, wanted: string): WireMismatch {
    return new WireMismatch(`${this.#where}.${name}`, wanted, this.#members[name]);
  }

  text(name: string): string {
    const value = this.#members[name];
    if (typeof value !== "string") throw this.#mismatch(name, "a text");
    return value;
  }

  textOr<Fallback extends string | null>(name: string, fallback: Fallback): string | Fallback {
    const value = this.#members[name];
    return typeof value === "string" ? value : fallback;
  }

  number(name: string): number {
    const value = this.#members[name];
    if (typeof value !== "number") throw this.#mismatch(name, "a number");
    return value;
  }

  numberOr<Fallback extends number | null>(name: string, fallback: Fallback): number | Fallback {
    const value = this.#members[name];
    return typeof value === "number" && Number.isFinite(value) ? value : fallback;
  }

  flag(name: string): boolean {
    return this.#members[name] === true;
  }

  /** The object under `name`; an empty one when there is none. */
  fields(name: string): Fields {
    const value = this.#members[name];
    return new Fields(isRecord(value) ? value : {}, `${this.#where}.${name}`);
  }

  /** The object under `name`, or null. */
  fieldsOrNull(name: string): Fields | null {
    return isRecord(this.#members[name]) ? this.fields(name) : null;
  }

  /** The list under `name`, each member read; an empty one when there is none. */
  list<Item>(name: string, read: (item: Fields) => Item): readonly Item[] {
    const value = this.#members[name];
    if (!Array.isArray(value)) return [];
    return value.map((item, index) => read(fieldsOf(item, `${this.#where}.${name}[${index}]`)));
  }

  texts(name: string): readonly string[] {
    const value = this.#members[name];
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
  }

  numbers(name: string): readonly number[] {
    const value = this.#members[name];
    return Array.isArray(value) ? value.filter((item): item is number => typeof item === "number") : [];
  }

  numbersByName(name: string): Readonly<Record<string, number>> {
    const entries = Object.entries(this.record(name));
    return Object.fromEntries(entries.filter((entry): entry is [string, number] => typeof entry[1] === "number"));
  }

  textsByName(name: string): Readonly<Record<string, string>> {
    const entries = Object.entries(this.record(name)).filter(
      ([, value]) => value !== null && typeof value !== "object",
    );
    return Object.fromEntries(entries.map(([key, value]) => [key, String(value)]));
  }

  record(name: string): Readonly<Record<string, unknown>> {
    const value = this.#members[name];
    return isRecord(value) ? value : {};
  }

  value(name: string): unknown {
    return this.#members[name];
  }

  has(name: string): boolean {
    return this.#members[name] !== undefined && this.#members[name] !== null;
  }

  names(): readonly string[] {
    return Object.keys(this.#members);
  }
}

/** Takes a JSON value as an object. @throws {WireMismatch} when it is none. */
export function fieldsOf(value: unknown, where: string): Fields {
  if (!isRecord(value)) throw new WireMismatch(where, "an object", value);
  return new Fields(value, where);
}

/** Reads `{items: [...]}`, the form of every list. */
export function itemsOf<Item>(read: (item: Fields) => Item): (value: unknown) => readonly Item[] {
  return (value) =>
    (Array.isArray(value) ? fieldsOf({ items: value }, "answer") : fieldsOf(value, "answer")).list("items", read);
}
