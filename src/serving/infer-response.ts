import type { Tensor } from "./tensor.ts";

/** What an inference answers, before it becomes bytes. */
export interface InferResponse {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  readonly outputs: readonly Tensor[];
}

/** Writes an inference answer as JSON of the Open Inference Protocol v2; NaN and infinities become `null`. */
export function toInferJson(response: InferResponse): string {
  return JSON.stringify({
    model_name: response.modelName,
    model_version: response.modelVersion,
    id: response.id,
    parameters: response.parameters,
    outputs: response.outputs.map((output) => ({
      name: output.name,
      datatype: output.datatype,
      shape: output.shape,
      data: Array.from(output.data),
    })),
  });
}

/** The error body of the Open Inference Protocol v2. */
export function toErrorJson(message: string): string {
  return JSON.stringify({ error: message });
}
