import { availableParallelism } from "node:os";
import { InferenceSession, Tensor as OnnxTensor } from "onnxruntime-node";
import { Fault } from "../../base/fault.ts";
import { type InputLayout, inputLayout, probabilityOutput } from "../runtimes/input-layout.ts";
import { maxBatchRows, MicroBatcher, type RowBlock } from "../runtimes/micro-batch.ts";
import { checkTensor, type Datatype, type Element, type Tensor, type TensorSignature } from "../tensor.ts";

/** Threads inside one run: rows come in batches, so more threads than this cost more than they bring. */
const maxThreads = 2;

const datatypeOfOnnx: Readonly<Record<string, Datatype>> = {
  bool: "BOOL",
  uint8: "UINT8",
  uint16: "UINT16",
  uint32: "UINT32",
  uint64: "UINT64",
  int8: "INT8",
  int16: "INT16",
  int32: "INT32",
  int64: "INT64",
  float32: "FP32",
  float64: "FP64",
  string: "BYTES",
};

/** A loaded model: what it takes, what it gives, and a way to run rows through it. */
export interface OnnxModel {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
  readonly layout: InputLayout;
  readonly output: TensorSignature;
  /** Checks the tensors against the model and runs them, together with other callers' rows. */
  infer(tensors: readonly Tensor[]): Promise<readonly Tensor[]>;
}

/**
 * Loads an ONNX file and makes sure that it fits the columns and runs.
 *
 * @throws {Fault} `serving.model-incompatible` when the file cannot be read, its inputs or outputs do not fit, or
 *   a first run on zeros fails.
 */
export async function loadOnnxModel(path: string, columns: readonly string[], cpus: number): Promise<OnnxModel> {
  const session = await openSession(path, cpus);
  const inputs = session.inputMetadata.map(toSignature);
  const outputs = session.outputMetadata.filter((output) => output.isTensor).map(toSignature);
  const layout = inputLayout(columns, inputs);
  const output = probabilityOutput(outputs);
  const isFixed = inputs.some((input) => input.shape[0] !== -1);
  const names = outputs.map((each) => each.name);
  const batcher = new MicroBatcher<readonly Tensor[], readonly Tensor[]>(
    (blocks) => runBlocks(session, blocks, names),
    isFixed ? 1 : maxBatchRows,
  );
  const infer = (tensors: readonly Tensor[]): Promise<readonly Tensor[]> => {
    const ordered = inputs.map((input) => wantedTensor(tensors, input, inputs));
    return batcher.submit({ rows: checkRows(ordered), input: ordered });
  };
  await warmUp(infer, inputs);
  return { inputs, outputs, layout, output, infer };
}

async function openSession(path: string, cpus: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(path, {
      intraOpNumThreads: Math.max(1, Math.min(maxThreads, Math.floor(cpus), availableParallelism())),
      interOpNumThreads: 1,
      logSeverityLevel: 4,
    });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Fault(
      "serving.model-incompatible",
      `the model file wants to be ONNX that onnxruntime can load: ${message}`,
      {
        cause,
      },
    );
  }
}

function toSignature(metadata: InferenceSession.ValueMetadata): TensorSignature {
  const datatype = metadata.isTensor ? datatypeOfOnnx[metadata.type] : undefined;
  if (!metadata.isTensor || datatype === undefined) {
    throw new Fault(
      "serving.model-incompatible",
      `the model's input "${metadata.name}" wants to be a tensor of numbers or text, found ${metadata.isTensor ? metadata.type : "a sequence or map"}`,
    );
  }
  return {
    name: metadata.name,
    datatype,
    shape: metadata.shape.map((length) => (typeof length === "number" && length >= 0 ? length : -1)),
  };
}

function wantedTensor(tensors: readonly Tensor[], wanted: TensorSignature, all: readonly TensorSignature[]): Tensor {
  const tensor = tensors.find((each) => each.name === wanted.name);
  if (tensor === undefined || tensors.length !== all.length) {
    throw new Fault(
      "serving.request-invalid",
      `the model wants the inputs ${all.map((each) => each.name).join(", ")}; found ${tensors.map((each) => each.name).join(", ")}`,
    );
  }
  checkTensor(tensor, wanted);
  return tensor;
}

function checkRows(tensors: readonly Tensor[]): number {
  const rows = tensors[0]?.shape[0] ?? 1;
  const other = tensors.find((tensor) => tensor.shape[0] !== rows);
  if (other !== undefined) {
    throw new Fault(
      "serving.request-invalid",
      `input "${other.name}" wants ${rows} rows as the first input has, found ${other.shape[0]}`,
    );
  }
  return rows;
}

