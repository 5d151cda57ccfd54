import * as z from "zod";
import { Fault } from "../base/fault.ts";
import type { ResultColumn } from "./parquet-table.ts";
import type { TableRow } from "./prompt-template.ts";
import type { PreparedRow, RowModel } from "./row-model.ts";

const signatureSchema = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.number()) });
const metadataSchema = z.object({ inputs: z.array(signatureSchema).min(1), outputs: z.array(signatureSchema).min(1) });

type Signature = z.infer<typeof signatureSchema>;

/** How rows become tensors. */
export interface TensorRows {
  readonly model: string;
  /** What the deployment takes and gives. */
  readonly metadata: unknown;
  /** The columns that make up one input that has no column of its own name, in order; null: every input has one. */
  readonly columns: readonly string[] | null;
  readonly rowsPerRequest: number;
}

/** What one row gives an input: its elements, row-major, and their shape. */
interface InputPart {
  readonly elements: readonly unknown[];
  readonly shape: readonly number[];
}

const answerSchema = z.object({
  outputs: z.array(z.object({ name: z.string(), shape: z.array(z.number()), data: z.array(z.unknown()) })),
});

/**
 * Many rows a request, each input from the column of its name; each output becomes a column.
 *
 * @throws {Fault} `cli.argument-invalid` when the model takes or gives other than rows.
 */
export function tensorRows({ model, metadata, columns, rowsPerRequest }: TensorRows): RowModel {
  const { inputs, outputs } = parseMetadata(model, metadata);
  return {
    endpoint: `/v2/models/${model}/infer`,
    rowsPerRequest,
    columns: outputs.map(toColumn),
    prepare: (row) => prepare(row, inputs, columns),
    elementsOf: (value) => (value as readonly InputPart[]).reduce((sum, { elements }) => sum + elements.length, 0),
    body: (values) => ({ inputs: inputs.map((input, place) => join(input, values as readonly InputPart[][], place)) }),
    read: (answer, rows) => {
      const parsed = answerSchema.safeParse(answer);
      if (!parsed.success) return null;
      const parts = outputs.map((output) =>
        cut(
          parsed.data.outputs.find(({ name }) => name === output.name),
          output,
          rows,
        ),
      );
      if (parts.includes(null)) return null;
      return Array.from({ length: rows }, (_, row) => parts.map((part) => part?.[row] ?? null));
    },
  };
}

function parseMetadata(model: string, metadata: unknown): z.infer<typeof metadataSchema> {
  const parsed = metadataSchema.safeParse(metadata);
  if (!parsed.success) {
    throw new Fault(
      "cli.argument-invalid",
      `${model} does not tell what tensors it takes and gives; give --prompt for a chat`,
    );
  }
  const fixed = [...parsed.data.inputs, ...parsed.data.outputs].find(({ shape }) => shape[0] !== -1);
  if (fixed === undefined) return parsed.data;
  throw new Fault(
    "cli.argument-invalid",
    `${model} wants to take rows: "${fixed.name}" has the shape [${fixed.shape.join(", ")}], whose first length is not free`,
  );
}

function toColumn({ name, datatype, shape }: Signature): ResultColumn {
  const type = sqlTypes[datatype] ?? "VARCHAR";
  return { name, type: isScalar(shape) ? type : `${type}[]` };
}

const sqlTypes: Readonly<Record<string, string>> = {
  BOOL: "BOOLEAN",
  UINT8: "BIGINT",
  UINT16: "BIGINT",
  UINT32: "BIGINT",
  UINT64: "UBIGINT",
  INT8: "BIGINT",
  INT16: "BIGINT",
  INT32: "BIGINT",
  INT64: "BIGINT",
  FP16: "DOUBLE",
  FP32: "DOUBLE",
  FP64: "DOUBLE",
  BYTES: "VARCHAR",
};

function isScalar([, ...inner]: readonly number[]): boolean {
  return inner.every((length) => length === 1);
}

