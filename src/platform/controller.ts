import type { Millis } from "../base/clock.ts";
import type { LoggedEvent } from "./event.ts";

/** The right to act on one key of one controller. `attempt` is the fencing token: it grows with every claim. */
export interface Lease {
  readonly controller: string;
  readonly key: string;
  readonly attempt: number;
}

/** When to look again: only when something changes, or also after a while. */
export type NextVisit = { readonly kind: "settled" } | { readonly kind: "again"; readonly afterMs: Millis };

/**
 * Moves the world toward what resources ask for. Level-triggered: it may be called at any time, any number of
 * times, after any crash, and looks at the state, never at the event that woke it.
 */
export interface Controller {
  /** Unique; also the actor `controller:<name>` in the event log. */
  readonly name: string;
  /** How many keys it works on at once in one process. */
  readonly concurrency: number;
  /** The keys that a change concerns, as `refKey` or any other text of the controller's own. Pure. */
  keysOf(event: LoggedEvent): readonly string[];
  /**
   * One visit: load a snapshot, decide, apply under the lease. Must pass `signal` on: it fires when the lease is
   * lost or the server stops. A throw is logged and tried again with growing delay (1 s doubling to 60 s).
   */
  reconcile(key: string, lease: Lease, signal: AbortSignal): Promise<NextVisit>;
}
