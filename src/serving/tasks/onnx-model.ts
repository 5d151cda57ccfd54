import { availableParallelism } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { InferenceSession, type Tensor as OnnxTensor } from "onnxruntime-node";
import { Fault } from "../../base/fault.ts";
import { maxBatchRows, MicroBatcher, type RowBlock } from "../runtimes/micro-batch.ts";
import type { OnnxTask } from "../runtimes/replica-files.ts";
import { checkTensor, type Element, elementCount, type Tensor, type TensorSignature } from "../tensor.ts";
import { cutRows, joinTensors, toSignature } from "./onnx-tensors.ts";

/** Threads inside one run: rows come in batches, so more threads than this cost more than they bring. */
const maxThreads = 2;

/** A loaded model: what it takes, what it gives, and a way to run rows through it. */
export interface OnnxModel {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
  /**
   * Checks the tensors against the model and runs them, together with other callers' rows where the first dimension of all inputs
   * and outputs is free.
   *
   * @param wanted names of the outputs to compute, in order; null: all.
   * @throws {Fault} `serving.request-invalid` when they do not fit, `serving.inference-failed` when the model fails on them.
   */
  infer(tensors: readonly Tensor[], wanted: readonly string[] | null): Promise<readonly Tensor[]>;
  /** Runs the model once on zeros. @throws {Fault} `serving.model-incompatible` when that fails. */
  warmUp(): Promise<void>;
}

/** How a model is to be run. */
export interface OnnxOptions {
  readonly cpus: number;
  readonly batch: OnnxTask["batch"] | null;
}

/**
 * Loads an ONNX file.
 *
 * @throws {Fault} `serving.model-incompatible` when the file cannot be read or has inputs that are not tensors.
 */
export async function loadOnnxModel(path: string, options: OnnxOptions): Promise<OnnxModel> {
  const session = await openSession(path, options.cpus);
  const inputs = session.inputMetadata.map((each) => toSignature(each, "input"));
  const outputs = session.outputMetadata.filter((output) => output.isTensor).map((each) => toSignature(each, "output"));
  const isBatchable = inputs.length > 0 && [...inputs, ...outputs].every((each) => each.shape[0] === -1);
  const waitMs = options.batch?.maxWaitMs ?? 0;
  const batcher = new MicroBatcher<Call, readonly Tensor[]>(
    async (blocks) => await runBlocks(session, blocks, isBatchable),
    {
      maxRows: isBatchable ? (options.batch?.maxRows ?? maxBatchRows) : 1,
      pause: isBatchable && waitMs > 0 ? async () => await pause(waitMs) : null,
    },
  );
  const infer: OnnxModel["infer"] = async (tensors, wanted) => {
    const ordered = inputs.map((input) => wantedTensor(tensors, input, inputs));
    const call = { tensors: ordered, outputs: wantedOutputs(wanted, outputs) };
    const rows = isBatchable ? checkRows(ordered) : 1;
    return await batcher.submit({ rows, input: call, key: shapeKey(ordered) });
  };
  return { inputs, outputs, infer, warmUp: async () => await warmUp(infer, inputs) };
}

/** What one caller asks. */
interface Call {
  readonly tensors: readonly Tensor[];
  readonly outputs: readonly TensorSignature[];
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

function wantedTensor(tensors: readonly Tensor[], wanted: TensorSignature, all: readonly TensorSignature[]): Tensor {
  const tensor = tensors.find((each) => each.name === wanted.name);
  if (tensor === undefined || tensors.length !== all.length) {
    throw new Fault(
      "serving.request-invalid",
      `the model wants the inputs ${all.map((each) => each.name).join(", ")}; found ${tensors.map((each) => each.name).join(", ")}`,
    );
  }
  checkTensor(tensor, wanted);
  if (wanted.datatype === "BYTES") checkTexts(tensor);
  return tensor;
}

/** onnxruntime takes texts that end at their first zero byte: the rest would be lost without a word. */
function checkTexts({ name, data }: Tensor): void {
  const index = data.findIndex((text: unknown) => typeof text === "string" && text.includes("\0"));
  if (index === -1) return;
  throw new Fault(
    "serving.request-invalid",
    `input "${name}" wants texts without the character U+0000, which ends a text in onnxruntime; found one in element ${index}`,
  );
}

function wantedOutputs(
  wanted: readonly string[] | null,
  outputs: readonly TensorSignature[],
): readonly TensorSignature[] {
  if (wanted === null || wanted.length === 0) return outputs;
  return wanted.map((name) => {
    const output = outputs.find((each) => each.name === name);
    if (output !== undefined) return output;
    throw new Fault(
      "serving.request-invalid",
      `the model gives the outputs ${outputs.map((each) => each.name).join(", ")}; wanted "${name}"`,
    );
  });
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

/** Rows can be joined only where everything behind the first dimension is equal. */
function shapeKey(tensors: readonly Tensor[]): string {
  return tensors.map((tensor) => tensor.shape.slice(1).join("x")).join(",");
}

async function runBlocks(
  session: InferenceSession,
  blocks: readonly RowBlock<Call>[],
  isBatchable: boolean,
): Promise<readonly (readonly Tensor[])[]> {
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  const feeds: Record<string, OnnxTensor> = {};
  (blocks[0]?.input.tensors ?? []).forEach((first, index) => {
    const parts = blocks.map((block) => block.input.tensors[index] ?? first);
    feeds[first.name] = joinTensors(parts, isBatchable ? rows : null);
  });
  const names = new Set(blocks.flatMap((block) => block.input.outputs.map((output) => output.name)));
  let answer: InferenceSession.OnnxValueMapType;
  try {
    answer = await session.run(feeds, [...names]);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("serving.inference-failed", `the model failed on ${rows} rows: ${message}`, { cause });
  }
  const canCut = isBatchable && [...names].every((name) => (answer[name] as OnnxTensor).dims[0] === rows);
  if (!canCut && blocks.length > 1) {
    throw new Fault("serving.inference-failed", `the model gave other than the ${rows} rows that it was given`);
  }
  let start = 0;
  return blocks.map((block) => {
    const outputs = block.input.outputs.map((output) =>
      cutRows(output, answer[output.name] as OnnxTensor, start, block.rows, canCut ? rows : null),
    );
    start += block.rows;
    return outputs;
  });
}

async function warmUp(infer: OnnxModel["infer"], inputs: readonly TensorSignature[]): Promise<void> {
  const tensors = inputs.map((input) => {
    const shape = input.shape.map((length) => (length === -1 ? 1 : length));
    const zero = input.datatype === "BYTES" ? "" : input.datatype === "BOOL" ? false : 0;
    return { ...input, shape, data: new Array<Element>(elementCount(shape)).fill(zero) };
  });
  try {
    await infer(tensors, null);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("serving.model-incompatible", `a first run of the model on zeros failed: ${message}`, { cause });
  }
}
