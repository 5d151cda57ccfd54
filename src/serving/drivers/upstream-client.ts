import type { NetConnectOpts } from "node:net";
import type { Dispatcher } from "undici";
import type { Millis } from "../../base/clock.ts";
import { type ConnectionGround, UpstreamConnection } from "./upstream-connection.ts";
import { UpstreamExchange } from "./upstream-exchange.ts";
import { type RequestHead, writeRequestHead } from "./upstream-head.ts";

/** Requests that may wait for a connection to one upstream; more are refused. */
const maxWaiting = 4_096;

/** What is sent to an upstream. */
export interface UpstreamRequestOptions {
  readonly method: "GET" | "HEAD" | "POST";
  readonly path: string;
  /** Names and values in turn, or by name. */
  readonly headers: RequestHead["headers"];
  /** In one piece, or in parts that follow each other. */
  readonly body?: Uint8Array | readonly Uint8Array[] | null;
  /** How long it may take until its answer begins, and how long it may be silent within it; absent: as every request. */
  readonly headersTimeout?: Millis;
  readonly bodyTimeout?: Millis;
}

/** How an upstream is reached. */
export interface UpstreamClientOptions {
  readonly address: NetConnectOpts;
  /** Why no connection may be made now; null where none is ever refused. */
  readonly refusal: (() => Error | null) | null;
  /** As the header `host` says it. */
  readonly host: string;
  readonly maxConnections: number;
  readonly headMs: Millis;
  readonly silentMs: Millis;
}

/**
 * Sends requests to one upstream over connections that are kept: HTTP/1.1, one exchange at a time on each.
 *
 * The connection that was used last is used first, so that those which nobody needs grow old and are closed.
 */
export class UpstreamClient {
  readonly #options: UpstreamClientOptions;
  readonly #ground: ConnectionGround;
  readonly #idle: UpstreamConnection[] = [];
  readonly #connections = new Set<UpstreamConnection>();
  /** Those that wait for a connection, from `#firstWaiting` on. */
  #waiting: UpstreamExchange[] = [];
  #firstWaiting = 0;
  #isClosing = false;

  constructor(options: UpstreamClientOptions, ground: Omit<ConnectionGround, "onFree" | "onGone">) {
    this.#options = options;
    this.#ground = {
      ...ground,
      onFree: (connection) => this.#free(connection),
      onGone: (connection) => this.#gone(connection),
    };
  }

  dispatch(options: UpstreamRequestOptions, handler: Dispatcher.DispatchHandler): void {
    const { method } = options;
    const body = partsOf(options.body ?? null);
    const { host, headMs, silentMs } = this.#options;
    let exchange: UpstreamExchange;
    try {
      const head = writeRequestHead({ ...options, method, host, bodyBytes: bytesOf(body) });
      const limits = { headMs: options.headersTimeout ?? headMs, silentMs: options.bodyTimeout ?? silentMs };
      exchange = new UpstreamExchange({ head, body, isBodiless: method === "HEAD", ...limits }, handler);
    } catch (error) {
      exchange = new UpstreamExchange({ head: "", body, isBodiless: false, headMs, silentMs }, handler);
      exchange.fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    exchange.begin();
    if (!exchange.isOver) this.#send(exchange);
  }

  /** Whether it was closed, and its last connection is gone. */
  get isOver(): boolean {
    return this.#isClosing && this.#connections.size === 0;
  }

  /** Looks after the limits of all connections. */
  look(now: Millis, slackMs: Millis): void {
    for (const connection of this.#connections) connection.look(now, slackMs);
  }

  /** Takes no more requests; connections close once what is under way has ended. */
  close(): void {
    this.#isClosing = true;
    for (const connection of this.#idle.splice(0)) connection.drop();
  }

  /** Breaks everything off. */
  destroy(): void {
    this.close();
    const error = new Error("the gateway stops");
    for (const connection of this.#connections) connection.fail(error);
    for (const exchange of this.#waiting.splice(this.#firstWaiting)) exchange.fail(error);
    this.#waiting = [];
    this.#firstWaiting = 0;
  }

  #send(exchange: UpstreamExchange): void {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (!connection.isUsable) continue;
      connection.carry(exchange);
      return;
    }
    if (this.#connections.size < this.#options.maxConnections) this.#open(exchange);
    else if (this.#waiting.length - this.#firstWaiting < maxWaiting) this.#waiting.push(exchange);
    else exchange.fail(new Error(`${maxWaiting} requests wait for a connection to it already`));
  }

  /** @returns false where no connection may be made, which ends the exchange. */
  #open(exchange: UpstreamExchange): boolean {
    const refusal = this.#options.refusal?.() ?? null;
    if (refusal !== null) {
      exchange.fail(refusal);
      return false;
    }
    const connection = new UpstreamConnection(this.#ground, this.#options.address);
    this.#connections.add(connection);
    connection.carry(exchange);
    return true;
  }

  #free(connection: UpstreamConnection): void {
    const next = this.#nextWaiting();
    if (next !== null) connection.carry(next);
    else if (this.#isClosing) connection.drop();
    else this.#idle.push(connection);
  }

  #gone(connection: UpstreamConnection): void {
    this.#connections.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    let next = this.#nextWaiting();
    while (next !== null && !this.#open(next)) next = this.#nextWaiting();
  }

  #nextWaiting(): UpstreamExchange | null {
    while (this.#firstWaiting < this.#waiting.length) {
      const exchange = this.#waiting[this.#firstWaiting];
      this.#firstWaiting += 1;
      if (exchange !== undefined && !exchange.isOver) return exchange;
    }
    this.#waiting = [];
    this.#firstWaiting = 0;
    return null;
  }
}

function partsOf(body: Uint8Array | readonly Uint8Array[] | null): readonly Uint8Array[] | null {
  return body instanceof Uint8Array ? [body] : body;
}

function bytesOf(parts: readonly Uint8Array[] | null): number | null {
  return parts === null ? null : parts.reduce((sum, part) => sum + part.byteLength, 0);
}
