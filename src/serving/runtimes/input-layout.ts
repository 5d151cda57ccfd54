import { Fault } from "../../base/fault.ts";
import type { TensorSignature } from "../tensor.ts";

/**
 * How rows become the tensors of a model: one matrix whose columns are the inputs in order, or one tensor of
 * shape [rows] or [rows, 1] for each input.
 */
export type InputLayout =
  | { readonly kind: "matrix"; readonly input: TensorSignature; readonly columns: readonly string[] }
  | { readonly kind: "tensors"; readonly inputs: readonly TensorSignature[] };

/**
 * Finds how the columns that a model version declares fit the inputs of its file.
 *
 * One input of rank 2 takes all columns as a matrix; otherwise each input must bear the name of one column.
 *
 * @param columns the input columns of the model version, in order.
 * @param inputs what the model file takes.
 * @throws {Fault} `serving.model-incompatible`, naming what was wanted and what was found.
 */
export function inputLayout(columns: readonly string[], inputs: readonly TensorSignature[]): InputLayout {
  const [only] = inputs;
  if (only !== undefined && inputs.length === 1 && (columns.length > 1 || only.name !== columns[0])) {
    const width = only.shape[1];
    if (only.shape.length !== 2 || (width !== -1 && width !== columns.length)) {
      throw new Fault(
        "serving.model-incompatible",
        `the model version declares ${columns.length} input columns (${columns.join(", ")}); its file's only input "${only.name}" has shape [${only.shape.join(", ")}] and takes ${width ?? 1}. Register the version with the columns that the file was made from`,
        { details: { wanted: columns, found: inputs.map((input) => input.name) } },
      );
    }
    return { kind: "matrix", input: only, columns };
  }
  return { kind: "tensors", inputs: columns.map((column) => tensorOf(column, columns, inputs)) };
}

function tensorOf(column: string, columns: readonly string[], inputs: readonly TensorSignature[]): TensorSignature {
  const input = inputs.find((each) => each.name === column);
  const isColumn =
    input !== undefined && (input.shape.length === 1 || (input.shape.length === 2 && input.shape[1] === 1));
  if (!isColumn || inputs.length !== columns.length) {
    throw new Fault(
      "serving.model-incompatible",
      `the model version declares the input columns ${columns.join(", ")}; its file takes ${inputs.map(describe).join(", ")}. Names and count must be equal (or one matrix input of ${columns.length} columns); register the version with the names in the file`,
      { details: { wanted: columns, found: inputs.map((each) => each.name) } },
    );
  }
  return input;
}

/**
 * Finds the output that holds the probability of the positive class, its last column.
 *
 * A floating output named `probability` or `probabilities` wins, then the only floating output.
 *
 * @throws {Fault} `serving.model-incompatible` when no output can be told apart as the probability.
 */
export function probabilityOutput(outputs: readonly TensorSignature[]): TensorSignature {
  const floating = outputs.filter((output) => output.datatype === "FP32" || output.datatype === "FP64");
  const named = floating.find((output) => /^(output_)?probabilit(y|ies)$/.test(output.name));
  const found = named ?? (floating.length === 1 ? floating[0] : undefined);
  if (found === undefined || found.shape.length > 2) {
    throw new Fault(
      "serving.model-incompatible",
      `the model file wants a floating output "probability" or "probabilities" of shape [rows] or [rows, classes]; found ${outputs.map(describe).join(", ")}. Export a classifier without ZipMap (skl2onnx: options={"zipmap": False})`,
      { details: { found: outputs.map((output) => output.name) } },
    );
  }
  return found;
}

function describe(signature: TensorSignature): string {
  return `"${signature.name}" ${signature.datatype} [${signature.shape.join(", ")}]`;
}
