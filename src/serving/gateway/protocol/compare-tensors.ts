import * as z from "zod";
import { isFault } from "../../../base/fault.ts";
import { readRawTensor } from "../../raw-tensor.ts";
import { elementCount, isDatatype } from "../../tensor.ts";
import type { ShadowPair } from "../shadow-tally.ts";
import { endOfValue, skipSpace } from "./json-span.ts";

/** How far two numbers that stand alone in their row may lie apart, relative to the greater one, and still agree. */
const relativeTolerance = 1e-3;

const floats: ReadonlySet<string> = new Set(["FP16", "FP32", "FP64", "BF16"]);

interface Output {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly elements: ArrayLike<unknown>;
}

const answerSchema = z.object({
  outputs: z.array(
    z.object({
      name: z.string(),
      datatype: z.string(),
      shape: z.array(z.number()),
      parameters: z.object({ binary_data_size: z.number().optional() }).optional(),
      data: z.array(z.unknown()).optional(),
    }),
  ),
});

/**
 * Compares two answers of the Open Inference Protocol v2, each JSON with or without raw tensors behind it.
 *
 * They agree when in every row of every output of fractions the greatest number is at the same place (or, where a row is one number,
 * the numbers are nearly the same), and all other outputs are the same. Differences are of fractions.
 *
 * @returns null when the first is no answer; `failed` when the second is none, or its outputs have other names, datatypes or shapes.
 */
export function compareTensors(original: Uint8Array, copy: Uint8Array): ShadowPair | null {
  const left = readOutputs(original);
  if (left === null) return null;
  const right = readOutputs(copy);
  if (right === null || left.length !== right.length) return { kind: "failed" };
  let [sum, count, most, agrees] = [0, 0, 0, true];
  for (const output of left) {
    const twin = right.find(({ name }) => name === output.name);
    if (twin === undefined || !hasSameForm(output, twin)) return { kind: "failed" };
    agrees &&= floats.has(output.datatype) ? rowsAgree(output, twin) : isSame(output, twin);
    if (!floats.has(output.datatype)) continue;
    for (let index = 0; index < output.elements.length; index += 1) {
      const difference = differenceOf(output.elements[index], twin.elements[index]);
      if (!Number.isFinite(difference)) continue;
      sum += difference;
      count += 1;
      most = Math.max(most, difference);
    }
  }
  return { kind: "numbers", meanDifference: count === 0 ? 0 : sum / count, maxDifference: most, agrees };
}

function readOutputs(body: Uint8Array): readonly Output[] | null {
  const start = skipSpace(body, 0);
  const end = endOfValue(body, start);
  if (end === -1) return null;
  try {
    const { outputs } = answerSchema.parse(JSON.parse(new TextDecoder().decode(body.subarray(start, end))));
    let at = end;
    return outputs.map(({ name, datatype, shape, parameters, data }) => {
      const size = parameters?.binary_data_size;
      if (size === undefined) return { name, datatype, shape, elements: (data ?? []).flat(Number.POSITIVE_INFINITY) };
      const raw = body.subarray(at, at + size);
      at += size;
      const elements = isDatatype(datatype) ? readRawTensor({ name, datatype, shape }, raw).data : raw;
      return { name, datatype, shape, elements };
    });
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError || isFault(error)) return null;
    throw error;
  }
}

function hasSameForm(left: Output, right: Output): boolean {
  return (
    left.datatype === right.datatype &&
    left.elements.length === right.elements.length &&
    left.shape.length === right.shape.length &&
    left.shape.every((length, axis) => length === right.shape[axis])
  );
}

function isSame({ elements }: Output, { elements: others }: Output): boolean {
  for (let index = 0; index < elements.length; index += 1) if (elements[index] !== others[index]) return false;
  return true;
}

function rowsAgree(left: Output, right: Output): boolean {
  const width = left.shape.length > 1 ? (left.shape.at(-1) ?? 1) : 1;
  if (elementCount(left.shape) !== left.elements.length) return isSame(left, right);
  for (let start = 0; start < left.elements.length; start += width) {
    const agrees =
      width === 1
        ? isNear(left.elements[start], right.elements[start])
        : greatest(left.elements, start, width) === greatest(right.elements, start, width);
    if (!agrees) return false;
  }
  return true;
}

function greatest(elements: ArrayLike<unknown>, start: number, width: number): number {
  let place = 0;
  for (let index = 1; index < width; index += 1) {
    if (numberOf(elements[start + index]) > numberOf(elements[start + place])) place = index;
  }
  return place;
}

function isNear(left: unknown, right: unknown): boolean {
  const difference = differenceOf(left, right);
  const scale = Math.max(Math.abs(numberOf(left)), Math.abs(numberOf(right)));
  return difference === 0 || difference <= relativeTolerance * scale;
}

/** 0 where both are the same, infinities and missing numbers too. */
function differenceOf(left: unknown, right: unknown): number {
  const [one, other] = [numberOf(left), numberOf(right)];
  return Object.is(one, other) || one === other ? 0 : Math.abs(one - other);
}

function numberOf(element: unknown): number {
  return typeof element === "number" ? element : Number.NaN;
}
