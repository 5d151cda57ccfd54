import * as z from "zod";

const descriptionSchema = z.object({
  inputs: z.array(z.string().min(1).max(255)).min(1).max(10_000),
});

/** Where a run logs its model. */
export const modelFolder = "model";
export const modelFile = "model/model.onnx";
export const descriptionFile = "model/model.json";

/** What `model.json` says, or what is wrong with it as a sentence. */
export type ModelDescription =
  | { readonly kind: "described"; readonly inputs: readonly string[] }
  | { readonly kind: "invalid"; readonly problem: string };

/**
 * Reads `model.json`: `{"inputs": ["distance", ...]}`, the model's input columns in their order.
 *
 * @param known the columns that the training set has beside its label.
 */
export function readModelDescription(text: string, known: readonly string[]): ModelDescription {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return invalid(`${descriptionFile} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const found = descriptionSchema.safeParse(parsed);
  if (!found.success)
    return invalid(`${descriptionFile} must hold {"inputs": [names of columns, in the model's order]}`);
  const { inputs } = found.data;
  const twice = inputs.filter((name, place) => inputs.indexOf(name) !== place);
  if (twice.length > 0) return invalid(`${descriptionFile} names an input twice: ${[...new Set(twice)].join(", ")}`);
  const unknown = inputs.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    return invalid(
      `${descriptionFile} names inputs that the training set does not have: ${unknown.join(", ")}; it has ${known.join(", ")}. ` +
        "Name only those, or add what is missing to trainingSet.columns or its feature views",
    );
  }
  return { kind: "described", inputs };
}

function invalid(problem: string): ModelDescription {
  return { kind: "invalid", problem };
}

/** The first byte of every ONNX file: field 1 (`ir_version`) of the message `ModelProto`, a varint. */
const onnxFirstByte = 0x08;

/** Whether bytes can be the beginning of an ONNX model. A runtime decides the rest. */
export function looksLikeOnnx(start: Uint8Array): boolean {
  return start[0] === onnxFirstByte;
}
