import { type InferenceSession, Tensor as OnnxTensor } from "onnxruntime-node";
import { Fault } from "../../base/fault.ts";
import { fromHalfBits, toHalfBits } from "../half-float.ts";
import { narrowed } from "../raw-tensor.ts";
import { elementCount, type Datatype, type Element, type Tensor, type TensorSignature } from "../tensor.ts";

type NumberArray =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** ONNX' name of a datatype, and how its elements lie in memory. Half-precision numbers lie as their bits. */
interface Storage {
  readonly type: OnnxTensor.Type;
  readonly array: ((length: number) => NumberArray) | null;
}

const storages: Readonly<Record<Datatype, Storage>> = {
  BOOL: { type: "bool", array: (length) => new Uint8Array(length) },
  UINT8: { type: "uint8", array: (length) => new Uint8Array(length) },
  UINT16: { type: "uint16", array: (length) => new Uint16Array(length) },
  UINT32: { type: "uint32", array: (length) => new Uint32Array(length) },
  UINT64: { type: "uint64", array: null },
  INT8: { type: "int8", array: (length) => new Int8Array(length) },
  INT16: { type: "int16", array: (length) => new Int16Array(length) },
  INT32: { type: "int32", array: (length) => new Int32Array(length) },
  INT64: { type: "int64", array: null },
  FP16: { type: "float16", array: (length) => new Uint16Array(length) },
  FP32: { type: "float32", array: (length) => new Float32Array(length) },
  FP64: { type: "float64", array: (length) => new Float64Array(length) },
  BYTES: { type: "string", array: null },
};

const datatypeOfType: ReadonlyMap<string, Datatype> = new Map(
  Object.entries(storages).map(([datatype, { type }]) => [type, datatype as Datatype]),
);

/** What a model's file says of one of its inputs or outputs. @throws {Fault} `serving.model-incompatible` for sequences and maps. */
export function toSignature(metadata: InferenceSession.ValueMetadata, what: "input" | "output"): TensorSignature {
  const datatype = metadata.isTensor ? datatypeOfType.get(metadata.type) : undefined;
  if (!metadata.isTensor || datatype === undefined) {
    throw new Fault(
      "serving.model-incompatible",
      `the model's ${what} "${metadata.name}" wants to be a tensor of numbers or text, found ${metadata.isTensor ? metadata.type : "a sequence or map"}`,
    );
  }
  return {
    name: metadata.name,
    datatype,
    shape: metadata.shape.map((length) => (typeof length === "number" && length >= 0 ? length : -1)),
  };
}

/** Joins tensors of equal rows one below the other. @param rows the sum of their rows; null for a tensor that is not joined. */
export function joinTensors(parts: readonly Tensor[], rows: number | null): OnnxTensor {
  const [first] = parts;
  if (first === undefined) throw new Error("a batch without rows");
  const { datatype } = first;
  const shape = rows === null ? first.shape : [rows, ...first.shape.slice(1)];
  if (parts.length === 1 && first.data instanceof Float32Array) return new OnnxTensor("float32", first.data, shape);
  if (datatype === "BYTES") {
    return new OnnxTensor(
      "string",
      parts.flatMap((part) => part.data as readonly string[]),
      shape,
    );
  }
  const length = parts.reduce((sum, part) => sum + part.data.length, 0);
  if (datatype === "INT64" || datatype === "UINT64") return joinWide(parts, length, datatype, shape);
  const joined = storages[datatype].array?.(length) ?? new Float32Array(length);
  const isHalf = datatype === "FP16";
  let offset = 0;
  for (const { data } of parts) {
    if (data instanceof Float32Array && !isHalf) joined.set(data, offset);
    else copyNumbers(data, joined, offset, isHalf);
    offset += data.length;
  }
  // The library's overloads tie each type to its array; the table above does the same.
  const tensor = new OnnxTensor(storages[datatype].type as "float32", joined as Float32Array, shape);
  // Where the platform has Float16Array the library turns the bits into one, which its own native part then cannot read.
  return isHalf ? Object.defineProperty(tensor, "data", { value: joined }) : tensor;
}

function copyNumbers(from: Tensor["data"], to: NumberArray, offset: number, isHalf: boolean): void {
  const { length } = from;
  for (let index = 0; index < length; index += 1) {
    const element = from[index];
    const number = typeof element === "number" ? element : element === null ? Number.NaN : Number(element);
    to[offset + index] = isHalf ? toHalfBits(number) : number;
  }
}

function joinWide(
  parts: readonly Tensor[],
  length: number,
  datatype: "INT64" | "UINT64",
  shape: readonly number[],
): OnnxTensor {
  const joined = datatype === "INT64" ? new BigInt64Array(length) : new BigUint64Array(length);
  let offset = 0;
  for (const part of parts) {
    for (const element of part.data) joined[offset++] = typeof element === "bigint" ? element : BigInt(Number(element));
  }
  return new OnnxTensor(datatype === "INT64" ? "int64" : "uint64", joined, shape);
}

/** Cuts some rows out of an output. @param allRows the rows of the whole; null: the output is not cut. */
export function cutRows(
  signature: TensorSignature,
  whole: OnnxTensor,
  start: number,
  rows: number,
  allRows: number | null,
): Tensor {
  const { name, datatype } = signature;
  const shape = allRows === null ? whole.dims : [rows, ...whole.dims.slice(1)];
  const width = allRows === null ? 0 : elementCount(whole.dims.slice(1));
  const elements = whole.data as ArrayLike<number | string> | BigInt64Array | BigUint64Array;
  if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) {
    const from = start * width;
    return { name, datatype, shape, data: narrowed(elements.slice(from, from + elementCount(shape))) };
  }
  if (elements instanceof Float32Array) {
    const from = start * width;
    return { name, datatype, shape, data: elements.subarray(from, from + elementCount(shape)) };
  }
  const isBits = datatype === "FP16" && elements instanceof Uint16Array;
  const data = Array.from({ length: elementCount(shape) }, (_, index) => {
    const element = toElement(elements[start * width + index], datatype);
    return isBits ? fromHalfBits(Number(element)) : element;
  });
  return { name, datatype, shape, data };
}

function toElement(value: number | string | undefined, datatype: Datatype): Element {
  if (datatype === "BOOL") return value === 1;
  return value ?? null;
}