async function runBlocks(
  session: InferenceSession,
  blocks: readonly RowBlock<readonly Tensor[]>[],
  outputNames: readonly string[],
): Promise<readonly (readonly Tensor[])[]> {
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  const feeds: Record<string, OnnxTensor> = {};
  (blocks[0]?.input ?? []).forEach((first, index) => {
    const parts = blocks.map((block) => block.input[index] ?? first);
    feeds[first.name] = joinTensors(parts, rows);
  });
  let answer: InferenceSession.OnnxValueMapType;
  try {
    answer = await session.run(feeds, [...outputNames]);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("serving.inference-failed", `the model failed on ${rows} rows: ${message}`, { cause });
  }
  let start = 0;
  return blocks.map((block) => {
    const outputs = outputNames.map((name) => cutRows(name, answer[name] as OnnxTensor, start, block.rows, rows));
    start += block.rows;
    return outputs;
  });
}

function joinTensors(parts: readonly Tensor[], rows: number): OnnxTensor {
  const [first] = parts;
  if (first === undefined) throw new Error("a batch without rows");
  const shape = [rows, ...first.shape.slice(1)];
  if (parts.length === 1 && first.data instanceof Float32Array) return new OnnxTensor("float32", first.data, shape);
  if (first.datatype === "BYTES")
    return new OnnxTensor(
      "string",
      parts.flatMap((part) => part.data as string[]),
      shape,
    );
  const length = parts.reduce((sum, part) => sum + part.data.length, 0);
  const joined = typedArray(first.datatype, length);
  let offset = 0;
  for (const part of parts) {
    for (const element of part.data) joined.set(offset++, element);
  }
  return joined.tensor(shape);
}

interface TypedArrayWriter {
  set(index: number, element: Element): void;
  tensor(shape: readonly number[]): OnnxTensor;
}

function typedArray(datatype: Datatype, length: number): TypedArrayWriter {
  if (datatype === "INT64" || datatype === "UINT64") {
    const wide = datatype === "INT64" ? new BigInt64Array(length) : new BigUint64Array(length);
    return {
      set: (index, element) => {
        wide[index] = BigInt(Number(element));
      },
      tensor: (shape) => new OnnxTensor(datatype === "INT64" ? "int64" : "uint64", wide, shape),
    };
  }
  const narrow = narrowArray(datatype, length);
  return {
    set: (index, element) => {
      narrow.data[index] = element === null ? Number.NaN : Number(element);
    },
    tensor: (shape) => new OnnxTensor(narrow.type, narrow.data as Float32Array, shape) as OnnxTensor,
  };
}

function narrowArray(datatype: Datatype, length: number): { readonly type: "float32"; readonly data: NarrowArray } {
  const constructors: Readonly<Partial<Record<Datatype, readonly [string, new (length: number) => NarrowArray]>>> = {
    BOOL: ["bool", Uint8Array],
    UINT8: ["uint8", Uint8Array],
    UINT16: ["uint16", Uint16Array],
    UINT32: ["uint32", Uint32Array],
    INT8: ["int8", Int8Array],
    INT16: ["int16", Int16Array],
    INT32: ["int32", Int32Array],
    FP64: ["float64", Float64Array],
  };
  const [type, construct] = constructors[datatype] ?? ["float32", Float32Array];
  return { type: type as "float32", data: new construct(length) };
}

type NarrowArray =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array;

function cutRows(name: string, whole: OnnxTensor, start: number, rows: number, allRows: number): Tensor {
  const width = whole.size / allRows;
  const datatype = datatypeOfOnnx[whole.type] ?? "FP32";
  const elements = whole.data as ArrayLike<number | bigint | string>;
  const data = Array.from({ length: rows * width }, (_, index) => toElement(elements[start * width + index], datatype));
  return { name, datatype, shape: [rows, ...whole.dims.slice(1)], data };
}

function toElement(value: number | bigint | string | undefined, datatype: Datatype): Element {
  if (datatype === "BOOL") return value === 1;
  if (typeof value === "bigint") return Number(value);
  return value ?? null;
}

async function warmUp(
  infer: (tensors: readonly Tensor[]) => Promise<readonly Tensor[]>,
  inputs: readonly TensorSignature[],
): Promise<void> {
  const tensors = inputs.map((input) => {
    const shape = input.shape.map((length) => (length === -1 ? 1 : length));
    const zero = input.datatype === "BYTES" ? "" : input.datatype === "BOOL" ? false : 0;
    return { ...input, shape, data: new Array<Element>(shape.reduce((a, b) => a * b, 1)).fill(zero) };
  });
  try {
    await infer(tensors);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("serving.model-incompatible", `a first run of the model on zeros failed: ${message}`, { cause });
  }
}
