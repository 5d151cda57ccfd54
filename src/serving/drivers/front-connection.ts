import type { Socket } from "node:net";
import type { Clock, Instant, Millis } from "../../base/clock.ts";
import type { Bytes } from "../../base/units.ts";
import { parseFrontHead } from "../gateway/protocol/front-head.ts";
import { CallerOutput } from "./caller-output.ts";
import { type ExchangeConnection, FrontExchange } from "./front-exchange.ts";

/** Bytes of a request's head; longer ones are left to Node's server. */
const maxHeadBytes: Bytes = 8 * 1024;

/** Bytes of requests that may wait here for the answer to the one before them. */
const maxHeldBytes: Bytes = 64 * 1024;

/** How long a head may take until Node's server is to wait for the rest. */
const headMs: Millis = 1_000;

/** How long a connection that has nothing to do is kept when its server stops: a request may be on its way on it. */
export const idleGraceMs: Millis = 1_000;

const headEnd = Buffer.from("\r\n\r\n");
const beginning = Buffer.from("POST /v1/");
const brokenLine = /(?:^|[^\r])\n|\r[^\n]/;
const tooSlow = "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const none = Buffer.alloc(0);

/** What a connection of the front needs. */
export interface FrontGround {
  readonly clock: Clock;
  /** Bytes of a body; requests with longer ones are left to Node's server. */
  readonly bodyBytes: Bytes;
  /** How long a body may take. */
  readonly bodyMs: Millis;
  /** How long a connection is kept when it has nothing to do. */
  readonly keptMs: Millis;
  /** Header lines that every answer has. */
  commonLines(): string;
  /** Answers a request. */
  readonly serve: (exchange: FrontExchange, socket: Socket) => void;
  /** Lets Node's server look after a connection from now on; what was read of it is put back. */
  readonly handOver: (socket: Socket) => void;
  readonly onGone: (connection: FrontConnection) => void;
}

/**
 * A caller's connection as long as its requests are common in every way: one after the other is read and answered.
 *
 * Whatever else comes between two requests hands the connection to Node's server with all bytes that were read since the last
 * request's end, so that Node judges all that is uncommon, and no byte is ever judged by two.
 */
export class FrontConnection implements ExchangeConnection {
  readonly output: CallerOutput;
  readonly #ground: FrontGround;
  readonly #socket: Socket;
  #exchange: FrontExchange | null = null;
  /** Bytes of the present request's body that are still to come. */
  #left: Bytes = 0;
  /** The beginning of a head, or what came after the present request. */
  #held: Buffer = none;
  /** When the present request or head began, or the last one ended. */
  #since: Instant;
  #isStopping = false;
  /** Whether the present answer says that the connection is closed after it. */
  #isLast = false;

