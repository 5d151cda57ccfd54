import { type IncomingMessage, request as send, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { Fault } from "../../base/fault.ts";

/** How long a neighbour may take to answer. */
const answerTimeoutMs = 30_000;

/** Headers that concern one connection alone (RFC 9110 section 7.6.1), or that are set anew. */
const hopHeaders: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "te",
  "trailer",
  "expect",
  "content-length",
]);

/**
 * Has a neighbour of this worker answer a request whose body was read already, and passes the answer on as it is.
 *
 * @param socket path of the neighbour's Unix socket.
 * @throws {Fault} `serving.model-not-ready` when it cannot be reached; nothing was sent to the caller then.
 */
export async function forwardRequest(
  socket: string,
  request: IncomingMessage,
  body: Uint8Array,
  response: ServerResponse,
): Promise<void> {
  const answer = await ask(socket, request, body, response);
  response.writeHead(answer.statusCode ?? 502, withoutHops(answer.headers));
  await pipeline(answer, response);
}

function ask(
  socket: string,
  request: IncomingMessage,
  body: Uint8Array,
  response: ServerResponse,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = send({
      socketPath: socket,
      method: request.method,
      path: request.url,
      headers: { ...withoutHops(request.headers), "content-length": body.length },
      timeout: answerTimeoutMs,
    });
    response.once("close", () => {
      if (!response.writableFinished) asked.destroy();
    });
    asked.once("response", resolve);
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

function withoutHops(headers: IncomingMessage["headers"]): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !hopHeaders.has(name)) kept[name] = value;
  }
  return kept;
}
