import type { Instant } from "../../base/clock.ts";
import type { Amounts } from "./room.ts";

/** Why a queue may not use so much now. */
export interface QuotaShortage {
  /** The node of the quota tree that binds. */
  readonly node: string;
  readonly resource: string;
  readonly sentence: string;
}

/** Some use by a queue, for comparing. */
export interface QueueUse {
  readonly queue: string;
  readonly amounts: Amounts;
}

/** What the engine asks of the quota tree and the fair share. */
export interface QueueShares {
  /** null when the queue may use so much more now. */
  findShortage(use: QueueUse): QuotaShortage | null;
  take(use: QueueUse, now: Instant): void;
  giveBack(use: QueueUse, now: Instant): void;
  /** Marks whether the queue has something that it could start. */
  setActive(queue: string, isActive: boolean): void;
  /** The active queue that is served next: the lowest share at every level of the tree. */
  next(now: Instant): string | undefined;
  /** Whether left, with so much more, is still behind right with so much more: its turn comes first. Strict. */
  isServedBefore(left: QueueUse, right: QueueUse, now: Instant): boolean;
}
