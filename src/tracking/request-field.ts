import { Fault } from "../base/fault.ts";

/**
 * The fields of one MLflow request, read as its own server reads them: numbers may come as text, `null` is as
 * good as absent, unknown fields do not matter, and a wrong type is told in MLflow's words.
 *
 * Every reader throws {@link Fault} `tracking.request-invalid`.
 */
export interface RequestFields {
  text(name: string): string | undefined;
  wantedText(name: string): string;
  integer(name: string): number | undefined;
  wantedInteger(name: string): number;
  /** A double; `NaN` and the infinities come as text. */
  wantedFloat(name: string): number;
  flag(name: string): boolean | undefined;
  /** Empty when absent. A query with one value gives a list of one. */
  texts(name: string): readonly string[];
  /** Objects of a list, each as fields; empty when absent. */
  items(name: string): readonly RequestFields[];
  item(name: string): RequestFields | undefined;
}

const docsHint = "See the API docs for more information about request parameters.";

/** Refuses a request in MLflow's words. */
export function invalidRequest(message: string): Fault {
  return new Fault("tracking.request-invalid", message);
}

/** Reads `value` (a parsed body or query) as fields. Old clients encode the JSON twice; that is undone. */
export function requestFields(value: unknown): RequestFields {
  const members = toMembers(value);
  const at = (name: string): unknown => (Object.hasOwn(members, name) ? (members[name] ?? undefined) : undefined);
  const wanted = <Value>(name: string, found: Value | undefined): Value => {
    if (found !== undefined) return found;
    throw invalidRequest(`Missing value for required parameter '${name}'. ${docsHint}`);
  };
  const list = (name: string): readonly unknown[] => {
    const found = at(name);
    if (found === undefined) return [];
    if (Array.isArray(found)) return found;
    if (typeof found === "string") return [found];
    throw wrongType(name, found);
  };
  const fields: RequestFields = {
    text: (name) => toText(name, at(name)),
    wantedText(name) {
      const text = fields.text(name);
      return wanted(name, text === "" ? undefined : text);
    },
    integer: (name) => toInteger(name, at(name)),
    wantedInteger: (name) => wanted(name, fields.integer(name)),
    wantedFloat: (name) => wanted(name, toFloat(name, at(name))),
    flag: (name) => toFlag(name, at(name)),
    texts: (name) => list(name).map((each) => wanted(name, toText(name, each))),
    items: (name) =>
      list(name).map((each) => {
        if (typeof each !== "object" || each === null || Array.isArray(each)) throw wrongType(name, each);
        return requestFields(each);
      }),
    item(name) {
      const found = at(name);
      if (found === undefined) return undefined;
      if (typeof found !== "object" || Array.isArray(found)) throw wrongType(name, found);
      return requestFields(found);
    },
  };
  return fields;
}

function toMembers(value: unknown): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  if (typeof value === "string") return toMembers(parseTwice(value));
  if (typeof value !== "object" || Array.isArray(value))
    throw invalidRequest("The request body must be a JSON object.");
  return value as Readonly<Record<string, unknown>>;
}

function parseTwice(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "string" ? undefined : parsed;
  } catch {
    throw invalidRequest("The request body must be a JSON object.");
  }
}

function toText(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw wrongType(name, value);
  if (value.includes("\0") || !value.isWellFormed()) {
    throw invalidRequest(
      `Invalid value for parameter '${name}' supplied: text must be valid Unicode without NUL characters.`,
    );
  }
  return value;
}

function toInteger(name: string, value: unknown): number | undefined {
  if (value === undefined || value === "") return undefined;
  const found = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof found === "number" && Number.isSafeInteger(found)) return found;
  throw wrongType(name, value);
}

const wordsOfFloats: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  nan: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  inf: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
};

function toFloat(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number") return value;
  if (typeof value === "string") {
    const word = wordsOfFloats[value];
    if (word !== undefined) return word;
    if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)) return Number(value);
  }
  throw wrongType(name, value);
}

function toFlag(name: string, value: unknown): boolean | undefined {
  if (value === undefined) return undefined;
  if (value === true || value === "true") return true;
  if (value === false || value === "false") return false;
  throw wrongType(name, value);
}

function wrongType(name: string, value: unknown): Fault {
  const shown = (JSON.stringify(value) ?? String(value)).slice(0, 200);
  return invalidRequest(
    `Invalid value ${shown} for parameter '${name}' supplied:  Hint: Value was of type '${pythonTypeOf(value)}'. ${docsHint}`,
  );
}

function pythonTypeOf(value: unknown): string {
  if (value === null) return "NoneType";
  if (Array.isArray(value)) return "list";
  switch (typeof value) {
    case "string":
      return "str";
    case "boolean":
      return "bool";
    case "number":
      return Number.isInteger(value) ? "int" : "float";
    default:
      return "dict";
  }
}
