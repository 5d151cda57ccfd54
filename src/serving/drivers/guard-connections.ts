import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { refusalJson, serverRefusal } from "../gateway/protocol/refusal.ts";

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};

/** What became of connections elsewhere. */
export interface ConnectionGuard {
  /** Another protocol looks after this connection from now on. */
  release(socket: Duplex): void;
}

/**
 * Keeps callers that send no whole request from starving others: of connections whose first headers are not there yet at most
 * `maxUnfinished` are kept, and the oldest goes first. What is no HTTP, or has too large headers, is told so.
 */
export function guardConnections(server: Server, maxUnfinished: number): ConnectionGuard {
  const unfinished = new Set<Duplex>();
  // The last answer on each connection.
  const answers = new WeakMap<Duplex, ServerResponse>();
  server.on("connection", (socket: Duplex) => {
    unfinished.add(socket);
    socket.once("close", () => unfinished.delete(socket));
    if (unfinished.size <= maxUnfinished) return;
    const [oldest] = unfinished;
    oldest?.destroy();
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    unfinished.delete(socket);
    answers.set(socket, response);
  });
  server.on("clientError", (error: Error & { readonly code?: string }, socket: Duplex) => {
    // Within an answer nothing else may be written.
    const isAnswering = answers.get(socket)?.closed === false;
    if (!socket.writable || isAnswering || error.code === "ECONNRESET") {
      socket.destroy();
      return;
    }
    const status = statusOf(error.code);
    const body = refusalJson({
      ...serverRefusal(status, "bad_http", describe(status, error.message)),
      type: "invalid_request_error",
    });
    const head = `HTTP/1.1 ${status} ${reasons[status]}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
    socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`);
  });
  return { release: (socket) => void unfinished.delete(socket) };
}

function statusOf(code: string | undefined): 400 | 408 | 431 {
  if (code === "HPE_HEADER_OVERFLOW") return 431;
  return code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
}

function describe(status: number, found: string): string {
  if (status === 431) return "the headers of a request are too large";
  return status === 408 ? "the request did not arrive in time" : `a request wants to be HTTP/1.1; ${found}`;
}
