import type { Dispatcher } from "undici";
import type { Millis } from "../../base/clock.ts";

/** How an exchange with an upstream can fail by a limit. */
export type UpstreamLimit = "connect-timeout" | "head-timeout" | "body-timeout" | "head-too-long";

/** An upstream kept to a limit less than is wanted of it. */
export class UpstreamLimitExceeded extends Error {
  override readonly name = "UpstreamLimitExceeded";
  readonly code: UpstreamLimit;

  constructor(code: UpstreamLimit, message: string) {
    super(message);
    this.code = code;
  }
}

/** What is sent, and how long its answer may take. */
export interface ExchangeRequest {
  /** Request line and headers, with the empty line that ends them; all of Latin-1. */
  readonly head: string;
  /** In the parts that follow each other; null: it has none. */
  readonly body: readonly Uint8Array[] | null;
  /** Whether the answer has no body whatever it says. */
  readonly isBodiless: boolean;
  readonly headMs: Millis;
  readonly silentMs: Millis;
}

/** The connection that carries an exchange. */
export interface ExchangeCarrier {
  /** Reading may go on. */
  resumed(): void;
  /** Nobody wants the rest: the connection is closed. */
  drop(): void;
}

/** One request to an upstream: its handler hears what becomes of it, of its end exactly once, and can hold it up or break it off. */
export class UpstreamExchange implements Dispatcher.DispatchController {
  readonly request: ExchangeRequest;
  readonly #handler: Dispatcher.DispatchHandler;
  #carrier: ExchangeCarrier | null = null;
  #isOver = false;
  #isPaused = false;
  #reason: Error | null = null;

  constructor(request: ExchangeRequest, handler: Dispatcher.DispatchHandler) {
    this.request = request;
    this.#handler = handler;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get paused(): boolean {
    return this.#isPaused;
  }

  get aborted(): boolean {
    return this.#reason !== null;
  }

  get reason(): Error | null {
    return this.#reason;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#carrier?.resumed();
  }

  abort(reason: Error): void {
    if (this.#isOver) return;
    this.#reason = reason;
    const carrier = this.#carrier;
    this.fail(reason);
    carrier?.drop();
  }

  /** The handler may hold it up or break it off from now on. */
  begin(): void {
    this.#handler.onRequestStart?.(this, null);
  }

  carriedBy(carrier: ExchangeCarrier): void {
    this.#carrier = carrier;
  }

  answered(status: number, headers: Readonly<Record<string, string>>): void {
    if (!this.#isOver) this.#handler.onResponseStart?.(this, status, headers);
  }

  data(chunk: Buffer): void {
    if (!this.#isOver) this.#handler.onResponseData?.(this, chunk);
  }

  finish(): void {
    if (!this.#close()) return;
    this.#handler.onResponseEnd?.(this, {});
  }

  fail(error: Error): void {
    if (!this.#close()) return;
    this.#handler.onResponseError?.(this, error);
  }

  /** @returns false when it has ended already. */
  #close(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#carrier = null;
    return true;
  }
}
