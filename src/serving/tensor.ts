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

/** A named array of equal elements, flat and row-major; `data.length` is the product of `shape`. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: readonly Element[] | Float32Array;
}

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

/** Whether `value` is one of `datatypes`. */
export function isDatatype(value: unknown): value is Datatype {
  return datatypes.some((each) => each === value);
}

/** The product of a shape's lengths: 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/**
 * Says what is wrong with one element, or `undefined` when it belongs to the datatype.
 *
 * Integers wider than 53 bits cannot be told exactly in JSON numbers and are refused.
 */
export function elementProblem(datatype: Datatype, element: unknown): string | undefined {
  if (datatype === "BYTES") return typeof element === "string" ? undefined : `wants text, found ${describe(element)}`;
  if (datatype === "BOOL") {
    return typeof element === "boolean" ? undefined : `wants true or false, found ${describe(element)}`;
  }
  if (datatype === "FP32" || datatype === "FP64" || datatype === "FP16") {
    return typeof element === "number" || element === null
      ? undefined
      : `wants a number or null, found ${describe(element)}`;
  }
  const [least, most] = integerBounds[datatype] ?? [0, 0];
  if (typeof element !== "number" || !Number.isInteger(element)) {
    return `wants a whole number, found ${describe(element)}`;
  }
  return element >= least && element <= most ? undefined : `wants ${least} to ${most}, found ${element}`;
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
  const text = JSON.stringify(value);
  return `${text.length > 40 ? `${text.slice(0, 40)}...` : text} (${Array.isArray(value) ? "array" : typeof value})`;
}
