import { type IncomingMessage, request as send, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { maxFileBytes } from "../batch/batch-model.ts";
import { endLingering } from "../../platform/lingering-end.ts";
import { requestIdHeader } from "./request-id.ts";

/** Bytes of one body: a file, and the form around it. */
const maxForwardedBytes = maxFileBytes + 1024 * 1024;

/** How long nothing may flow between the gateway and the control plane. */
const idleMs: Millis = 60_000;

/** Headers that are passed on, there and back. */
const requestHeaders = ["authorization", "content-type", "content-length", "accept"] as const;
const responseHeaders = ["content-type", "content-length", "retry-after", "x-content-type-options"] as const;

/** Has the control plane answer requests about files and batches; bodies flow both ways and are never held. */
export class ControlForwarder {
  #url: string | null = null;

  /** Where the control plane listens. */
  setUrl(url: string): void {
    this.#url = url;
  }

  /**
   * Passes a request on and its answer back.
   *
   * @param path with its query, in the control plane's API.
   * @throws {Fault} `serving.control-unavailable`, `platform.body-too-large`; nothing was answered then.
   */
  async forward(request: IncomingMessage, response: ServerResponse, path: string, requestId: string): Promise<void> {
    const announced = Number(request.headers["content-length"] ?? 0);
    if (announced > maxForwardedBytes) {
      response.setHeader("connection", "close");
      throw new Fault("platform.body-too-large", `a body wants at most ${maxForwardedBytes} bytes, found ${announced}`);
    }
    const answer = await this.#ask(request, response, path);
    const headers: Record<string, string> = { [requestIdHeader]: requestId };
    for (const name of responseHeaders) {
      const value = answer.headers[name];
      if (typeof value === "string") headers[name] = value;
    }
    const isUnread = !request.complete;
    if (isUnread) headers.connection = "close";
    response.writeHead(answer.statusCode ?? 502, headers);
    await pipeline(answer, response, { end: !isUnread }).then(
      () => isUnread && endLingering(response),
      () => response.destroy(),
    );
  }

  #ask(request: IncomingMessage, response: ServerResponse, path: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      if (this.#url === null) {
        reject(away("nobody told where it is"));
        return;
      }
      const asked = send(`${this.#url}${path}`, {
        method: request.method,
        headers: { ...kept(request), ...bodyHeaders(request) },
        timeout: idleMs,
        agent: false,
      });
      response.once("close", () => {
        if (!response.writableFinished) asked.destroy();
      });
      asked.once("response", (answer) => {
        request.unpipe(asked);
        resolve(answer);
      });
      asked.once("timeout", () => asked.destroy(new Error(`nothing flowed for ${idleMs} ms`)));
      // After its answer has begun, an error concerns the rest of a body that it did not want.
      asked.on("error", (cause) => {
        request.unpipe(asked);
        reject(away(cause.message, cause));
      });
      request.once("error", (cause) => asked.destroy(cause));
      request.pipe(asked);
    });
  }
}

function kept({ headers }: IncomingMessage): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of requestHeaders) {
    const value = headers[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/** A body of unknown length is sent on in chunks; a request without a body is sent on without one. */
function bodyHeaders({ headers }: IncomingMessage): Record<string, string> {
  return headers["transfer-encoding"] === undefined ? {} : { "transfer-encoding": "chunked" };
}

function away(why: string, cause?: unknown): Fault {
  return new Fault(
    "serving.control-unavailable",
    `files and batches are the control plane's, which cannot be asked (${why}); try again in a moment`,
    cause === undefined ? {} : { cause },
  );
}
