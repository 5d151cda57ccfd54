import type { Millis } from "../../base/clock.ts";

/** How long requests wait at most while connections come in, and how long they are answered before they may wait again. */
const stretchMs: Millis = 500;

/** After so many connections more are likely to follow though none is announced: who hands over accepts one by one, too. */
const burstMin = 16;

/** How long those are waited for. */
const lingerMs: Millis = 5;

/**
 * Lets requests wait while many connections come in at once.
 *
 * Connections are handed over one in each turn of the loop. Turns in which requests are answered are long, so that those who came
 * first would keep the others out for seconds; turns in which requests only wait are short.
 */
export class Intake {
  #phase: "open" | "holding" | "resting" = "open";
  readonly #held: (() => void)[] = [];
  /** Connections that came while requests wait. */
  #came = 0;
  #timer: NodeJS.Timeout | undefined;
  #linger: NodeJS.Timeout | undefined;

  /** Hears with each connection how many are still to come. */
  expect(connections: number): void {
    if (this.#phase === "open" && connections > 0) {
      this.#phase = "holding";
      this.#came = 0;
      this.#timer = setTimeout(() => this.#rest(), stretchMs);
    }
    if (this.#phase !== "holding") return;
    this.#came += 1;
    clearTimeout(this.#linger);
    if (connections > 0) return;
    if (this.#came < burstMin) this.stop();
    else this.#linger = setTimeout(() => this.stop(), lingerMs);
  }

  /** Answers a request now, or once those are there that come in. */
  enter(answer: () => void): void {
    if (this.#phase === "holding") this.#held.push(answer);
    else answer();
  }

  /** Answers what waits. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#release("open");
  }

  #rest(): void {
    this.#timer = setTimeout(() => this.stop(), stretchMs);
    this.#release("resting");
  }

  #release(phase: "open" | "resting"): void {
    clearTimeout(this.#linger);
    this.#phase = phase;
    for (const answer of this.#held.splice(0)) answer();
  }
}
