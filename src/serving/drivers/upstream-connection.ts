import { connect, type NetConnectOpts, type Socket } from "node:net";
import type { Millis } from "../../base/clock.ts";
import { type AnswerHead, AnswerMalformed, parseAnswerHead } from "../gateway/protocol/answer-head.ts";
import { ChunkReader } from "../gateway/protocol/chunk-reader.ts";
import { type UpstreamExchange, type ExchangeCarrier, UpstreamLimitExceeded } from "./upstream-exchange.ts";

/** How much sooner a connection is given up than the upstream says that it would: its word may be on the way. */
const keptMarginMs: Millis = 1_000;

/** A body up to this size leaves in one write with its head. */
const joinedBytesMax = 16 * 1024;

/** How long a connection may say nothing before the kernel asks whether the other side still lives. */
const probeAfterMs: Millis = 60_000;

const headEnd = Buffer.from("\r\n\r\n");
const beginning = Buffer.from("HTTP/1.");

/** What a connection needs of those that look after it. */
export interface ConnectionGround {
  readonly connectMs: Millis;
  /** How long it is kept when it has nothing to do. */
  readonly idleMs: Millis;
  /** Bytes of an answer's head, interim answers counted in. */
  readonly headBytes: number;
  /** Where the bytes of all connections are read to, one after the other. */
  readonly readBuffer: Buffer;
  /** The time of the last look at all connections, in milliseconds: good enough for limits, and free. */
  readonly lookedAt: () => Millis;
  /** It may carry another exchange. */
  readonly onFree: (connection: UpstreamConnection) => void;
  readonly onGone: (connection: UpstreamConnection) => void;
}

type Phase = "connecting" | "idle" | "head" | "body";

/**
 * A connection to an upstream that carries one exchange of HTTP/1.1 after the other.
 *
 * It is used again only when the answer's end was certain, nothing followed it, and the request had left as a whole. Whatever comes
 * unasked closes it.
 */
export class UpstreamConnection implements ExchangeCarrier {
  readonly #ground: ConnectionGround;
  readonly #socket: Socket;
  #phase: Phase = "connecting";
  #exchange: UpstreamExchange | null = null;
  #since: Millis;
  #idleMs: Millis;
  #error: Error | null = null;
  /** The beginning of a head that is not whole, and the bytes of the heads before it. */
  #partial: Buffer | null = null;
  #headBytes = 0;
  #isKept = false;
  /** Bytes of the body to come; Infinity where it ends with the connection. */
  #left = 0;
  #chunks: ChunkReader | null = null;
  /** What came while the handler wanted nothing. */
  #rest: Buffer | null = null;
  #isReading = false;
  #hasEnded = false;

