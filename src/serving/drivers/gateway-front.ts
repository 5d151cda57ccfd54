import type { Socket } from "node:net";
import type { Clock, Instant, Millis } from "../../base/clock.ts";
import { FrontConnection, type FrontGround } from "./front-connection.ts";

/** How often the limits of all connections are looked after. */
const lookMs: Millis = 1_000;

/** How often once the front stops. */
const stoppingLookMs: Millis = 50;

/** What the front needs. */
export interface GatewayFrontOptions
  extends Pick<FrontGround, "bodyBytes" | "bodyMs" | "keptMs" | "serve" | "handOver"> {
  readonly clock: Clock;
}

/**
 * Serves callers' common requests on their connections itself, with a fraction of what Node's server takes for each, and leaves all
 * others to that server.
 */
export class GatewayFront {
  readonly #ground: FrontGround;
  readonly #clock: Clock;
  readonly #keptMs: Millis;
  readonly #connections = new Set<FrontConnection>();
  #looks: NodeJS.Timeout | undefined;
  #isStopping = false;
  #dateAt: Instant = Number.NaN;
  #common = "";

  constructor(options: GatewayFrontOptions) {
    this.#clock = options.clock;
    this.#keptMs = options.keptMs;
    this.#ground = {
      ...options,
      commonLines: () => this.#commonLines(),
      onGone: (connection) => {
        this.#connections.delete(connection);
        if (this.#isStopping && this.#connections.size === 0) clearInterval(this.#looks);
      },
    };
  }

  start(): void {
    this.#looks ??= setInterval(() => this.#look(), lookMs);
  }

  /** Looks after a connection; what was read of it was put back. */
  accept(socket: Socket): void {
    if (this.#isStopping) this.#ground.handOver(socket);
    else this.#connections.add(new FrontConnection(this.#ground, socket));
  }

  /** Closes each connection once a request is answered on it, and those that have nothing to do for a moment. */
  stop(): void {
    this.#isStopping = true;
    this.#dateAt = Number.NaN;
    clearInterval(this.#looks);
    for (const connection of this.#connections) connection.stop();
    if (this.#connections.size > 0) this.#looks = setInterval(() => this.#look(), stoppingLookMs);
  }

  /** Breaks everything off. */
  destroy(): void {
    for (const connection of this.#connections) connection.breakOff();
  }

  #look(): void {
    const now = this.#clock.now();
    for (const connection of this.#connections) connection.look(now);
  }

  /** Changes with the second, and when the connections are to be closed. */
  #commonLines(): string {
    const second = Math.floor(this.#clock.now() / 1_000);
    if (second === this.#dateAt) return this.#common;
    this.#dateAt = second;
    const date = `date: ${new Date(second * 1_000).toUTCString()}\r\n`;
    this.#common = this.#isStopping
      ? `${date}connection: close\r\n`
      : `${date}connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(this.#keptMs / 1_000)}\r\n`;
    return this.#common;
  }
}
