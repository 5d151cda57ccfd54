import type { Random } from "../../base/random.ts";
import type { RequestShape } from "./serving-job.ts";
import type { WaitingRequest } from "./simulated-replica.ts";

/** What a replica is put under. */
export type Load =
  /** Requests arrive at random (Poisson), `perSecond` on average. */
  | { readonly kind: "open"; readonly perSecond: number }
  /** So many users send the next request when the last one ends. */
  | { readonly kind: "closed"; readonly concurrency: number };

/** Requests as they are sent, and how long they are. */
export interface SourceAsk {
  readonly shape: RequestShape;
  readonly load: Load;
  readonly requests: number;
  /** Each length is drawn evenly from (1 - spread, 1 + spread) times its mean. */
  readonly lengthSpread: number;
}

/** Sends the requests of a load, each once, with lengths that are drawn. */
export class RequestSource {
  readonly #ask: SourceAsk;
  readonly #random: Random;
  readonly #waiting: WaitingRequest[];
  #sent = 0;
  #arrival: number;

  /** @param waiting where requests are put. */
  constructor(ask: SourceAsk, random: Random, waiting: WaitingRequest[]) {
    this.#ask = ask;
    this.#random = random;
    this.#waiting = waiting;
    const { load, requests } = ask;
    this.#arrival = load.kind === "open" ? this.#gap(load.perSecond) : Number.POSITIVE_INFINITY;
    if (load.kind === "closed") while (this.#sent < Math.min(load.concurrency, requests)) this.#send(0);
  }

  /** Seconds at which the next request comes by itself; infinite where none does. */
  get nextAt(): number {
    return this.#sent < this.#ask.requests ? this.#arrival : Number.POSITIVE_INFINITY;
  }

  /** Sends what has come by now. */
  sendUntil(now: number): void {
    const { load, requests } = this.#ask;
    if (load.kind !== "open") return;
    while (this.#sent < requests && this.#arrival <= now) {
      this.#send(this.#arrival);
      this.#arrival += this.#gap(load.perSecond);
    }
  }

  /** A user whose request has ended sends the next one. */
  onEnd(now: number): void {
    if (this.#ask.load.kind === "closed" && this.#sent < this.#ask.requests) this.#send(now);
  }

  #send(arrived: number): void {
    const { inputTokens, outputTokens } = this.#ask.shape;
    this.#waiting.push({ arrived, inputTokens: this.#drawn(inputTokens), outputTokens: this.#drawn(outputTokens) });
    this.#sent += 1;
  }

  #drawn(mean: number): number {
    return Math.max(1, Math.round(mean * (1 + this.#ask.lengthSpread * (2 * this.#random.next() - 1))));
  }

  /** Seconds to the next arrival of a Poisson stream. */
  #gap(perSecond: number): number {
    return -Math.log(1 - this.#random.next()) / perSecond;
  }
}
