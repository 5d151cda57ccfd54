import { STATUS_CODES } from "node:http";
import type { Bytes } from "../../base/units.ts";
import { Fault } from "../../base/fault.ts";
import type { FrontHead } from "../gateway/protocol/front-head.ts";
import { writeAnswerHead } from "../gateway/protocol/answer-head-text.ts";
import type { AnswerHeaders, AnswerSink, CallerExchange } from "./caller-exchange.ts";
import type { RequestHeaders } from "./known-request.ts";
import type { CallerOutput } from "./caller-output.ts";

/** What an exchange needs of its connection. */
export interface ExchangeConnection {
  readonly output: CallerOutput;
  /** Header lines that every answer has, with the end of the last: the date, and whether the connection is kept. */
  commonLines(): string;
  /** The answer was written as a whole. */
  answered(): void;
  breakOff(): void;
}

const nothing = new Uint8Array();
const lastChunk = "0\r\n\r\n";
const chunkEnd = "\r\n";

/**
 * One request that the front read, and its answer. What is written within one turn leaves in one piece.
 *
 * Its connection carries the next request only when the answer has ended: what is called later does nothing.
 */
export class FrontExchange implements CallerExchange, AnswerSink {
  readonly #connection: ExchangeConnection;
  readonly #head: FrontHead;
  /** The body as far as it came: a part that is all of it, or one piece of its announced length. */
  #piece: Uint8Array = nothing;
  #held = 0;
  #isWhole = false;
  #reader: { readonly resolve: (body: Uint8Array) => void; readonly reject: (error: Fault) => void } | null = null;
  #isGone = false;
  #hasEnded = false;
  #hasBegun = false;
  #isChunked = false;
  #onDrained: (() => void) | null = null;
  #onGone: (() => void) | null = null;

  constructor(connection: ExchangeConnection, head: FrontHead) {
    this.#connection = connection;
    this.#head = head;
    this.#isWhole = head.bodyBytes === 0;
  }

  readonly method = "POST";

  get url(): string {
    return this.#head.path;
  }

  get headers(): RequestHeaders {
    return this.#head.headers;
  }

  get operation(): FrontHead["operation"] {
    return this.#head.operation;
  }

  get sink(): AnswerSink {
    return this;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  get isOver(): boolean {
    return this.#isGone || this.#hasEnded;
  }

  /** Whether the answer was written as a whole. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Takes a part of the body; a long one is held once, in one piece, and not as parts and the piece that is made of them. */
  take(part: Uint8Array, isLast: boolean): void {
    // Nobody wants the rest of the body of a request that was answered.
    if (!this.#hasEnded && part.byteLength > 0) this.#keep(part);
    this.#isWhole = isLast;
    if (!isLast || this.#reader === null) return;
    this.#reader.resolve(this.#body());
    this.#reader = null;
  }

  readBody(maxBytes: Bytes): Uint8Array | Promise<Uint8Array> {
    const { bodyBytes } = this.#head;
    if (bodyBytes > maxBytes) {
      const message = `a body wants at most ${maxBytes} bytes, found ${bodyBytes}`;
      return Promise.reject(new Fault("platform.body-too-large", message));
    }
    if (this.#isWhole) return this.#body();
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      if (this.#isGone) this.#rejectReader();
    });
  }

  #keep(part: Uint8Array): void {
    const { bodyBytes } = this.#head;
    if (part.byteLength === bodyBytes) {
      this.#piece = part;
      return;
    }
    if (this.#held === 0) this.#piece = Buffer.allocUnsafe(bodyBytes);
    this.#piece.set(part, this.#held);
    this.#held += part.byteLength;
  }

  #body(): Uint8Array {
    const body = this.#piece;
    this.#piece = nothing;
    return body;
  }

  #rejectReader(): void {
    this.#reader?.reject(new Fault("serving.request-invalid", "the caller went away before its body was whole"));
    this.#reader = null;
  }

  sendWhole(status: number, headers: AnswerHeaders, body: Uint8Array | string): void {
    if (this.isOver) return;
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    this.begin(status, { ...headers, "content-length": bytes.byteLength });
    this.end(bytes);
  }

  begin(status: number, headers: AnswerHeaders): void {
    if (this.isOver || this.#hasBegun) return;
    const isChunked = headers["content-length"] === undefined;
    const common = this.#connection.commonLines();
    const head = writeAnswerHead(status, STATUS_CODES[status] ?? "", headers, isChunked, common);
    this.#hasBegun = true;
    this.#isChunked = isChunked;
    this.#connection.output.add(head);
  }

  write(bytes: Uint8Array | string): boolean {
    if (this.isOver) return true;
    this.#addBody(bytes);
    const { output } = this.#connection;
    output.flushSoon();
    return !output.isFull;
  }

  onDrained(then: () => void): void {
    this.#onDrained = then;
  }

  end(bytes?: Uint8Array | string): void {
    if (this.isOver) return;
    if (bytes !== undefined) this.#addBody(bytes);
    if (this.#isChunked) this.#connection.output.add(lastChunk);
    this.#hasEnded = true;
    this.#piece = nothing;
    this.#connection.output.flush();
    this.#connection.answered();
  }

  breakOff(): void {
    if (!this.isOver) this.#connection.breakOff();
  }

  onGone(then: () => void): () => void {
    this.#onGone = then;
    if (this.#isGone) then();
    return () => {
      this.#onGone = null;
    };
  }

  /** The caller is gone. */
  leave(): void {
    if (this.#isGone || this.#hasEnded) return;
    this.#isGone = true;
    this.#rejectReader();
    this.#onGone?.();
  }

  /** The caller has read what was written. */
  drained(): void {
    const then = this.#onDrained;
    this.#onDrained = null;
    then?.();
  }

  #addBody(bytes: Uint8Array | string): void {
    const part = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
    const { output } = this.#connection;
    if (!this.#isChunked) output.add(part);
    else if (part.byteLength > 0) {
      output.add(`${part.byteLength.toString(16)}\r\n`);
      output.add(part);
      output.add(chunkEnd);
    }
  }
}
