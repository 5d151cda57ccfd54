import { Fault } from "../base/fault.ts";
import { parseExactJson } from "./exact-json.ts";
import { readRawTensor } from "./raw-tensor.ts";
import {
  type Datatype,
  type Element,
  elementCount,
  elementProblem,
  isDatatype,
  maxTensorElements,
  maxTensorRank,
  isWideDatatype,
  type Tensor,
  wideProblem,
} from "./tensor.ts";

/** An inference request of the Open Inference Protocol v2, checked but not yet held against a model. */
export interface InferRequest {
  /** The caller's name for the request, echoed in the answer; null when it gave none. */
  readonly id: string | null;
  readonly inputs: readonly Tensor[];
  /** The outputs that the caller wants; null wants all of them. */
  readonly outputs: readonly string[] | null;
  /** Whether outputs are wanted as raw little-endian bytes after the JSON. */
  readonly binaryOutput: boolean;
  /** Outputs for which the caller said so one by one. */
  readonly binaryOutputs: ReadonlyMap<string, boolean>;
}

/** Inputs that one request may name. */
export const maxInputs = 256;

/** Characters of a request id. */
export const maxRequestIdLength = 200;

/** The header that says how many of a body's first bytes are JSON; raw tensors follow (binary tensor extension). */
export const jsonLengthHeader = "inference-header-content-length";

/**
 * Reads the body of an inference request: JSON, or JSON followed by raw tensors.
 *
 * Cost: linear in the elements.
 *
 * @param body the whole body.
 * @param jsonBytes the value of `jsonLengthHeader`; null when the body is JSON only.
 * @throws {Fault} `serving.request-invalid`, naming what was wanted and what was found.
 */
export function parseInferRequest(body: Uint8Array, jsonBytes: number | null): InferRequest {
  const text = readText(body, jsonBytes);
  const envelope = parseEnvelope(text);
  let raw = jsonBytes ?? body.byteLength;
  const inputs = listOf(envelope.inputs, "inputs", maxInputs).map((each, index) => {
    const head = parseTensorHead(each, index);
    const length = head.parameters.binary_data_size;
    if (length === undefined) return jsonTensor(head, () => exactData(text, index));
    const tensor = rawTensor(head, body, raw, length);
    raw += Number(length);
    return tensor;
  });
  if (inputs.length === 0) throw invalid(`"inputs" wants at least one tensor, found none`);
  if (raw !== body.byteLength) {
    throw invalid(
      `the body wants ${raw} bytes (JSON and the binary_data_size of each input), found ${body.byteLength}`,
    );
  }
  const names = new Set(inputs.map((input) => input.name));
  if (names.size !== inputs.length) throw invalid(`"inputs" wants each name once, found ${listNames(inputs)}`);
  return {
    id: parseId(envelope.id),
    inputs,
    outputs: parseOutputs(envelope.outputs),
    binaryOutput: isRecord(envelope.parameters) && envelope.parameters.binary_data_output === true,
    binaryOutputs: binaryOutputsOf(envelope.outputs),
  };
}

/** Refuses what is no UTF-8: a sign in its place would make another text of it. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

function readText(body: Uint8Array, jsonBytes: number | null): string {
  if (jsonBytes !== null && (!Number.isInteger(jsonBytes) || jsonBytes < 2 || jsonBytes > body.byteLength)) {
    throw invalid(`the header ${jsonLengthHeader} wants 2 to ${body.byteLength}, found ${jsonBytes}`);
  }
  try {
    return utf8.decode(jsonBytes === null ? body : body.subarray(0, jsonBytes));
  } catch (cause) {
    throw new Fault("serving.request-invalid", "the body wants JSON in UTF-8, found other bytes", { cause });
  }
}

function parseEnvelope(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Fault("serving.request-invalid", `the body wants JSON: ${error instanceof Error ? error.message : ""}`, {
      cause: error,
    });
  }
  if (!isRecord(value))
    throw invalid(
      `the body wants a JSON object with "inputs", found ${Array.isArray(value) ? "a list" : String(value === null ? "null" : `a ${typeof value}`)}`,
    );
  return value;
}

/** The data of one input once more, with all digits of its whole numbers. */
function exactData(text: string, index: number): unknown {
  const envelope = parseExactJson(text);
  const input: unknown = isRecord(envelope) && Array.isArray(envelope.inputs) ? envelope.inputs[index] : undefined;
  return isRecord(input) ? input.data : undefined;
}

interface TensorHead {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly data: unknown;
}

function parseTensorHead(value: unknown, index: number): TensorHead {
  if (!isRecord(value)) throw invalid(`inputs[${index}] wants an object with name, datatype, shape and data`);
  const { name, datatype, shape, parameters, data } = value;
  if (typeof name !== "string" || name === "") throw invalid(`inputs[${index}].name wants text`);
  if (!isDatatype(datatype)) {
    throw invalid(`input "${name}" wants a datatype such as FP32, INT64 or BYTES, found ${JSON.stringify(datatype)}`);
  }
  return { name, datatype, shape: parseShape(name, shape), parameters: isRecord(parameters) ? parameters : {}, data };
}

