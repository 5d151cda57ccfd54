import type { Instant } from "../../../base/clock.ts";
import type { Member } from "./member.ts";

/** What one request in flight was counted with, so that exactly this is taken off again. */
export interface Ticket {
  readonly member: Member;
  readonly blocks: readonly number[] | null;
  readonly pickedAt: Instant;
  /** Prompt tokens that the replica is thought to compute. */
  readonly prefillTokens: number;
  readonly outputTokens: number;
  /** Prompt tokens that others were to have computed there first. */
  readonly tokensAhead: number;
  firstByteAt: Instant;
  state: "waiting" | "streaming" | "ended";
}
