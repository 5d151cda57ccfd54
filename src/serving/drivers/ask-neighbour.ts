import { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request as send } from "node:http";
import type { Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { jsonLengthHeader } from "../infer-request.ts";
import { grpcStatusOf } from "../gateway/protocol/grpc-status.ts";
import { GrpcError } from "./grpc-exchange.ts";

/** How long a neighbour may take to answer. */
const answerTimeoutMs: Millis = 30_000;

/** What a neighbour is asked. */
interface NeighbourRequest {
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Uint8Array;
}

/** What it answered. */
interface NeighbourAnswer {
  readonly body: Uint8Array;
  /** How many of the first bytes are JSON when raw tensors follow, else null. */
  readonly jsonBytes: number | null;
}

/**
 * Has a neighbour of this worker answer an inference by REST.
 *
 * @param socket path of the neighbour's Unix socket.
 * @throws {GrpcError} with what it refused by; {Fault} `serving.model-not-ready` when it cannot be reached.
 */
export function askNeighbour(
  socket: string,
  { path, headers, body }: NeighbourRequest,
  maxBytes: number,
  signal: AbortSignal,
): Promise<NeighbourAnswer> {
  return new Promise((resolve, reject) => {
    const options = { socketPath: socket, method: "POST", path, timeout: answerTimeoutMs, signal };
    const asked = send({ ...options, headers: { ...headers, "content-length": body.byteLength } });
    asked.once("response", (answer) => {
      readWhole(answer, maxBytes)
        .then((bytes) => resolve(toAnswer(answer, bytes)), reject)
        .catch(reject);
    });
    asked.once("timeout", () => asked.destroy(new Error(`no answer within ${answerTimeoutMs} ms`)));
    asked.once("error", (cause) =>
      reject(
        new Fault(
          "serving.model-not-ready",
          `the worker that holds the online features could not be asked (${cause.message}); try again in a moment`,
          { cause },
        ),
      ),
    );
    asked.end(body);
  });
}

async function readWhole(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > maxBytes)
      throw new GrpcError(grpcStatusOf(413), `an answer wants at most ${maxBytes} bytes, found more`);
  }
  return Buffer.concat(chunks);
}

function toAnswer({ statusCode = 502, headers }: IncomingMessage, body: Buffer): NeighbourAnswer {
  if (statusCode !== 200) throw new GrpcError(grpcStatusOf(statusCode), errorIn(body));
  return { body, jsonBytes: jsonBytesIn(headers) };
}

function jsonBytesIn(headers: IncomingHttpHeaders): number | null {
  const text = headers[jsonLengthHeader];
  return text === undefined ? null : Number(text);
}

function errorIn(body: Buffer): string {
  const text = body.toString("utf8");
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "error" in value) return String(value.error);
  } catch {
    // It is no JSON: its words are told as they are.
  }
  return text.slice(0, 500);
}
