import type { Instant, Millis } from "../../../base/clock.ts";
import type { LimitRule } from "./limit-rule.ts";

/** The part of a limit that one worker may hold ready: a twentieth. For a rate that is three seconds of it. */
const shareFraction = 0.05;

/** How long a worker that says nothing keeps its shares of rates and of requests at once. */
export const leaseMs: Millis = 5_000;

/** The most of a limit that one worker holds unused, unless a single request wants more. */
export function shareMax(rule: LimitRule): number {
  return Math.max(1, Math.ceil(rule.amount * shareFraction));
}

/**
 * What a worker says of its share of one limit in one window.
 *
 * Sums count from the worker's start and never fall, so a report that is lost or told twice changes nothing.
 */
export interface ShareReport {
  readonly limit: string;
  /** When the budget's window starts; 0 for limits without windows. */
  readonly window: Instant;
  /** Sum of what was really used. */
  readonly spent: number;
  /** Sum of what was given back unused. */
  readonly returned: number;
  /** Reserved now and not settled. */
  readonly held: number;
  /** The most that a request waits for; 0: none does. It is given whole or not at all. */
  readonly need: number;
  /** What all requests wait for together, the one with the most among them. */
  readonly waiting: number;
  /** What it would like to hold ready beyond what it has. */
  readonly want: number;
}

/** What the owner of the limits answers. */
export interface ShareGrant {
  readonly limit: string;
  readonly window: Instant;
  /** Sum of all that the worker was ever given. */
  readonly granted: number;
  /** The most that the worker may go on holding, used or not; less than it has asks it to give back what falls free. */
  readonly ceiling: number;
  /** Of requests at once: others were refused what they needed, and this worker has use for no more, or holds too many. */
  readonly isScarce: boolean;
  /** Until the owner can give what was needed; 0 when it has given it, null for never. */
  readonly waitMs: Millis | null;
  /** What the owner could still give to anybody. */
  readonly remaining: number;
  /** Until the owner could give all of the limit; null when nobody knows. */
  readonly fullInMs: Millis | null;
  /** What was reserved longer ago has run off, and is not taken back any more. */
  readonly freshMs: Millis;
  /** Workers that hold a share of the limit, this one counted. */
  readonly peers: number;
}

/** Hands out shares of limits: the control plane, seen from a worker of the gateway. */
export interface LeaseOwner {
  /**
   * Reports, asks and gives back in one; answers each report in order.
   *
   * @param worker names this run of the worker, never used before.
   */
  lease(worker: string, reports: readonly ShareReport[], now: Instant): Promise<readonly ShareGrant[]>;
}
