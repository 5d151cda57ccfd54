import { writeRawTensor } from "./raw-tensor.ts";
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

/** An answer as bytes: JSON, and the raw tensors that follow it. */
export interface InferBody {
  readonly json: Uint8Array;
  readonly raw: readonly Uint8Array[];
}

/** Writes an inference answer; outputs for which `isBinary` follow as raw bytes (binary tensor extension). */
export function toInferBody(response: InferResponse, isBinary: (output: string) => boolean): InferBody {
  const encoder = new TextEncoder();
  if (!response.outputs.some((output) => isBinary(output.name))) {
    return { json: encoder.encode(toInferJson(response)), raw: [] };
  }
  const raw: Uint8Array[] = [];
  const outputs = response.outputs.map((output) => {
    const { name, datatype, shape } = output;
    if (!isBinary(name)) return { name, datatype, shape, data: Array.from(output.data) };
    const bytes = writeRawTensor(output);
    raw.push(bytes);
    return { name, datatype, shape, parameters: { binary_data_size: bytes.byteLength } };
  });
  const { modelName, modelVersion, id, parameters } = response;
  const json = JSON.stringify({ model_name: modelName, model_version: modelVersion, id, parameters, outputs });
  return { json: encoder.encode(json), raw };
}

/** The error body of the Open Inference Protocol v2. */
export function toErrorJson(message: string): string {
  return JSON.stringify({ error: message });
}
