import type { Millis } from "../../../base/clock.ts";

/** How urgent requests are, the most urgent first. */
export const bands = ["system", "interactive", "default", "bulk"] as const;
export type Band = (typeof bands)[number];

/** How the requests of one band wait. */
export interface BandPolicy {
  /**
   * Its part of the capacity, rounded down to whole requests. Less urgent bands leave it free; from more urgent ones it gets
   * it as soon as a request waits for it and another ends.
   */
  readonly floor: number;
  /** Requests that may wait. */
  readonly queueMax: number;
  /** The longest that a request may wait, whatever its own deadline. */
  readonly waitMaxMs: Millis;
  /** After waiting this long, a request takes its turn among those that waited too long: every eighth start is theirs. */
  readonly promoteMs: Millis;
}

/**
 * The default bands, with the queue and the patience that a deployment wants of its default band; those of the other bands
 * keep their proportion to it.
 */
export function bandsFor(wanted: {
  readonly queueMax: number;
  readonly waitMaxMs: Millis;
}): Readonly<Record<Band, BandPolicy>> {
  const scaled = (policy: BandPolicy): BandPolicy => ({
    ...policy,
    queueMax: Math.ceil((policy.queueMax * wanted.queueMax) / defaultBands.default.queueMax),
    waitMaxMs: Math.ceil((policy.waitMaxMs * wanted.waitMaxMs) / defaultBands.default.waitMaxMs),
  });
  const { system, interactive, default: plain, bulk } = defaultBands;
  return { system: scaled(system), interactive: scaled(interactive), default: scaled(plain), bulk: scaled(bulk) };
}

/** What applies unless a deployment says otherwise; the floors add up to less than 1. */
export const defaultBands: Readonly<Record<Band, BandPolicy>> = {
  system: { floor: 0.05, queueMax: 64, waitMaxMs: 30_000, promoteMs: 5_000 },
  interactive: { floor: 0.25, queueMax: 256, waitMaxMs: 30_000, promoteMs: 5_000 },
  default: { floor: 0.1, queueMax: 512, waitMaxMs: 60_000, promoteMs: 30_000 },
  bulk: { floor: 0, queueMax: 1024, waitMaxMs: 300_000, promoteMs: 120_000 },
};
