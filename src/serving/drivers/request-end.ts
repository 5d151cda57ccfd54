import type { Instant } from "../../base/clock.ts";
import type { Refusal } from "../gateway/protocol/refusal.ts";
import type { TokenUsage } from "../gateway/protocol/token-usage.ts";

/** How a request ended, for all that count it. */
export interface RequestEnd {
  readonly kind: "done" | "failed" | "aborted";
  readonly refusal: Refusal | null;
  readonly usage: TokenUsage | null;
  /** Frames of a stream that were seen: its tokens when the upstream counted none. */
  readonly frames: number;
  /** The deployment whose replica was asked last; empty while none was. */
  readonly servedBy: string;
  readonly version: string;
  readonly queueMs: number;
  /** How long it was held until a deployment that had no replica had one; null when it was not held. */
  readonly heldMs: number | null;
  readonly firstByteAt: Instant | null;
  readonly retries: number;
}

/** The end of a request that came to nothing before any replica was asked. */
export const failedEnd: RequestEnd = {
  kind: "failed",
  refusal: null,
  usage: null,
  frames: 0,
  servedBy: "",
  version: "",
  queueMs: 0,
  heldMs: null,
  firstByteAt: null,
  retries: 0,
};