  constructor(ground: FrontGround, socket: Socket) {
    this.#ground = ground;
    this.#socket = socket;
    this.output = new CallerOutput(socket);
    this.#since = ground.clock.now();
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
    socket.on("drain", this.#onDrain);
    socket.resume();
  }

  commonLines(): string {
    this.#isLast = this.#isStopping;
    return this.#ground.commonLines();
  }

  answered(): void {
    // The rest of a body that came too late is read first, and thrown away.
    if (this.#left === 0) this.#next();
  }

  breakOff(): void {
    this.#socket.destroy();
  }

  /** Looks whether a limit is reached. */
  look(now: Instant): void {
    const ageMs = now - this.#since;
    const { bodyMs, keptMs } = this.#ground;
    if (this.#exchange === null) {
      if (this.#held.byteLength === 0) {
        if (ageMs >= (this.#isStopping ? idleGraceMs : keptMs)) this.#socket.destroySoon();
      } else if (ageMs >= headMs) this.#handOver(this.#held);
    } else if (this.#left > 0 && ageMs >= bodyMs) this.#breakOffSlow(this.#exchange);
  }

  /**
   * Says with the next answer that it is the last one. A connection that has nothing to do waits a moment for a request that may be on its
   * way; a caller in the middle of a head is answered by Node's server.
   */
  stop(): void {
    this.#isStopping = true;
    if (this.#exchange !== null) return;
    if (this.#held.byteLength === 0) this.#since = this.#ground.clock.now();
    else this.#handOver(this.#held);
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#exchange === null)
      this.#readHead(this.#held.byteLength === 0 ? bytes : Buffer.concat([this.#held, bytes]));
    else this.#readBody(this.#exchange, bytes);
  };

  readonly #onEnd = (): void => {
    const exchange = this.#exchange;
    // A caller that ends its side wants no answer any more, as Node's server has it.
    if (exchange === null || exchange.hasEnded) this.#socket.end();
    else this.#socket.destroy();
  };

  readonly #onError = (): void => void this.#socket.destroy();

  readonly #onClose = (): void => {
    this.#ground.onGone(this);
    this.#exchange?.leave();
  };

  readonly #onDrain = (): void => this.#exchange?.drained();

  #readHead(bytes: Buffer): void {
    const end = bytes.indexOf(headEnd);
    if (end === -1) {
      if (this.#held.byteLength === 0) this.#since = this.#ground.clock.now();
      if (mayBecomeHead(bytes)) this.#held = bytes;
      else this.#handOver(bytes);
      return;
    }
    const head = end > maxHeadBytes ? null : parseFrontHead(bytes.toString("latin1", 0, end + 2));
    if (head === null || head.bodyBytes > this.#ground.bodyBytes) {
      this.#handOver(bytes);
      return;
    }
    const exchange = new FrontExchange(this, head);
    this.#exchange = exchange;
    this.#held = none;
    this.#left = head.bodyBytes;
    this.#since = this.#ground.clock.now();
    this.#readBody(exchange, bytes.subarray(end + headEnd.length));
    this.#ground.serve(exchange, this.#socket);
  }

  #readBody(exchange: FrontExchange, bytes: Buffer): void {
    const left = this.#left;
    if (bytes.byteLength > left) this.#hold(bytes.subarray(left));
    if (left === 0) return;
    this.#left = Math.max(0, left - bytes.byteLength);
    exchange.take(bytes.byteLength > left ? bytes.subarray(0, left) : bytes, this.#left === 0);
    if (this.#left === 0 && exchange.hasEnded) this.#next();
  }

  /** Keeps what came before its turn; who sends much of it is read no further. */
  #hold(bytes: Buffer): void {
    this.#held = this.#held.byteLength === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    if (this.#held.byteLength > maxHeldBytes) this.#socket.pause();
  }

  /** The present request is over in both directions. */
  #next(): void {
    this.#exchange = null;
    this.#since = this.#ground.clock.now();
    if (this.#isLast) {
      this.#socket.destroySoon();
      return;
    }
    if (this.#held.byteLength === 0) return;
    process.nextTick(() => {
      if (this.#exchange !== null || this.#held.byteLength === 0 || this.#socket.destroyed) return;
      const held = this.#held;
      this.#held = none;
      this.#socket.resume();
      this.#readHead(held);
    });
  }

  #breakOffSlow(exchange: FrontExchange): void {
    if (!exchange.hasBegun) this.#socket.write(tooSlow);
    exchange.leave();
    this.#socket.destroySoon();
  }

  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    this.#ground.onGone(this);
    socket.pause();
    socket.removeListener("data", this.#onData);
    socket.removeListener("end", this.#onEnd);
    socket.removeListener("error", this.#onError);
    socket.removeListener("close", this.#onClose);
    socket.removeListener("drain", this.#onDrain);
    socket.unshift(bytes);
    this.#ground.handOver(socket);
    socket.resume();
  }
}

/** Whether bytes may be the beginning of a head that the front understands. */
function mayBecomeHead(bytes: Buffer): boolean {
  const length = Math.min(bytes.byteLength, beginning.byteLength);
  if (bytes.byteLength > maxHeadBytes || bytes.compare(beginning, 0, length, 0, length) !== 0) return false;
  const found = bytes.toString("latin1");
  return !brokenLine.test(found);
}