  constructor(ground: ConnectionGround, address: NetConnectOpts) {
    this.#ground = ground;
    this.#since = ground.lookedAt();
    this.#idleMs = ground.idleMs;
    const callback = (bytes: number): boolean => {
      this.#take(ground.readBuffer.subarray(0, bytes));
      return true;
    };
    const onread = { buffer: ground.readBuffer, callback };
    this.#socket = connect({ ...address, noDelay: true, keepAlive: true, keepAliveInitialDelay: probeAfterMs, onread });
    this.#socket.on("connect", () => this.#connected());
    this.#socket.on("end", () => this.#ended());
    this.#socket.on("error", (error) => {
      this.#error = error;
    });
    this.#socket.on("close", () => this.#closed());
  }

  /** Whether another exchange can be sent. */
  get isUsable(): boolean {
    return this.#exchange === null && !this.#socket.destroyed && this.#socket.writable && !this.#hasEnded;
  }

  /** Sends a request; its handler hears the rest. */
  carry(exchange: UpstreamExchange): void {
    this.#exchange = exchange;
    this.#since = this.#ground.lookedAt();
    this.#headBytes = 0;
    this.#partial = null;
    if (this.#phase === "idle") this.#phase = "head";
    exchange.carriedBy(this);
    const { head, body } = exchange.request;
    const length = body?.reduce((sum, part) => sum + part.byteLength, 0) ?? 0;
    if (body === null) this.#socket.write(head, "latin1");
    else if (length > joinedBytesMax) {
      this.#socket.cork();
      this.#socket.write(head, "latin1");
      for (const part of body) this.#socket.write(part);
      this.#socket.uncork();
    } else {
      const whole = Buffer.allocUnsafe(head.length + length);
      let at = whole.write(head, "latin1");
      for (const part of body) {
        whole.set(part, at);
        at += part.byteLength;
      }
      this.#socket.write(whole);
    }
  }

  drop(): void {
    this.#exchange = null;
    this.#socket.destroy();
  }

  /** Ends whatever it carries with an error. */
  fail(error: Error): void {
    const exchange = this.#exchange;
    this.drop();
    exchange?.fail(error);
  }

  resumed(): void {
    if (this.#isReading) return;
    const rest = this.#rest;
    this.#rest = null;
    if (rest !== null) this.#take(rest);
    if (this.#rest !== null || this.#exchange?.paused === true) return;
    if (this.#hasEnded) this.#ended();
    else this.#socket.resume();
  }

  /** Looks whether a limit is reached. @param slackMs how long ago the last look may have been. */
  look(now: Millis, slackMs: Millis): void {
    const ageMs = now - this.#since - slackMs;
    const request = this.#exchange?.request;
    if (request === undefined) {
      if (this.#phase === "idle" && ageMs > this.#idleMs) this.#socket.destroy();
    } else if (this.#phase === "connecting") {
      const limit = this.#ground.connectMs;
      if (ageMs > limit) this.#fail("connect-timeout", `no connection within ${limit} ms`);
    } else if (this.#phase === "head") {
      if (ageMs > request.headMs) this.#fail("head-timeout", `no answer within ${request.headMs} ms`);
    } else if (this.#exchange?.paused !== true && ageMs > request.silentMs) {
      this.#fail("body-timeout", `silent for ${request.silentMs} ms`);
    }
  }

  #fail(code: ConstructorParameters<typeof UpstreamLimitExceeded>[0], message: string): void {
    this.fail(new UpstreamLimitExceeded(code, message));
  }

  #connected(): void {
    this.#phase = this.#exchange === null ? "idle" : "head";
    this.#since = this.#ground.lookedAt();
  }

  #ended(): void {
    this.#hasEnded = true;
    // What was held back comes before the end.
    if (this.#rest !== null || this.#exchange?.paused === true) return;
    if (this.#phase === "body" && this.#left === Number.POSITIVE_INFINITY) this.#finish(false);
    else this.fail(new Error("the other side closed the connection"));
  }

  #closed(): void {
    this.#ground.onGone(this);
    // What came before it is still to be read.
    if (this.#hasEnded && this.#error === null && this.#exchange?.paused === true) return;
    this.fail(this.#error ?? new Error("the other side closed the connection"));
  }

  #take(bytes: Buffer): void {
    this.#since = this.#ground.lookedAt();
    this.#isReading = true;
    try {
      const partial = this.#partial;
      this.#partial = null;
      this.#read(partial === null ? bytes : Buffer.concat([partial, bytes]));
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#isReading = false;
    }
  }

  #read(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      const exchange = this.#exchange;
      if (exchange === null) {
        // Nobody asked for it.
        this.#socket.destroy();
        return;
      }
      if (exchange.paused) {
        this.#rest = copyOf(bytes, at, bytes.length);
        this.#socket.pause();
        return;
      }
      at = this.#phase === "body" ? this.#readBody(exchange, bytes, at) : this.#readHead(exchange, bytes, at);
    }
  }

  #readHead(exchange: UpstreamExchange, bytes: Buffer, at: number): number {
    const end = bytes.length;
    const known = Math.min(beginning.length, end - at);
    if (bytes.compare(beginning, 0, known, at, at + known) !== 0) {
      throw new AnswerMalformed("it does not begin as an answer of HTTP/1.1 does");
    }
    const found = bytes.indexOf(headEnd, at);
    const stop = found === -1 ? end : found + headEnd.length;
    const limit = this.#ground.headBytes;
    if (this.#headBytes + stop - at > limit) {
      throw new UpstreamLimitExceeded("head-too-long", `its headers are longer than ${limit} bytes`);
    }
    if (found === -1) {
      this.#partial = copyOf(bytes, at, end);
      return end;
    }
    this.#headBytes += stop - at;
    const head = parseAnswerHead(bytes.toString("latin1", at, found), exchange.request.isBodiless);
    // An interim answer: the real one follows.
    if (head.status >= 200) this.#answered(exchange, head, stop === end);
    return stop;
  }

  #answered(exchange: UpstreamExchange, head: AnswerHead, isClean: boolean): void {
    const { framing } = head;
    this.#isKept = head.isKept;
    if (head.keptSeconds !== null) {
      this.#idleMs = Math.min(this.#ground.idleMs, head.keptSeconds * 1_000 - keptMarginMs);
      if (this.#idleMs <= 0) this.#isKept = false;
    }
    this.#phase = "body";
    this.#chunks = framing.kind === "chunked" ? new ChunkReader() : null;
    this.#left = framing.kind === "length" ? framing.bytes : framing.kind === "close" ? Number.POSITIVE_INFINITY : 0;
    exchange.answered(head.status, head.headers);
    if (framing.kind !== "chunked" && this.#left === 0) this.#finish(isClean);
  }

  #readBody(exchange: UpstreamExchange, bytes: Buffer, at: number): number {
    const end = bytes.length;
    const chunks = this.#chunks;
    if (chunks === null) {
      const stop = Math.min(end, at + this.#left);
      this.#left -= stop - at;
      exchange.data(copyOf(bytes, at, stop));
      if (this.#left === 0) this.#finish(stop === end);
      return stop;
    }
    return this.#readChunks(exchange, chunks, bytes, at);
  }

  /** Hands on the data of all chunks in one piece: a read of many small ones costs little more than one of a large one. */
  #readChunks(exchange: UpstreamExchange, chunks: ChunkReader, bytes: Buffer, from: number): number {
    const end = bytes.length;
    let at = chunks.skip(bytes, from, end);
    // The data moves together from where the first begins; what it overwrites was read.
    const start = at;
    let length = 0;
    try {
      while (at < end && !chunks.isOver) {
        const stop = Math.min(end, at + chunks.dataBytes);
        if (length > 0) bytes.copyWithin(start + length, at, stop);
        length += stop - at;
        chunks.take(stop - at);
        at = chunks.skip(bytes, stop, end);
      }
    } finally {
      // What came before nonsense was said all the same.
      if (length > 0) exchange.data(copyOf(bytes, start, start + length));
    }
    if (chunks.isOver) this.#finish(at === end);
    return at;
  }

  /** @param isClean whether nothing follows the answer. */
  #finish(isClean: boolean): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    this.#exchange = null;
    this.#phase = "idle";
    this.#chunks = null;
    if (isClean && this.#isKept && this.#socket.writableLength === 0) this.#ground.onFree(this);
    else this.#socket.destroy();
    exchange.finish();
  }
}

/** The buffer is read to again, so what is kept of it is copied. */
function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}