function parseShape(name: string, shape: unknown): readonly number[] {
  const isShape =
    Array.isArray(shape) &&
    shape.length <= maxTensorRank &&
    shape.every((length) => Number.isInteger(length) && length >= 0);
  if (!isShape)
    throw invalid(
      `input "${name}" wants a shape of at most ${maxTensorRank} lengths such as [1, 4], found ${JSON.stringify(shape)}`,
    );
  const lengths: readonly number[] = shape;
  const count = elementCount(lengths);
  if (count > maxTensorElements) {
    throw invalid(`input "${name}" wants at most ${maxTensorElements} elements, its shape says ${count}`);
  }
  return lengths;
}

/** @param exact the data with all digits of its whole numbers, for those that `JSON.parse` has rounded. */
function jsonTensor(head: TensorHead, exact: () => unknown): Tensor {
  const { name, datatype, shape } = head;
  const wanted = elementCount(shape);
  const data = flatData(head);
  if (data.length !== wanted) {
    throw invalid(`input "${name}" of shape [${shape.join(", ")}] wants ${wanted} elements, found ${data.length}`);
  }
  if (isWideDatatype(datatype) && data.some((each) => Number.isInteger(each) && !Number.isSafeInteger(each))) {
    return wideTensor({ ...head, data: exact() }, datatype);
  }
  for (let index = 0; index < data.length; index += 1) {
    const problem = elementProblem(datatype, data[index]);
    if (problem !== undefined) throw invalid(`input "${name}" of datatype ${datatype}, element ${index}: ${problem}`);
  }
  return { name, datatype, shape, data: data as readonly Element[] };
}

function wideTensor(head: TensorHead, datatype: "INT64" | "UINT64"): Tensor {
  const { name, shape } = head;
  const wide = flatData(head).map((element, index) => {
    const problem = wideProblem(datatype, element);
    if (problem === undefined) return BigInt(element as number | bigint);
    throw invalid(`input "${name}" of datatype ${datatype}, element ${index}: ${problem}`);
  });
  return { name, datatype, shape, data: datatype === "INT64" ? BigInt64Array.from(wide) : BigUint64Array.from(wide) };
}

/** Elements flat as they may be sent, or nested as the shape says; a scalar may stand alone. */
function flatData({ name, shape, data }: TensorHead): readonly unknown[] {
  if (shape.length === 0 && !Array.isArray(data)) return [data];
  if (!Array.isArray(data)) throw invalid(`input "${name}" wants an array as its data, found ${typeof data}`);
  if (!Array.isArray(data[0])) return data;
  if (!isNested(data, shape)) {
    throw invalid(`input "${name}" wants its data flat, or nested as the shape [${shape.join(", ")}] says`);
  }
  return data.flat(maxTensorRank);
}

function isNested(data: readonly unknown[], [length = 0, ...inner]: readonly number[]): boolean {
  if (data.length !== length) return false;
  if (inner.length === 0) return data.every((each) => !Array.isArray(each));
  return data.every((each) => Array.isArray(each) && isNested(each, inner));
}

function rawTensor(head: TensorHead, body: Uint8Array, offset: number, length: unknown): Tensor {
  const { name, datatype, shape } = head;
  if (typeof length !== "number" || !Number.isInteger(length) || length < 0 || offset + length > body.byteLength) {
    throw invalid(
      `input "${name}" wants a binary_data_size within the ${body.byteLength - offset} bytes that are left, found ${String(length)}`,
    );
  }
  return readRawTensor({ name, datatype, shape }, body.subarray(offset, offset + length));
}

function parseId(id: unknown): string | null {
  if (id === undefined || id === null || id === "") return null;
  if (typeof id !== "string" || id.length > maxRequestIdLength) {
    throw invalid(
      `"id" wants text of at most ${maxRequestIdLength} characters, found ${JSON.stringify(id).slice(0, 60)}`,
    );
  }
  return id;
}

function parseOutputs(outputs: unknown): readonly string[] | null {
  if (outputs === undefined || outputs === null) return null;
  return listOf(outputs, "outputs", maxInputs).map((each, index) => {
    if (isRecord(each) && typeof each.name === "string") return each.name;
    throw invalid(`outputs[${index}] wants an object with a name`);
  });
}

function binaryOutputsOf(outputs: unknown): ReadonlyMap<string, boolean> {
  const asked = new Map<string, boolean>();
  for (const each of Array.isArray(outputs) ? (outputs as readonly unknown[]) : []) {
    if (!isRecord(each) || typeof each.name !== "string" || !isRecord(each.parameters)) continue;
    if (typeof each.parameters.binary_data === "boolean") asked.set(each.name, each.parameters.binary_data);
  }
  return asked;
}

function listOf(value: unknown, what: string, limit: number): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`"${what}" wants an array, found ${value === null ? "null" : typeof value}`);
  if (value.length > limit) throw invalid(`"${what}" wants at most ${limit} entries, found ${value.length}`);
  return value;
}

function listNames(tensors: readonly Tensor[]): string {
  return tensors.map((each) => each.name).join(", ");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(message: string): Fault {
  return new Fault("serving.request-invalid", message);
}
