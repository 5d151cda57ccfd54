import { Fault } from "../../../base/fault.ts";
import { readRawTensor, writeRawTensor } from "../../raw-tensor.ts";
import { type Datatype, elementCount, elementProblem, isDatatype, isWide, type TensorData } from "../../tensor.ts";
import type { ContentsMessage, WideNumber } from "./infer-message.ts";

type Member = keyof ContentsMessage;

/** The member that holds a datatype's elements; half-precision numbers have none and travel raw. */
const members: Readonly<Record<Exclude<Datatype, "FP16">, Member>> = {
  BOOL: "bool_contents",
  UINT8: "uint_contents",
  UINT16: "uint_contents",
  UINT32: "uint_contents",
  UINT64: "uint64_contents",
  INT8: "int_contents",
  INT16: "int_contents",
  INT32: "int_contents",
  INT64: "int64_contents",
  FP32: "fp32_contents",
  FP64: "fp64_contents",
  BYTES: "bytes_contents",
};

/** Whether elements of this datatype can travel typed. */
export function hasContents(datatype: string): boolean {
  return isDatatype(datatype) && datatype !== "FP16";
}

/**
 * Typed elements as raw bytes.
 *
 * @throws {Fault} `serving.request-invalid` when they are not as many as the shape wants or are under another datatype's member.
 */
export function contentsToRaw(
  name: string,
  datatype: string,
  shape: readonly number[],
  contents: ContentsMessage,
): Uint8Array {
  const member = memberOf(name, datatype);
  const elements = contents[member] ?? [];
  const wanted = elementCount(shape);
  if (elements.length !== wanted) {
    const found = elements.length === 0 ? foundElsewhere(contents) : `${elements.length}`;
    throw invalid(
      `input "${name}" of shape [${shape.join(", ")}] wants ${wanted} elements in ${member}, found ${found}`,
    );
  }
  switch (member) {
    case "bytes_contents":
      return joinBytes(contents.bytes_contents ?? []);
    case "int64_contents":
      return rawOf("INT64", BigInt64Array.from(wide(contents.int64_contents)));
    case "uint64_contents":
      return rawOf("UINT64", BigUint64Array.from(wide(contents.uint64_contents)));
    default:
      return rawOf(
        datatype as Datatype,
        checked(name, datatype as Datatype, Array.from(elements as ArrayLike<number>)),
      );
  }
}

/** Raw bytes as typed elements. @throws {Fault} when they are not as many as the shape wants. */
export function rawToContents(
  name: string,
  datatype: string,
  shape: readonly number[],
  bytes: Uint8Array,
): ContentsMessage {
  const member = memberOf(name, datatype);
  if (member === "bytes_contents") return { bytes_contents: splitBytes(name, bytes) };
  const { data } = readRawTensor({ name, datatype: datatype as Datatype, shape }, bytes);
  return toContents(member, data);
}

function toContents(member: Member, data: TensorData): ContentsMessage {
  // Encoders take 64-bit numbers as digits.
  const elements = isWide(data) ? Array.from(data as BigInt64Array, String) : data;
  return { [member]: elements };
}

function memberOf(name: string, datatype: string): Member {
  if (isDatatype(datatype) && datatype !== "FP16") return members[datatype];
  throw invalid(
    `tensor "${name}" wants a datatype that has typed contents, such as FP32, INT64 or BYTES; found ${datatype.slice(0, 40)}: send it in raw_input_contents`,
  );
}

function foundElsewhere(contents: ContentsMessage): string {
  const other = [...new Set(Object.values(members))].find((member) => (contents[member]?.length ?? 0) > 0);
  return other === undefined ? "none" : `${contents[other]?.length} in ${other}`;
}

/** Narrow whole numbers travel in wider members: what does not fit is refused, not cut. */
function checked(name: string, datatype: Datatype, elements: readonly number[]): readonly number[] {
  if (datatype === "FP32" || datatype === "FP64" || datatype === "BOOL") return elements;
  elements.forEach((element, index) => {
    const problem = elementProblem(datatype, element);
    if (problem !== undefined) throw invalid(`input "${name}" of datatype ${datatype}, element ${index}: ${problem}`);
  });
  return elements;
}

function wide(numbers: readonly WideNumber[] | undefined): readonly bigint[] {
  return (numbers ?? []).map((each) => BigInt(String(each)));
}

function rawOf(datatype: Datatype, data: TensorData): Uint8Array {
  return writeRawTensor({ name: "", datatype, shape: [], data });
}

function joinBytes(elements: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(elements.reduce((sum, each) => sum + 4 + each.byteLength, 0));
  const view = new DataView(joined.buffer);
  let at = 0;
  for (const each of elements) {
    view.setUint32(at, each.byteLength, true);
    joined.set(each, at + 4);
    at += 4 + each.byteLength;
  }
  return joined;
}

function splitBytes(name: string, bytes: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.byteLength) {
    const end = at + 4 <= bytes.byteLength ? at + 4 + view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    if (end > bytes.byteLength) throw invalid(`tensor "${name}" breaks off within an element`);
    elements.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return elements;
}

function invalid(message: string): Fault {
  return new Fault("serving.request-invalid", message);
}
