import type { Instant } from "../../base/clock.ts";

/** What was measured: a whole server at its supply, or its GPU boards together. */
export type PowerScope = "server" | "boards";

/** Watts of a node at a moment, and which share of its GPUs was held then. */
export interface PowerSample {
  readonly node: string;
  readonly scope: PowerScope;
  readonly at: Instant;
  readonly watts: number;
  readonly heldShare: number;
}

/** Means of a node over the samples of an hour. */
export interface NodeHour {
  readonly node: string;
  readonly scope: PowerScope;
  readonly samples: number;
  readonly watts: number;
  readonly heldShare: number;
}
