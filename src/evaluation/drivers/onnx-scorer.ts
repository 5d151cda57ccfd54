import { InferenceSession, Tensor } from "onnxruntime-node";
import { Fault } from "../../base/fault.ts";
import { fitInputs, type InputPlan, probabilityOutput, type TensorShape } from "../fit-inputs.ts";

/** Rows in one run of the model: enough to fill the cores, small enough to stay in the cache. */
const batchRows = 8192;

/** A model file that fits the data. */
export interface OnnxScorer {
  /** The probability of label 1 for each row; `columns` has one array for each declared input; shape [rows]. */
  score(columns: readonly Float32Array[]): Promise<Float32Array>;
  release(): Promise<void>;
}

/**
 * Opens a model file and makes sure that it fits the declared inputs and the data.
 *
 * @throws {Fault} `evaluation.model-unfit` when it cannot be read, does not fit, or fails on the data.
 */
export async function openOnnxScorer(
  model: { readonly path: string; readonly inputs: readonly string[] },
  available: readonly string[],
  threads: number,
): Promise<OnnxScorer> {
  const session = await openSession(model.path, threads);
  const plan = fitInputs(model.inputs, session.inputMetadata.map(toShape), available);
  const output = probabilityOutput(session.outputMetadata.map(toShape));
  return {
    async score(columns) {
      const rows = columns[0]?.length ?? 0;
      const scores = new Float32Array(rows);
      for (let start = 0; start < rows; start += batchRows) {
        const end = Math.min(rows, start + batchRows);
        scores.set(await runBatch(session, feedsOf(plan, columns, start, end), output.name, end - start), start);
      }
      return scores;
    },
    release: async () => await session.release(),
  };
}

async function openSession(path: string, threads: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(path, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4,
    });
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("evaluation.model-unfit", `the model file wants to be ONNX that can be loaded: ${found}`, {
      cause,
    });
  }
}

async function runBatch(
  session: InferenceSession,
  feeds: Readonly<Record<string, Tensor>>,
  output: string,
  rows: number,
): Promise<Float32Array> {
  let answer: InferenceSession.ReturnType;
  try {
    answer = await session.run(feeds, [output]);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("evaluation.model-unfit", `the model failed on the evaluation data: ${found}`, { cause });
  }
  const tensor = answer[output];
  const data = tensor?.data;
  if (!(data instanceof Float32Array || data instanceof Float64Array) || data.length % rows !== 0) {
    throw new Fault("evaluation.model-unfit", `the model gave ${data?.length ?? 0} probabilities for ${rows} rows`);
  }
  const width = data.length / rows;
  return Float32Array.from({ length: rows }, (_, row) => checkScore(data[row * width + width - 1]));
}

/** Rounding may leave a probability a hair outside [0, 1]; anything further is no probability. */
function checkScore(score: number | undefined): number {
  if (score !== undefined && score >= -1e-5 && score <= 1 + 1e-5) return Math.min(1, Math.max(0, score));
  throw new Fault("evaluation.model-unfit", `the model gave ${score ?? "nothing"}, which is no probability in [0, 1]`);
}

function feedsOf(
  plan: InputPlan,
  columns: readonly Float32Array[],
  start: number,
  end: number,
): Readonly<Record<string, Tensor>> {
  if (plan.kind === "columns") {
    return Object.fromEntries(
      plan.inputs.map((input, place) => {
        const shape = input.shape.length === 1 ? [end - start] : [end - start, 1];
        return [input.name, toTensor(input, (columns[place] ?? new Float32Array()).slice(start, end), shape)];
      }),
    );
  }
  const width = columns.length;
  const matrix = new Float32Array((end - start) * width);
  columns.forEach((column, place) => {
    for (let row = start; row < end; row += 1) matrix[(row - start) * width + place] = column[row] ?? Number.NaN;
  });
  return { [plan.input.name]: toTensor(plan.input, matrix, [end - start, width]) };
}

function toTensor(input: TensorShape, values: Float32Array, shape: readonly number[]): Tensor {
  if (input.type === "float64") return new Tensor("float64", Float64Array.from(values), shape);
  if (input.type !== "int64" && input.type !== "int32") return new Tensor("float32", values, shape);
  const unknown = values.findIndex((value) => Number.isNaN(value));
  if (unknown >= 0) {
    throw new Fault(
      "evaluation.model-unfit",
      `the model's input "${input.name}" takes whole numbers (${input.type}), and the evaluation data has unknown values there; export it with a floating input`,
    );
  }
  if (input.type === "int32") return new Tensor("int32", Int32Array.from(values), shape);
  return new Tensor(
    "int64",
    BigInt64Array.from(values, (value) => BigInt(Math.round(value))),
    shape,
  );
}

function toShape(metadata: InferenceSession.ValueMetadata): TensorShape {
  if (!metadata.isTensor) return { name: metadata.name, type: "sequence", shape: [] };
  return {
    name: metadata.name,
    type: metadata.type,
    shape: metadata.shape.map((length) => (typeof length === "number" && length >= 0 ? length : -1)),
  };
}
