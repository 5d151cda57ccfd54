import type { ServerHttp2Stream } from "node:http2";
import { type FrameFound, FrameReader, grpcFrame } from "../gateway/protocol/grpc-frame.ts";
import { grpcMessage, type GrpcStatus, grpcStatus } from "../gateway/protocol/grpc-status.ts";

/** Why a call ends without an answer, as gRPC tells it. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly status: GrpcStatus;

  constructor(status: GrpcStatus, message: string) {
    super(message);
    this.status = status;
  }
}

/** One call of gRPC on one HTTP/2 stream: messages in, messages out, and a status at the end. */
export class GrpcExchange {
  readonly #stream: ServerHttp2Stream;
  readonly #reader: FrameReader;
  #hasHeaders = false;
  #hasEnded = false;

  /** @param maxBytes of one message. */
  constructor(stream: ServerHttp2Stream, maxBytes: number) {
    this.#stream = stream;
    this.#reader = new FrameReader(maxBytes);
  }

  /** Whether the status was sent. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The messages as they come; none is read before the one before it was taken. @throws {GrpcError} for what is none. */
  async *messages(): AsyncGenerator<Uint8Array, void, undefined> {
    // Leaving the loop early must leave the stream open: its status is still to be sent.
    for await (const chunk of this.#stream.iterator({ destroyOnReturn: false })) {
      this.#reader.push(chunk as Uint8Array);
      for (let found = this.#reader.next(); found !== undefined; found = this.#reader.next()) yield messageOf(found);
    }
    if (!this.#reader.isEmpty) throw new GrpcError(grpcStatus.invalidArgument, "the call ended within a message");
  }

  /** The only message of a call that has one. @throws {GrpcError} when there is none, or another one. */
  async message(): Promise<Uint8Array> {
    let only: Uint8Array | undefined;
    for await (const message of this.messages()) {
      if (only !== undefined)
        throw new GrpcError(grpcStatus.unimplemented, "this method wants one message, found more");
      only = message;
    }
    if (only === undefined) throw new GrpcError(grpcStatus.unimplemented, "this method wants one message, found none");
    return only;
  }

  /** Sends a message. Resolves once the caller takes more. */
  async send(message: Uint8Array): Promise<void> {
    if (!this.#isOpen()) return;
    this.#respond();
    if (this.#stream.write(grpcFrame(message))) return;
    await new Promise<void>((resolve) => {
      this.#stream.once("drain", resolve);
      this.#stream.once("close", resolve);
    });
  }

  /** Ends the call; the second time does nothing. */
  end(status: GrpcStatus, message = ""): void {
    if (this.#hasEnded) return;
    const isOpen = this.#isOpen();
    this.#hasEnded = true;
    if (!isOpen) return;
    const trailers = {
      "grpc-status": String(status),
      ...(message === "" ? {} : { "grpc-message": grpcMessage(message) }),
    };
    if (!this.#hasHeaders) {
      this.#hasHeaders = true;
      this.#stream.respond({ ...responseHeaders, ...trailers }, { endStream: true });
    } else {
      this.#stream.once("wantTrailers", () => this.#stream.sendTrailers(trailers));
      this.#stream.end();
    }
    // What is still to come of the request is not wanted: reading it to its end lets the stream close.
    this.#stream.resume();
  }

  #respond(): void {
    if (this.#hasHeaders) return;
    this.#hasHeaders = true;
    this.#stream.respond(responseHeaders, { waitForTrailers: true });
  }

  #isOpen(): boolean {
    return !this.#hasEnded && !this.#stream.destroyed && !this.#stream.closed;
  }
}

const responseHeaders = {
  ":status": 200,
  "content-type": "application/grpc",
  "grpc-accept-encoding": "identity",
} as const;

function messageOf(found: FrameFound): Uint8Array {
  switch (found.kind) {
    case "message":
      return found.message;
    case "compressed":
      throw new GrpcError(grpcStatus.unimplemented, "messages want to be uncompressed: only identity is supported");
    case "too-large":
      throw new GrpcError(
        grpcStatus.resourceExhausted,
        `a message wants at most ${found.maxBytes} bytes, found ${found.bytes}`,
      );
  }
}
