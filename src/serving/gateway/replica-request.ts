import { Fault } from "../../base/fault.ts";
import type { InputLayout } from "../runtimes/input-layout.ts";
import type { Element, TensorSignature } from "../tensor.ts";
import type { JoinedRows } from "./feature-join.ts";

/** An inference request as bytes for a replica. */
export interface ReplicaRequest {
  readonly body: Uint8Array;
  /** How many of the first bytes are JSON when raw tensors follow, else null. */
  readonly jsonBytes: number | null;
}

const encoder = new TextEncoder();

/**
 * Writes rows as a request that the replica's model takes, asking for the probability only.
 *
 * A matrix of numbers travels as raw little-endian FP32 after the JSON (a value that is not known as NaN), tensors of their own as
 * JSON.
 */
export function toReplicaRequest(layout: InputLayout, output: TensorSignature, joined: JoinedRows): ReplicaRequest {
  const outputs = [{ name: output.name }];
  if (layout.kind === "matrix" && layout.input.datatype === "FP32")
    return rawMatrix(layout.input.name, joined, outputs);
  const inputs =
    layout.kind === "matrix"
      ? [
          {
            name: layout.input.name,
            datatype: layout.input.datatype,
            shape: [joined.rows, joined.columns.length],
            data: joined.values,
          },
        ]
      : layout.inputs.map((input) => columnTensor(input, joined));
  return { body: encoder.encode(JSON.stringify({ inputs, outputs })), jsonBytes: null };
}

function rawMatrix(name: string, joined: JoinedRows, outputs: readonly { readonly name: string }[]): ReplicaRequest {
  const bytes = joined.values.length * 4;
  const shape = [joined.rows, joined.columns.length];
  const head = encoder.encode(
    JSON.stringify({ inputs: [{ name, datatype: "FP32", shape, parameters: { binary_data_size: bytes } }], outputs }),
  );
  const body = new Uint8Array(head.byteLength + bytes);
  body.set(head);
  const view = new DataView(body.buffer, head.byteLength);
  for (let index = 0; index < joined.values.length; index += 1) {
    view.setFloat32(index * 4, toNumber(joined.values[index]), true);
  }
  return { body, jsonBytes: head.byteLength };
}

function columnTensor(input: TensorSignature, joined: JoinedRows): unknown {
  const column = joined.columns.indexOf(input.name);
  const width = joined.columns.length;
  const data = Array.from({ length: joined.rows }, (_, row) => joined.values[row * width + column] ?? null);
  const shape = input.shape.length === 1 ? [joined.rows] : [joined.rows, 1];
  return { name: input.name, datatype: input.datatype, shape, data };
}

function toNumber(value: Element | undefined): number {
  return value === null || value === undefined ? Number.NaN : Number(value);
}

/**
 * Reads the probability of the positive class for each row from a replica's answer: the last column of its output.
 *
 * @throws {Fault} `serving.inference-failed` when the answer has another shape.
 */
export function readProbabilities(body: Uint8Array, rows: number): readonly number[] {
  const data = readAnswer(body)?.outputs?.[0]?.data ?? [];
  const width = data.length / rows;
  if (!Number.isInteger(width) || width < 1) {
    throw new Fault(
      "serving.inference-failed",
      `the replica's answer wants ${rows} rows, found ${data.length} elements`,
    );
  }
  return Array.from({ length: rows }, (_, row) => Number(data[row * width + width - 1]));
}

type Answer = { readonly outputs?: readonly { readonly data?: readonly unknown[] }[] } | null;

function readAnswer(body: Uint8Array): Answer {
  const text = new TextDecoder().decode(body);
  try {
    return JSON.parse(text) as Answer;
  } catch (cause) {
    const found = `found ${JSON.stringify(text.slice(0, 100))}`;
    throw new Fault("serving.inference-failed", `the replica's answer wants JSON, ${found}`, { cause });
  }
}
