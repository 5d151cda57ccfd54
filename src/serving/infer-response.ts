import { writeRawTensor } from "./raw-tensor.ts";
import { isWide, type Tensor } from "./tensor.ts";

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
  return envelope(response, response.outputs.map(outputJson));
}

function envelope({ modelName, modelVersion, id, parameters }: InferResponse, outputs: readonly string[]): string {
  const head = JSON.stringify({ model_name: modelName, model_version: modelVersion, id, parameters });
  return `${head.slice(0, -1)},"outputs":[${outputs.join(",")}]}`;
}

function outputJson({ name, datatype, shape, data }: Tensor): string {
  const head = JSON.stringify({ name, datatype, shape });
  // Whole numbers of JSON have any number of digits, though JavaScript writes only 53 bits of them.
  const elements = isWide(data) ? `[${data.join(",")}]` : JSON.stringify(Array.from(data));
  return `${head.slice(0, -1)},"data":${elements}}`;
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
    if (!isBinary(name)) return outputJson(output);
    const bytes = writeRawTensor(output);
    raw.push(bytes);
    return JSON.stringify({ name, datatype, shape, parameters: { binary_data_size: bytes.byteLength } });
  });
  return { json: encoder.encode(envelope(response, outputs)), raw };
}

/** The error body of the Open Inference Protocol v2. */
export function toErrorJson(message: string): string {
  return JSON.stringify({ error: message });
}
