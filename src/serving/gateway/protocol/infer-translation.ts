import * as z from "zod";
import { Fault } from "../../../base/fault.ts";
import { writeRawTensor } from "../../raw-tensor.ts";
import { isDatatype, type Element } from "../../tensor.ts";
import type {
  InferRequestMessage,
  InferResponseMessage,
  ParameterMessage,
  ParametersMessage,
  TensorMessage,
} from "./infer-message.ts";
import { contentsToRaw, hasContents, rawToContents } from "./tensor-contents.ts";

/** An inference as a REST request with the binary tensor extension has it. */
export interface RestInference {
  readonly body: Uint8Array;
  /** How many of the first bytes are JSON. */
  readonly jsonBytes: number;
}

/**
 * Writes a gRPC inference as a REST request: all tensors raw behind the JSON, since raw bytes lose nothing, and all outputs asked for
 * raw.
 *
 * @throws {Fault} `serving.request-invalid` when tensors and contents do not belong together.
 */
export function toRestInference(message: InferRequestMessage): RestInference {
  const raw = rawInputs(message);
  const inputs = message.inputs.map(({ name, datatype, shape, parameters }, index) => ({
    name,
    datatype,
    shape: shape.map(Number),
    parameters: { ...fromParameters(parameters), binary_data_size: raw[index]?.byteLength ?? 0 },
  }));
  const head = new TextEncoder().encode(
    JSON.stringify({
      ...(message.id === "" ? {} : { id: message.id }),
      parameters: { ...fromParameters(message.parameters), binary_data_output: true },
      inputs,
      ...(message.outputs.length === 0 ? {} : { outputs: message.outputs.map(requestedOutput) }),
    }),
  );
  const body = new Uint8Array(raw.reduce((sum, each) => sum + each.byteLength, head.byteLength));
  body.set(head);
  let at = head.byteLength;
  for (const each of raw) {
    body.set(each, at);
    at += each.byteLength;
  }
  return { body, jsonBytes: head.byteLength };
}

function requestedOutput({ name, parameters }: InferRequestMessage["outputs"][number]): unknown {
  return { name, parameters: { ...fromParameters(parameters), binary_data: true } };
}

function rawInputs({ inputs, raw_input_contents: raw }: InferRequestMessage): readonly Uint8Array[] {
  if (raw.length === 0) {
    return inputs.map(({ name, datatype, shape, contents }) =>
      contentsToRaw(name, datatype, shape.map(Number), contents ?? {}),
    );
  }
  if (raw.length !== inputs.length) {
    throw invalid(`raw_input_contents wants one entry for each of ${inputs.length} inputs, found ${raw.length}`);
  }
  const both = inputs.find(({ contents }) => contents !== undefined && contents !== null);
  if (both !== undefined) throw invalid(`input "${both.name}" wants no contents beside raw_input_contents`);
  return raw;
}

const answerSchema = z.looseObject({
  model_name: z.string().default(""),
  model_version: z.string().default(""),
  id: z.string().default(""),
  parameters: z.record(z.string(), z.unknown()).default({}),
  outputs: z.array(
    z.looseObject({
      name: z.string(),
      datatype: z.string(),
      shape: z.array(z.number()),
      parameters: z.record(z.string(), z.unknown()).default({}),
      data: z.array(z.unknown()).optional(),
    }),
  ),
});

type Output = z.infer<typeof answerSchema>["outputs"][number];

/**
 * Reads the REST answer of an inference back into a gRPC message.
 *
 * @param jsonBytes how many of the first bytes are JSON; null when all are.
 * @param isRaw whether outputs are wanted raw; else they are typed, where each of them can be.
 * @throws {Fault} `serving.inference-failed` when the answer is none of the protocol.
 */
export function fromRestInference(body: Uint8Array, jsonBytes: number | null, isRaw: boolean): InferResponseMessage {
  const answer = parseAnswer(body, jsonBytes);
  let at = jsonBytes ?? body.byteLength;
  const raw = answer.outputs.map((output) => {
    const size = output.parameters.binary_data_size;
    if (typeof size !== "number") return rawOf(output);
    at += size;
    return body.subarray(at - size, at);
  });
  const staysRaw = isRaw || !answer.outputs.every(({ datatype }) => hasContents(datatype));
  const outputs = answer.outputs.map((output, index): TensorMessage => {
    const { name, datatype, shape } = output;
    const { binary_data_size: _size, ...rest } = output.parameters;
    const parameters = toParameters(rest);
    const bytes = raw[index] ?? new Uint8Array();
    if (staysRaw) return { name, datatype, shape, parameters };
    return { name, datatype, shape, parameters, contents: rawToContents(name, datatype, shape, bytes) };
  });
  return {
    model_name: answer.model_name,
    model_version: answer.model_version,
    id: answer.id,
    parameters: toParameters(answer.parameters),
    outputs,
    raw_output_contents: staysRaw ? raw : [],
  };
}

function parseAnswer(body: Uint8Array, jsonBytes: number | null): z.infer<typeof answerSchema> {
  const text = new TextDecoder().decode(jsonBytes === null ? body : body.subarray(0, jsonBytes));
  try {
    return answerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Fault(
      "serving.inference-failed",
      "the replica's answer wants to be one of the Open Inference Protocol v2",
      {
        cause,
      },
    );
  }
}

/** Elements that came as JSON all the same. */
function rawOf({ name, datatype, shape, data }: Output): Uint8Array {
  if (!isDatatype(datatype) || data === undefined) {
    throw new Fault("serving.inference-failed", `output "${name}" of datatype ${datatype} came without its elements`);
  }
  const elements = data.flat(Number.POSITIVE_INFINITY) as readonly Element[];
  return writeRawTensor({ name, datatype, shape, data: elements });
}

function fromParameters(parameters: ParametersMessage | undefined): Record<string, string | number | boolean> {
  const values: Record<string, string | number | boolean> = {};
  for (const [name, parameter] of Object.entries(parameters ?? {})) {
    const value = valueOf(parameter);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function valueOf(parameter: ParameterMessage): string | number | boolean | undefined {
  switch (parameter.parameter_choice) {
    case "bool_param":
      return parameter.bool_param;
    case "int64_param":
      return Number(String(parameter.int64_param));
    case "uint64_param":
      return Number(String(parameter.uint64_param));
    case "double_param":
      return parameter.double_param;
    default:
      return parameter.string_param;
  }
}

function toParameters(values: Readonly<Record<string, unknown>>): ParametersMessage {
  const parameters: Record<string, ParameterMessage> = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "boolean") parameters[name] = { bool_param: value };
    else if (typeof value === "string") parameters[name] = { string_param: value };
    else if (typeof value !== "number") continue;
    else parameters[name] = Number.isSafeInteger(value) ? { int64_param: value } : { double_param: value };
  }
  return parameters;
}

function invalid(message: string): Fault {
  return new Fault("serving.request-invalid", message);
}
