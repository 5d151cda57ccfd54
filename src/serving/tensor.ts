import { Fault } from "../base/fault.ts";

/** The element types of the Open Inference Protocol v2 that Millwright takes, in JSON and raw. */
export const datatypes = [
  "BOOL",
  "UINT8",
  "UINT16",
  "UINT32",
  "UINT64",
  "INT8",
  "INT16",
  "INT32",
  "INT64",
  "FP16",
  "FP32",
  "FP64",
  "BYTES",
] as const;

/** One of `datatypes`. */
export type Datatype = (typeof datatypes)[number];

/** One element; `null` stands for a missing number (NaN) and is taken by FP16, FP32 and FP64 only. */
export type Element = number | string | boolean | null;

/**
 * A named array of equal elements, flat and row-major; `data.length` is the product of `shape`. INT64 and UINT64 are an array of
 * bigints where one of them has more than 53 bits.
 */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** The elements of a tensor. */
export type TensorData = readonly Element[] | Float32Array | BigInt64Array | BigUint64Array;

/** What a model takes or gives: -1 in `shape` stands for any length. */
export interface TensorSignature {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** Elements one tensor may hold; 16 Mi of FP32 are 64 MiB. */
export const maxTensorElements = 16 * 1024 * 1024;

/** Dimensions one tensor may have. */
export const maxTensorRank = 8;

const integerBounds: Readonly<Partial<Record<Datatype, readonly [number, number]>>> = {
  UINT8: [0, 255],
  UINT16: [0, 65_535],
  UINT32: [0, 4_294_967_295],
  UINT64: [0, Number.MAX_SAFE_INTEGER],
  INT8: [-128, 127],
  INT16: [-32_768, 32_767],
  INT32: [-2_147_483_648, 2_147_483_647],
  INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/** Whether the elements are bigints. */
export function isWide(data: TensorData): data is BigInt64Array | BigUint64Array {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}

/** One element; null where there is none, or a bigint. */
export function elementAt(tensor: Pick<Tensor, "data">, index: number): Element {
  const element = tensor.data[index] ?? null;
  return typeof element === "bigint" ? null : element;
}

/** Whether `value` is one of `datatypes`. */
export function isDatatype(value: unknown): value is Datatype {
  return datatypes.some((each) => each === value);
}

/** The product of a shape's lengths: 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Below these in size a number of JSON is one of the datatype: what is nearer to the next power of two would become infinite. */
const floatBounds: Readonly<Partial<Record<Datatype, number>>> = {
  FP16: 65_520,
  FP32: 2 ** 128 - 2 ** 103,
  FP64: Number.POSITIVE_INFINITY,
};

const wideBounds = { INT64: [-(2n ** 63n), 2n ** 63n - 1n], UINT64: [0n, 2n ** 64n - 1n] } as const;

/** Whether whole numbers of the datatype may have more than 53 bits. */
export function isWideDatatype(datatype: Datatype): datatype is "INT64" | "UINT64" {
  return datatype === "INT64" || datatype === "UINT64";
}

/** Says what is wrong with a whole number of any width, or `undefined` when it belongs to the datatype. */
export function wideProblem(datatype: "INT64" | "UINT64", element: unknown): string | undefined {
  if (typeof element !== "bigint" && !Number.isSafeInteger(element)) {
    return `wants a whole number with all its digits, found ${describe(element)}`;
  }
  const [least, most] = wideBounds[datatype];
  const value = BigInt(element as number | bigint);
  return value >= least && value <= most ? undefined : `wants ${least} to ${most}, found ${value}`;
}

/**
 * Says what is wrong with one element, or `undefined` when it belongs to the datatype. Nothing is rounded to another whole number, made
 * infinite or given another letter.
 *
 * Whole numbers of more than 53 bits belong to `wideProblem`; here they are refused.
 */
export function elementProblem(datatype: Datatype, element: unknown): string | undefined {
  if (datatype === "BYTES") return textProblem(element);
  if (datatype === "BOOL") {
    return typeof element === "boolean" ? undefined : `wants true or false, found ${describe(element)}`;
  }
  if (datatype === "FP32" || datatype === "FP64" || datatype === "FP16") {
    if (element === null) return undefined;
    if (typeof element !== "number") return `wants a number or null, found ${describe(element)}`;
    return Math.abs(element) < (floatBounds[datatype] ?? 0)
      ? undefined
      : `wants a number that is finite in ${datatype}`;
  }
  const [least, most] = integerBounds[datatype] ?? [0, 0];
  if (typeof element !== "number" || !Number.isInteger(element)) {
    return `wants a whole number, found ${describe(element)}`;
  }
  return element >= least && element <= most ? undefined : `wants ${least} to ${most}, found ${element}`;
}

function textProblem(element: unknown): string | undefined {
  if (typeof element !== "string") return `wants text, found ${describe(element)}`;
  return element.isWellFormed() ? undefined : "wants text in Unicode, found half a character";
}

/**
 * Checks that a tensor is one that the signature takes.
 *
 * @throws {Fault} `serving.request-invalid`, naming what was wanted and what was found.
 */
export function checkTensor(tensor: Tensor, wanted: TensorSignature): void {
  if (tensor.datatype !== wanted.datatype) {
    throw new Fault(
      "serving.request-invalid",
      `input "${tensor.name}" wants datatype ${wanted.datatype}, found ${tensor.datatype}`,
    );
  }
  const fits =
    tensor.shape.length === wanted.shape.length &&
    wanted.shape.every((length, axis) => length === -1 || length === tensor.shape[axis]);
  if (!fits) {
    throw new Fault(
      "serving.request-invalid",
      `input "${tensor.name}" wants shape [${wanted.shape.join(", ")}] (-1: any length), found [${tensor.shape.join(", ")}]`,
    );
  }
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "bigint" ? String(value) : JSON.stringify(value);
  return `${text.length > 40 ? `${text.slice(0, 40)}...` : text} (${Array.isArray(value) ? "array" : typeof value})`;
}
