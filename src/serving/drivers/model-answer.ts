import type { Instant } from "../../base/clock.ts";
import type { GatewayLimits } from "../gateway/gateway-limits.ts";
import type { Refusal } from "../gateway/protocol/refusal.ts";

/** Why a request that runs must end by a limit of the gateway. */
export type Overrun = "stalled" | "total";

/** Where the answer of a model goes: to a caller over HTTP, or into memory for another protocol. */
export interface ModelAnswer {
  readonly hasBegun: boolean;
  /** Headers that go with the answer; too late once it has begun. */
  addHeaders(headers: Readonly<Record<string, string>>): void;
  /** From now on also hands out what the caller is answered; heartbeats and refusals are left out. */
  copyTo(take: (bytes: Uint8Array | string) => void): void;
  /** A whole answer at once. */
  sendWhole(status: number, contentType: string, body: Uint8Array | string): void;
  /** Begins an answer that flows. */
  begin(status: number, contentType: string, contentLength: string | undefined): void;
  /** @param isBetweenFrames whether a comment may follow. @returns false when the caller reads too slowly: wait for `onDrained`. */
  write(bytes: Uint8Array, isBetweenFrames: boolean, now: Instant): boolean;
  /** Calls back once the caller has read what was written. */
  onDrained(then: () => void): void;
  end(bytes?: Uint8Array | string): void;
  /** The answer has begun, and what is missing cannot be told in it. */
  breakOff(): void;
  refuse(refusal: Refusal): void;
  /** Calls back when the caller goes away before it has its whole answer. @returns stops listening. */
  onGone(then: () => void): () => void;
  /** Looks after the answer once in a while. @returns the limit that it is over, or null. */
  tick(now: Instant, limits: GatewayLimits): Overrun | null;
}
