import type { Instant } from "../../base/clock.ts";
import type { GatewayLimits } from "../gateway/gateway-limits.ts";
import { type Refusal, serverRefusal } from "../gateway/protocol/refusal.ts";
import type { ModelAnswer, Overrun } from "./model-answer.ts";

/** How an answer that was held ended. */
export type HeldEnd =
  | { readonly kind: "whole"; readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Holds a model's answer until it is whole, for a protocol that writes it another way. */
export class HeldAnswer implements ModelAnswer {
  readonly #maxBytes: number;
  readonly #beganAt: Instant;
  readonly #headers: Record<string, string> = {};
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #hasBegun = false;
  #isGone = false;
  #end: HeldEnd | null = null;
  #onGone: (() => void) | null = null;
  #copyTo: ((bytes: Uint8Array | string) => void) | null = null;

  constructor(maxBytes: number, now: Instant) {
    this.#maxBytes = maxBytes;
    this.#beganAt = now;
  }

  /** How it ended; null as long as it has not, or when its caller went away before. */
  get whole(): HeldEnd | null {
    return this.#end;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** The caller went away, or wants no answer any more. */
  leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#onGone?.();
  }

  addHeaders(headers: Readonly<Record<string, string>>): void {
    Object.assign(this.#headers, headers);
  }

  copyTo(take: (bytes: Uint8Array | string) => void): void {
    this.#copyTo = take;
  }

  sendWhole(_status: number, _contentType: string, body: Uint8Array | string): void {
    this.#hasBegun = true;
    this.end(body);
  }

  begin(): void {
    this.#hasBegun = true;
  }

  write(bytes: Uint8Array): boolean {
    this.#bytes += bytes.byteLength;
    this.#copyTo?.(bytes);
    if (this.#bytes <= this.#maxBytes) this.#chunks.push(bytes);
    else this.#refuseSize();
    return true;
  }

  onDrained(then: () => void): void {
    then();
  }

  end(bytes?: Uint8Array | string): void {
    if (bytes !== undefined) this.write(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
    const [only] = this.#chunks;
    const body = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
    this.#end ??= { kind: "whole", headers: this.#headers, body };
  }

  breakOff(): void {
    this.#end ??= { kind: "refused", refusal: serverRefusal(502, "upstream_disconnected", "the answer broke off") };
  }

  refuse(refusal: Refusal): void {
    this.#end ??= { kind: "refused", refusal };
  }

  onGone(then: () => void): () => void {
    this.#onGone = then;
    if (this.#isGone) then();
    return () => {
      this.#onGone = null;
    };
  }

  tick(now: Instant, limits: GatewayLimits): Overrun | null {
    return now - this.#beganAt >= limits.totalMs ? "total" : null;
  }

  #refuseSize(): void {
    const message = `an answer wants at most ${this.#maxBytes} bytes, found more; ask for fewer rows or outputs at a time`;
    this.#end ??= { kind: "refused", refusal: serverRefusal(413, "answer_too_large", message) };
    this.#chunks.length = 0;
    this.leave();
  }
}
