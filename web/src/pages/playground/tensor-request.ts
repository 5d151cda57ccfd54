import type { TensorShape, TensorValues } from "../../api/invoke.ts";

/** Elements that a form offers to fill in; larger inputs are for the JSON editor. */
const elementsOffered = 64;

/** A body for the protocol, or what is wrong with what was typed. */
export type TensorRequest =
  | { readonly kind: "body"; readonly body: string }
  | { readonly kind: "wrong"; readonly input: string; readonly message: string };

/** What a form offers for an input at first: one row of it. */
export function exampleText({ datatype, shape }: TensorShape): string {
  const count = Math.min(
    elementsOffered,
    shape.reduce((product, size) => product * Math.max(1, size), 1),
  );
  return Array.from({ length: count }, () => exampleElement(datatype)).join(", ");
}

/**
 * Makes a request from what was typed for each input: elements apart by commas or lines, or a JSON list, nested or not. A first axis that
 * is open takes as many rows as the elements make.
 */
export function tensorRequest(inputs: readonly TensorShape[], texts: Readonly<Record<string, string>>): TensorRequest {
  const tensors: unknown[] = [];
  for (const input of inputs) {
    const elements = readElements(texts[input.name] ?? "", input.datatype);
    if (typeof elements === "string") return { kind: "wrong", input: input.name, message: elements };
    const shape = filledShape(input.shape, elements.length);
    if (shape === null) {
      const message = `${elements.length} elements do not fill the shape [${input.shape.join(", ")}]`;
      return { kind: "wrong", input: input.name, message };
    }
    tensors.push({ name: input.name, datatype: input.datatype, shape, data: elements });
  }
  return { kind: "body", body: JSON.stringify({ inputs: tensors }, null, 2) };
}

/** An answer as rows: one for each step along the first axis that all outputs share; further elements of a row stay together. */
export function answerRows(outputs: readonly TensorValues[]): readonly (readonly string[])[] {
  const rows = Math.max(0, ...outputs.map((output) => output.shape[0] ?? 1));
  return Array.from({ length: rows }, (_, row) =>
    outputs.map(({ shape, data }) => {
      const own = shape[0] ?? 1;
      if (row >= own) return "";
      const each = data.length / own;
      return data
        .slice(row * each, (row + 1) * each)
        .map((element) => elementText(element))
        .join(", ");
    }),
  );
}

function elementText(element: unknown): string {
  if (typeof element === "number")
    return Number.isInteger(element) ? String(element) : String(Number(element.toPrecision(6)));
  return typeof element === "string" ? element : JSON.stringify(element);
}

function exampleElement(datatype: string): string {
  if (datatype === "BYTES") return "text";
  return datatype === "BOOL" ? "false" : "0";
}

/** The elements, or what is wrong with them. */
function readElements(text: string, datatype: string): readonly unknown[] | string {
  const plain = text.trim();
  if (plain.startsWith("[")) {
    try {
      const list: unknown = JSON.parse(plain);
      return Array.isArray(list) ? list.flat(Number.POSITIVE_INFINITY) : "this is no list";
    } catch {
      return "this is no JSON list";
    }
  }
  const words = plain === "" ? [] : plain.split(/\s*[,\n]\s*/);
  const elements: unknown[] = [];
  for (const word of words) {
    const element = readElement(word, datatype);
    if (element === undefined) return `"${word}" is no ${datatype}`;
    elements.push(element);
  }
  return elements;
}

function readElement(word: string, datatype: string): unknown {
  if (datatype === "BYTES") return word;
  if (datatype === "BOOL") return word === "true" ? true : word === "false" ? false : undefined;
  const value = Number(word);
  if (word === "" || !Number.isFinite(value)) return undefined;
  return /^U?INT/.test(datatype) && !Number.isInteger(value) ? undefined : value;
}

/** The shape with its open axes closed: the first one takes what the elements make, others are 1. Null when they do not fit. */
function filledShape(shape: readonly number[], count: number): readonly number[] | null {
  const known = shape.map((size, axis) => (size < 0 && axis > 0 ? 1 : size));
  const rest = known.reduce((product, size) => product * (size < 0 ? 1 : size), 1);
  const filled = known.map((size) => (size < 0 ? count / Math.max(1, rest) : size));
  const isWhole = filled.every((size) => Number.isInteger(size)) && count > 0;
  return isWhole && filled.reduce((product, size) => product * size, 1) === count ? filled : null;
}
