import { knownKeysAt } from "./schema-keys.ts";
import { didYouMean, suggestWord } from "./suggestion.ts";

/** What the schema library says of one thing that it refuses, as far as this file reads it. */
interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[] | undefined;
  readonly errors?: readonly (readonly Issue[])[] | undefined;
  readonly expected?: string | undefined;
  readonly values?: readonly unknown[] | undefined;
  readonly options?: readonly unknown[] | undefined;
  readonly origin?: string | undefined;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly inclusive?: boolean | undefined;
}

/** A schema that tells its fields. */
interface Schema {
  toJSONSchema(options: { readonly io: "input"; readonly unrepresentable: "any" }): unknown;
}

/** What a schema refused, all of it. */
interface Refusal {
  readonly issues: readonly Issue[];
}

/** A field that a schema refused: where it is, what was wanted and what was found, and what was probably meant. */
export interface RefusedField {
  readonly path: readonly PropertyKey[];
  /** Whether the field itself is wrong, or its value. */
  readonly part: "key" | "value";
  readonly words: string;
  /** What to do; null where the words say it. */
  readonly hint: string | null;
}

/** Problems of one document beyond this are not told. */
const problemsMax = 20;
/** Fields that there are, told beside one that there is not. */
const fieldsMax = 30;

/**
 * What a schema refused of a value, in the words of this house: the schema library's are its own.
 *
 * @param value what was parsed.
 */
export function refusedFields(schema: Schema, error: Refusal, value: unknown): readonly RefusedField[] {
  return error.issues.flatMap((issue) => problemsOfIssue(schema, issue, [], value)).slice(0, problemsMax);
}

/** `demand.stages[2].jobs`. */
export function writePath(path: readonly PropertyKey[]): string {
  const steps = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`));
  return steps.join("").replace(/^\./, "");
}

/** What is wrong with a field and what to do, in one line. */
export function tellRefused({ words, hint }: Pick<RefusedField, "words" | "hint">): string {
  return hint === null ? words : `${words}; ${hint}`;
}

function problemsOfIssue(
  schema: Schema,
  issue: Issue,
  parents: readonly PropertyKey[],
  value: unknown,
): readonly RefusedField[] {
  const path = [...parents, ...issue.path];
  if (issue.code === "unrecognized_keys") return unknownFields(schema, path, issue.keys ?? []);
  const inner = issue.code === "invalid_union" ? deepestWay(issue.errors ?? []) : undefined;
  if (inner !== undefined) return inner.flatMap((each) => problemsOfIssue(schema, each, path, value));
  const found = path.reduce(memberOf, value);
  if (isMissing(issue, found)) return [{ path, part: "value", words: "it is missing", hint: hintOfMissing(issue) }];
  return [{ path, part: "value", words: wantedAndFound(issue, found), hint: hintOf(issue, found) }];
}

function unknownFields(schema: Schema, path: readonly PropertyKey[], keys: readonly string[]): readonly RefusedField[] {
  const known = knownKeysAt(schema.toJSONSchema({ io: "input", unrepresentable: "any" }), path);
  const listed = known.length === 0 || known.length > fieldsMax ? null : `there are ${known.join(", ")}`;
  return keys.map((key) => {
    const hint = didYouMean(suggestWord(key, known)) ?? listed;
    return { path: [...path, key], part: "key", words: "there is no such field", hint };
  });
}

/**
 * Of the ways of a union the one that got furthest, where one got inside of the value at all: its complaints lie deepest, then are
 * fewest.
 */
function deepestWay(ways: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const depth = (issues: readonly Issue[]): number =>
    Math.max(0, ...issues.map(({ code, path }) => path.length + (code === "unrecognized_keys" ? 1 : 0)));
  const [deepest] = ways.toSorted((left, right) => depth(right) - depth(left) || left.length - right.length);
  return deepest !== undefined && (depth(deepest) > 0 || ways.length === 1) ? deepest : undefined;
}

/** Whether a field that has no default was not given: the schema tells that as a value of the wrong type. */
function isMissing({ code }: Issue, found: unknown): boolean {
  return found === undefined && (code === "invalid_type" || code === "invalid_value" || code === "invalid_union");
}

function hintOfMissing(issue: Issue): string | null {
  const wanted = wantedBy(issue);
  return wanted === undefined ? null : `give ${wanted}`;
}

/** The nearest of the words that may stand there. */
function hintOf(issue: Issue, found: unknown): string | null {
  if (issue.code !== "invalid_value" || typeof found !== "string") return null;
  const words = (issue.values ?? []).filter((each): each is string => typeof each === "string");
  return didYouMean(suggestWord(found, words));
}

/** The most of a value that is told back. */
const foundMax = 80;

/** The schema library's words for what it refuses; any other message was written for its field and says more. */
const ownWords = /^(?:Invalid|Too) /;

function wantedAndFound(issue: Issue, found: unknown): string {
  const wanted = wantedBy(issue);
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
  record: "an object with fields",
};

/** What the schema wants, in words; undefined where its own message says it. */
function wantedBy(issue: Issue): string | undefined {
  const { code, expected = "", origin = "", values = [] } = issue;
  switch (code) {
    case "invalid_type":
      return typeWords[expected] ?? `a value of the type ${expected}`;
    case "invalid_value":
      return `${values.length === 1 ? "" : "one of "}${values.map(String).join(", ")}`;
    case "too_small":
      return `${sizeWords(origin)}${issue.inclusive === false ? "above" : "of at least"} ${String(issue.minimum)}`;
    case "too_big":
      return `${sizeWords(origin)}${issue.inclusive === false ? "below" : "of at most"} ${String(issue.maximum)}`;
    case "invalid_union":
      return oneOfUnion(issue);
    default:
      return undefined;
  }
}

function oneOfUnion({ options, errors = [] }: Issue): string | undefined {
  if (options !== undefined) return `one of ${options.map(String).join(", ")}`;
  const ways = errors.flatMap(([first]) => (first === undefined ? [] : (wantedBy(first) ?? [])));
  return ways.length === 0 ? undefined : [...new Set(ways)].join(" or ");
}

/** What a limit is of: a number, or the length of a text or a list. */
function sizeWords(origin: string): string {
  if (origin === "string") return "a text with a length ";
  return origin === "array" ? "a list with a length " : "a number ";
}
