import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Millis } from "../base/clock.ts";
import type { Bytes } from "../base/units.ts";

/** How much of a body that nobody wants is read before its connection is closed. */
export interface Linger {
  readonly bytes: Bytes;
  readonly ms: Millis;
}

const usualLinger: Linger = { bytes: 64 * 1024 * 1024, ms: 2_000 };

/**
 * Answers a request at once, whether or not its body has come.
 *
 * Where the connection closes with the answer and the caller is still sending, the rest is read and thrown away first, within
 * bounds: a socket that is closed over bytes that nobody read is reset, and the caller would meet EPIPE instead of the answer
 * (nginx's `lingering_close`, for the same reason).
 */
export function answerUnread(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  body: Uint8Array | string,
): void {
  response.writeHead(status, headers);
  if (response.req.complete || !closesAfter(response, headers)) {
    response.end(body);
    return;
  }
  response.write(body);
  endLingering(response);
}

/** Ends an answer that is written, once the body of its request has come or enough of it was thrown away. */
export function endLingering(response: ServerResponse, limits: Linger = usualLinger): void {
  const { req: request } = response;
  let bytes = 0;
  const end = (): void => {
    clearTimeout(timer);
    request.removeListener("data", count);
    response.end();
  };
  const count = (chunk: Uint8Array): void => {
    bytes += chunk.byteLength;
    if (bytes > limits.bytes) end();
  };
  const timer = setTimeout(end, limits.ms);
  // Who was reading wants no more of it.
  request.removeAllListeners("data");
  request.on("data", count);
  request.once("end", end);
  request.once("close", end);
  request.resume();
}

function closesAfter(response: ServerResponse, headers: OutgoingHttpHeaders): boolean {
  return !response.shouldKeepAlive || headers["connection"] === "close" || response.getHeader("connection") === "close";
}
