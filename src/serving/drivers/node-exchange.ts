import type { IncomingMessage, ServerResponse } from "node:http";
import type { Millis } from "../../base/clock.ts";
import type { Bytes } from "../../base/units.ts";
import { answerUnread } from "../../platform/lingering-end.ts";
import { readBoundedBody } from "./bounded-body.ts";
import type { AnswerHeaders, AnswerSink, CallerExchange } from "./caller-exchange.ts";
import type { RequestHeaders } from "./known-request.ts";

/** An answer that Node's own HTTP server writes. */
export class NodeSink implements AnswerSink {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get hasBegun(): boolean {
    return this.#response.headersSent;
  }

  get isOver(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  sendWhole(status: number, headers: AnswerHeaders, body: Uint8Array | string): void {
    answerUnread(this.#response, status, { ...headers, "content-length": Buffer.byteLength(body) }, body);
  }

  begin(status: number, headers: AnswerHeaders): void {
    this.#response.writeHead(status, headers);
  }

  write(bytes: Uint8Array | string): boolean {
    return this.#response.write(bytes);
  }

  onDrained(then: () => void): void {
    this.#response.once("drain", then);
  }

  end(bytes?: Uint8Array | string): void {
    if (bytes === undefined) this.#response.end();
    else this.#response.end(bytes);
  }

  breakOff(): void {
    this.#response.destroy();
  }

  onGone(then: () => void): () => void {
    const response = this.#response;
    const onClose = (): void => {
      if (!response.writableFinished) then();
    };
    response.once("close", onClose);
    if (response.destroyed) then();
    return () => response.removeListener("close", onClose);
  }
}

/** A request that Node's own HTTP server reads. */
export class NodeExchange implements CallerExchange {
  readonly sink: NodeSink;
  readonly #request: IncomingMessage;
  readonly #lingerMs: Millis;

  /** @param lingerMs how long the rest of a body that is too large is read and thrown away. */
  constructor(request: IncomingMessage, response: ServerResponse, lingerMs: Millis) {
    this.sink = new NodeSink(response);
    this.#request = request;
    this.#lingerMs = lingerMs;
  }

  get method(): string {
    return this.#request.method ?? "GET";
  }

  get url(): string {
    return this.#request.url ?? "/";
  }

  get headers(): RequestHeaders {
    return this.#request.headers;
  }

  readBody(maxBytes: Bytes): Promise<Uint8Array> {
    return readBoundedBody(this.#request, maxBytes, this.#lingerMs);
  }
}