function prepare(row: TableRow, inputs: readonly Signature[], columns: readonly string[] | null): PreparedRow {
  const parts: InputPart[] = [];
  for (const input of inputs) {
    const given = Object.hasOwn(row, input.name) ? row[input.name] : columns?.map((column) => row[column]);
    if (given === undefined) {
      return { kind: "bad", problem: `the row has no column "${input.name}"; it has ${Object.keys(row).join(", ")}` };
    }
    const part = toPart(input, given);
    if (typeof part === "string") return { kind: "bad", problem: `column "${input.name}" ${part}` };
    parts.push(part);
  }
  return { kind: "ready", value: parts };
}

function toPart({ datatype, shape }: Signature, given: unknown): InputPart | string {
  const listed =
    typeof given === "string" && datatype !== "BYTES" && given.trimStart().startsWith("[") ? parse(given) : given;
  const flat: readonly unknown[] = Array.isArray(listed) ? listed.flat(shape.length) : [listed];
  const elements = flat.map((element) => toElement(datatype, element));
  for (const [place, element] of elements.entries()) {
    const problem = elementProblem(datatype, element);
    if (problem !== undefined) return elements.length === 1 ? problem : `(element ${place}) ${problem}`;
  }
  const [, ...inner] = shape;
  const free = inner.filter((length) => length === -1).length;
  const known = inner.reduce((product, length) => (length === -1 ? product : product * length), 1);
  const isFit = free === 0 ? elements.length === known : free === 1 && elements.length % Math.max(1, known) === 0;
  if (!isFit)
    return `wants ${free === 0 ? known : `lengths [${inner.join(", ")}] of`} elements, found ${elements.length}`;
  return { elements, shape: inner.map((length) => (length === -1 ? elements.length / Math.max(1, known) : length)) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What is plainly no element of the datatype; whether a number is within its range, the model says. */
function elementProblem(datatype: string, element: unknown): string | undefined {
  const found = element === undefined ? "nothing" : JSON.stringify(element).slice(0, 60);
  if (datatype === "BYTES") return typeof element === "string" ? undefined : `wants text, found ${found}`;
  if (datatype === "BOOL") return typeof element === "boolean" ? undefined : `wants true or false, found ${found}`;
  if (isFraction(datatype)) {
    return typeof element === "number" || element === null ? undefined : `wants a number, found ${found}`;
  }
  return Number.isInteger(element) ? undefined : `wants a whole number, found ${found}`;
}

function isFraction(datatype: string): boolean {
  return datatype.startsWith("FP") || datatype === "BF16";
}

/** Elements of CSV are texts, whatever they stand for. */
function toElement(datatype: string, element: unknown): unknown {
  if (datatype === "BYTES")
    return typeof element === "number" || typeof element === "boolean" ? String(element) : element;
  if (typeof element !== "string") return element;
  const text = element.trim();
  if (datatype === "BOOL") return text === "true" ? true : text === "false" ? false : element;
  if (text === "") return isFraction(datatype) ? null : element;
  const number = Number(text);
  return Number.isNaN(number) ? element : number;
}

/** Rows of one length only: the first row's counts, and others are refused by the model with their request. */
function join({ name, datatype }: Signature, values: readonly (readonly InputPart[])[], place: number): object {
  const parts = values.map((each) => each[place]);
  return {
    name,
    datatype,
    shape: [values.length, ...(parts[0]?.shape ?? [])],
    data: parts.flatMap((part) => part?.elements ?? []),
  };
}

function cut(
  output: { readonly shape: readonly number[]; readonly data: readonly unknown[] } | undefined,
  { shape }: Signature,
  rows: number,
): readonly unknown[] | null {
  if (output === undefined || output.shape[0] !== rows) return null;
  const data = output.data.flat(output.shape.length);
  const width = data.length / rows;
  if (!Number.isInteger(width)) return null;
  if (isScalar(shape) && width === 1) return data;
  return Array.from({ length: rows }, (_, row) => data.slice(row * width, (row + 1) * width));
}
