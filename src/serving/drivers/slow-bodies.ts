import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock, Instant, Millis } from "../../base/clock.ts";

/** Looks after requests whose bodies are not whole: those that take too long are answered with 408 and broken off. */
export class SlowBodies {
  readonly #clock: Clock;
  readonly #limitMs: Millis;
  readonly #reading = new Map<IncomingMessage, { readonly since: Instant; readonly response: ServerResponse }>();

  constructor(clock: Clock, limitMs: Millis) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  enter(request: IncomingMessage, response: ServerResponse): void {
    this.#reading.set(request, { since: this.#clock.now(), response });
  }

  /** The request was answered: one whose body is whole is no more looked after. */
  leave(request: IncomingMessage): void {
    if (request.complete || request.destroyed) this.#reading.delete(request);
  }

  /** Looks at all once. */
  look(): void {
    const before = this.#clock.now() - this.#limitMs;
    for (const [request, { since, response }] of this.#reading) {
      // They stand in the order of their arrival.
      if (since > before) return;
      this.#reading.delete(request);
      if (request.complete) continue;
      if (!response.headersSent) response.writeHead(408, { connection: "close", "content-length": 0 }).end();
      request.socket.destroySoon();
    }
  }
}
