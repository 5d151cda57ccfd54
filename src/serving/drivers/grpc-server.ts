import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import type { Log } from "../../platform/ports.ts";
import { grpcStatus, grpcStatusOf, parseGrpcTimeout } from "../gateway/protocol/grpc-status.ts";
import { errorRefusal } from "./error-refusal.ts";
import { GrpcError, GrpcExchange } from "./grpc-exchange.ts";
import type { GrpcMethod } from "./grpc-methods.ts";

/** Calls under way at once on one connection. */
const maxStreams = 256;

/** Calls under way at once in all. */
const maxCalls = 4096;

/** Bytes that a caller may send on one stream before they are read. */
const windowBytes = 1024 * 1024;

/** Bytes that all calls of one connection may send together before they are read; HTTP/2's own 64 KiB make large tensors take turns. */
const sessionWindowBytes = 4 * windowBytes;

/** How long a connection without calls is kept. */
const idleSessionMs = 300_000;

/** The longest deadline that is watched: more is no deadline. */
const maxDeadlineMs = 2 ** 31 - 1;

/** What serving gRPC needs. */
export interface GrpcGround {
  readonly log: Log;
  /** The methods by their paths, such as `/inference.GRPCInferenceService/ModelInfer`. */
  readonly methods: ReadonlyMap<string, GrpcMethod>;
  /** Bytes of one message. */
  readonly messageBytes: number;
}

/** Serves gRPC on connections that speak HTTP/2 from their first byte. */
export class GrpcServer {
  readonly #ground: GrpcGround;
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();
  #calls = 0;

  constructor(ground: GrpcGround) {
    this.#ground = ground;
    this.#server = createServer({ settings: { maxConcurrentStreams: maxStreams, initialWindowSize: windowBytes } });
    this.#server.on("session", (session) => this.#keep(session));
    this.#server.on("stream", (stream, headers) => void this.#answer(stream, headers));
    // What a single connection does wrong ends that connection alone.
    this.#server.on("sessionError", () => undefined);
  }

  /** Serves a connection whose first bytes were looked at and put back. */
  accept(socket: Socket): void {
    this.#server.emit("connection", socket);
  }

  /** Takes no new calls, lets those under way end, at most `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    const sessions = [...this.#sessions];
    const closed = sessions.map((session) => new Promise<void>((resolve) => session.close(resolve)));
    const timer = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
    }, graceMs);
    await Promise.all(closed);
    clearTimeout(timer);
  }

  #keep(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.setLocalWindowSize(sessionWindowBytes);
    session.once("close", () => this.#sessions.delete(session));
    session.on("error", () => session.destroy());
    session.setTimeout(idleSessionMs, () => session.close());
  }

  async #answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    stream.on("error", () => undefined);
    const path = headers[":path"] ?? "";
    const isGrpc = headers[":method"] === "POST" && /^application\/grpc($|[+;])/.test(headers["content-type"] ?? "");
    if (!isGrpc) {
      stream.respond({ ":status": 415, "content-type": "text/plain" });
      stream.end("HTTP/2 wants gRPC here; speak HTTP/1.1 for REST\n");
      return;
    }
    const exchange = new GrpcExchange(stream, this.#ground.messageBytes);
    const abort = new AbortController();
    stream.once("close", () => abort.abort(new Error("the caller went away")));
    const stopWatching = this.#watchDeadline(exchange, headers, abort);
    this.#calls += 1;
    try {
      if (exchange.hasEnded) return;
      if (this.#calls > maxCalls) throw new GrpcError(grpcStatus.resourceExhausted, "too many calls are under way");
      const method = this.#ground.methods.get(path);
      if (method === undefined)
        throw new GrpcError(grpcStatus.unimplemented, `there is no method ${path.slice(0, 200)}`);
      await method({ exchange, headers, signal: abort.signal });
      exchange.end(grpcStatus.ok);
    } catch (error) {
      if (!stream.destroyed) this.#tell(exchange, path, error);
    } finally {
      this.#calls -= 1;
      stopWatching();
    }
  }

  #tell(exchange: GrpcExchange, path: string, error: unknown): void {
    if (error instanceof GrpcError) {
      exchange.end(error.status, error.message);
      return;
    }
    const { status, message } = errorRefusal(error, this.#ground.log, { url: path });
    exchange.end(grpcStatusOf(status), message);
  }

  #watchDeadline(exchange: GrpcExchange, headers: IncomingHttpHeaders, abort: AbortController): () => void {
    const text = headers["grpc-timeout"];
    const timeoutMs = parseGrpcTimeout(typeof text === "string" ? text : undefined);
    if (timeoutMs === undefined) {
      exchange.end(
        grpcStatus.invalidArgument,
        `grpc-timeout wants digits and a unit such as 500m, found ${String(text)}`,
      );
    }
    if (timeoutMs === undefined || timeoutMs === null || timeoutMs > maxDeadlineMs) return () => undefined;
    const timer = setTimeout(() => {
      exchange.end(grpcStatus.deadlineExceeded, `the call wants an answer within ${timeoutMs} ms and had none`);
      abort.abort(new Error("the deadline has passed"));
    }, timeoutMs);
    return () => clearTimeout(timer);
  }
}
