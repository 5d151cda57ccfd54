import { Fault } from "../base/fault.ts";

/** What a model file says of one of its inputs or outputs; a free dimension is -1. */
export interface TensorShape {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
}

/** How columns become the tensors of a model. */
export type InputPlan =
  | { readonly kind: "matrix"; readonly input: TensorShape; readonly columns: readonly string[] }
  | { readonly kind: "columns"; readonly inputs: readonly TensorShape[] };

const numericTypes = new Set(["float32", "float64", "int64", "int32"]);

/**
 * Fits the columns that a version declares to what its file takes: one matrix of all columns in order, or one tensor
 * for each column, by name.
 *
 * @throws {Fault} `evaluation.model-unfit`, naming what was declared, what the file takes and what the data has.
 */
export function fitInputs(
  declared: readonly string[],
  inputs: readonly TensorShape[],
  available: readonly string[],
): InputPlan {
  const missing = declared.filter((column) => !available.includes(column));
  if (missing.length > 0) {
    throw unfit(
      `the model wants the inputs ${missing.join(", ")}, which the evaluation data lacks; it has ${available.join(", ")}. ` +
        "Name them in the evaluation's columns or feature views, or train without them",
      { missing, available },
    );
  }
  const odd = inputs.find((input) => !numericTypes.has(input.type));
  if (odd !== undefined)
    throw unfit(`the model's input "${odd.name}" wants ${odd.type}; only numbers can be given`, {});
  const [only] = inputs;
  const isMatrix = only !== undefined && inputs.length === 1 && (declared.length > 1 || only.name !== declared[0]);
  if (isMatrix) {
    const width = only.shape[1] ?? 1;
    if (only.shape.length === 2 && (width === -1 || width === declared.length)) {
      return { kind: "matrix", input: only, columns: declared };
    }
    throw unfit(
      `the version declares ${declared.length} inputs (${declared.join(", ")}), but its file's only input "${only.name}" takes ${width}; register it with the columns that the file was made from`,
      { declared, shape: only.shape },
    );
  }
  const byName = declared.map((column) => inputs.find((input) => input.name === column));
  const found = byName.filter((input) => input !== undefined);
  if (found.length !== declared.length || inputs.length !== declared.length) {
    throw unfit(
      `the version declares the inputs ${declared.join(", ")}, but its file takes ${inputs.map((input) => `"${input.name}"`).join(", ")}; the names must be equal`,
      { declared, found: inputs.map((input) => input.name) },
    );
  }
  return { kind: "columns", inputs: found };
}

/**
 * Finds the output with the probability of label 1, its last column.
 *
 * @throws {Fault} `evaluation.model-unfit` when no output can be told apart as the probability.
 */
export function probabilityOutput(outputs: readonly TensorShape[]): TensorShape {
  const floating = outputs.filter((output) => output.type === "float32" || output.type === "float64");
  const named = floating.find((output) => /^(output_)?probabilit(y|ies)$/.test(output.name));
  const found = named ?? (floating.length === 1 ? floating[0] : undefined);
  if (found !== undefined && found.shape.length <= 2) return found;
  throw unfit(
    `the model wants a floating output "probability" or "probabilities" of shape [rows] or [rows, classes]; found ${outputs.map((output) => `"${output.name}" ${output.type}`).join(", ")}. With skl2onnx, export with options={"zipmap": False}`,
    { found: outputs.map((output) => output.name) },
  );
}

function unfit(message: string, details: Readonly<Record<string, unknown>>): Fault {
  return new Fault("evaluation.model-unfit", message, { details });
}
