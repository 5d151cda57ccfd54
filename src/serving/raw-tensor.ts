import { Fault } from "../base/fault.ts";
import { fromHalfBits, toHalfBits } from "./half-float.ts";
import { type Datatype, type Element, elementCount, isWide, type Tensor } from "./tensor.ts";

/*
 * The binary tensor extension of the Open Inference Protocol v2: elements little-endian and row-major; BOOL as one byte; BYTES as a
 * length of four bytes and then the bytes.
 */

type WideDatatype = "INT64" | "UINT64";

/** Bytes of an INT64 or UINT64. */
const wideBytes = 8;

interface Format {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => Element;
  readonly write: (view: DataView, at: number, value: number) => void;
}

const formats: Readonly<Record<Exclude<Datatype, "BYTES" | WideDatatype>, Format>> = {
  BOOL: {
    bytes: 1,
    read: (view, at) => view.getUint8(at) !== 0,
    write: (view, at, value) => view.setUint8(at, value === 0 ? 0 : 1),
  },
  UINT8: { bytes: 1, read: (view, at) => view.getUint8(at), write: (view, at, value) => view.setUint8(at, value) },
  INT8: { bytes: 1, read: (view, at) => view.getInt8(at), write: (view, at, value) => view.setInt8(at, value) },
  UINT16: {
    bytes: 2,
    read: (view, at) => view.getUint16(at, true),
    write: (view, at, value) => view.setUint16(at, value, true),
  },
  INT16: {
    bytes: 2,
    read: (view, at) => view.getInt16(at, true),
    write: (view, at, value) => view.setInt16(at, value, true),
  },
  UINT32: {
    bytes: 4,
    read: (view, at) => view.getUint32(at, true),
    write: (view, at, value) => view.setUint32(at, value, true),
  },
  INT32: {
    bytes: 4,
    read: (view, at) => view.getInt32(at, true),
    write: (view, at, value) => view.setInt32(at, value, true),
  },
  FP16: {
    bytes: 2,
    read: (view, at) => fromHalfBits(view.getUint16(at, true)),
    write: (view, at, value) => view.setUint16(at, toHalfBits(value), true),
  },
  FP32: {
    bytes: 4,
    read: (view, at) => view.getFloat32(at, true),
    write: (view, at, value) => view.setFloat32(at, value, true),
  },
  FP64: {
    bytes: 8,
    read: (view, at) => view.getFloat64(at, true),
    write: (view, at, value) => view.setFloat64(at, value, true),
  },
};

/**
 * Reads a tensor from its raw bytes.
 *
 * @param bytes exactly the tensor's.
 * @throws {Fault} `serving.request-invalid` when the bytes are not as many as the shape wants, or those of a BYTES element are no UTF-8.
 */
export function readRawTensor(head: Omit<Tensor, "data">, bytes: Uint8Array): Tensor {
  const { name, datatype, shape } = head;
  const count = elementCount(shape);
  if (datatype === "BYTES") return { name, datatype, shape, data: readTexts(head, bytes, count) };
  if (datatype === "INT64" || datatype === "UINT64") return readWide(head, datatype, bytes, count);
  const format = formats[datatype];
  if (bytes.byteLength !== count * format.bytes) throw wrongSize(head, count * format.bytes, bytes.byteLength);
  if (datatype === "FP32") return { name, datatype, shape, data: readFloats(bytes) };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = Array.from({ length: count }, (_, index) => format.read(view, index * format.bytes));
  return { name, datatype, shape, data };
}

/** The same bytes where they lie as the processor wants them, else a copy. */
function readFloats(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  const { BYTES_PER_ELEMENT: size } = Float32Array;
  return byteOffset % size === 0
    ? new Float32Array(buffer, byteOffset, byteLength / size)
    : new Float32Array(new Uint8Array(bytes).buffer);
}

function readWide(head: Omit<Tensor, "data">, datatype: WideDatatype, bytes: Uint8Array, count: number): Tensor {
  if (bytes.byteLength !== count * wideBytes) throw wrongSize(head, count * wideBytes, bytes.byteLength);
  const { buffer } = new Uint8Array(bytes);
  const wide = datatype === "INT64" ? new BigInt64Array(buffer) : new BigUint64Array(buffer);
  return { ...head, data: narrowed(wide) };
}

/** The same whole numbers, as numbers where each of them has at most 53 bits. */
export function narrowed(wide: BigInt64Array | BigUint64Array): Tensor["data"] {
  const numbers = new Array<number>(wide.length);
  for (let index = 0; index < wide.length; index += 1) {
    numbers[index] = Number(wide[index]);
    if (!Number.isSafeInteger(numbers[index])) return wide;
  }
  return numbers;
}

function readTexts(head: Omit<Tensor, "data">, bytes: Uint8Array, count: number): readonly string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const texts: string[] = [];
  let at = 0;
  while (texts.length < count) {
    const length = at + 4 <= bytes.byteLength ? view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    if (at + 4 + length > bytes.byteLength) throw wrongSize(head, count, texts.length, "texts");
    texts.push(decoded(head, decoder, bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  if (at !== bytes.byteLength) throw wrongSize(head, at, bytes.byteLength);
  return texts;
}

function decoded(head: Omit<Tensor, "data">, decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new Fault("serving.request-invalid", `input "${head.name}" wants texts in UTF-8, found other bytes`, {
      cause,
    });
  }
}

function wrongSize(head: Omit<Tensor, "data">, wanted: number, found: number, unit = "raw bytes"): Fault {
  const { name, shape } = head;
  return new Fault(
    "serving.request-invalid",
    `input "${name}" of shape [${shape.join(", ")}] wants ${wanted} ${unit}, found ${found}`,
  );
}

/** Writes a tensor's elements as raw bytes; a missing number becomes NaN. */
export function writeRawTensor(tensor: Tensor): Uint8Array {
  const { datatype, data } = tensor;
  if (datatype === "BYTES") return writeTexts(data as readonly string[]);
  if (datatype === "INT64" || datatype === "UINT64") return writeWide(datatype, data);
  if (datatype === "FP32" && data instanceof Float32Array) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  const format = formats[datatype];
  const bytes = new Uint8Array(data.length * format.bytes);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < data.length; index += 1) {
    const element = data[index];
    format.write(view, index * format.bytes, element === null ? Number.NaN : Number(element));
  }
  return bytes;
}

function writeWide(datatype: WideDatatype, data: Tensor["data"]): Uint8Array {
  const bytes = new Uint8Array(data.length * wideBytes);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < data.length; index += 1) {
    const value = isWide(data) ? (data[index] ?? 0n) : BigInt(Number(data[index]));
    if (datatype === "INT64") view.setBigInt64(index * wideBytes, value, true);
    else view.setBigUint64(index * wideBytes, value, true);
  }
  return bytes;
}

function writeTexts(texts: readonly string[]): Uint8Array {
  const encoder = new TextEncoder();
  const encoded = texts.map((text) => encoder.encode(text));
  const bytes = new Uint8Array(encoded.reduce((sum, each) => sum + 4 + each.byteLength, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const each of encoded) {
    view.setUint32(at, each.byteLength, true);
    bytes.set(each, at + 4);
    at += 4 + each.byteLength;
  }
  return bytes;
}
