import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock, Instant, Millis } from "../../base/clock.ts";
import { type Listed, Roster } from "../../base/roster.ts";

/** A request whose body may not be whole yet. */
export interface Reading extends Listed<Reading> {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly since: Instant;
  isWatched: boolean;
}

/** Looks after requests whose bodies are not whole: those that take too long are answered with 408 and broken off. */
export class SlowBodies {
  readonly #clock: Clock;
  readonly #limitMs: Millis;
  /** In the order of their arrival. */
  readonly #reading = new Roster<Reading>();

  constructor(clock: Clock, limitMs: Millis) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  enter(request: IncomingMessage, response: ServerResponse): Reading {
    const reading = { request, response, since: this.#clock.now(), isWatched: true, older: null, younger: null };
    this.#reading.add(reading);
    return reading;
  }

  /** The request was answered: one whose body is whole is no more looked after. */
  leave(reading: Reading): void {
    if (reading.request.complete || reading.request.destroyed) this.#forget(reading);
  }

  /** Looks at all once. */
  look(): void {
    const before = this.#clock.now() - this.#limitMs;
    for (let { oldest } = this.#reading; oldest !== null && oldest.since <= before; { oldest } = this.#reading) {
      this.#forget(oldest);
      const { request, response } = oldest;
      if (request.complete) continue;
      if (!response.headersSent) response.writeHead(408, { connection: "close", "content-length": 0 }).end();
      request.socket.destroySoon();
    }
  }

  #forget(reading: Reading): void {
    if (reading.isWatched) this.#reading.remove(reading);
    reading.isWatched = false;
  }
}
