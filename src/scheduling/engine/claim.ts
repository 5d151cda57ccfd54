import type { Instant } from "../../base/clock.ts";
import type { Bytes } from "../../base/units.ts";
import type { GpuPiece } from "./model.ts";

/** A piece of one node for a span of time: a member that runs, one whose start is planned, or a reservation. */
export interface Claim {
  /** The workload, or the reservation. */
  readonly owner: string;
  readonly kind: "running" | "planned" | "reserved";
  readonly start: Instant;
  /** When it is free again at the latest; moved on when a run outlasts it. */
  end: Instant;
  readonly pieces: readonly GpuPiece[];
  readonly cpuMillis: number;
  readonly memory: Bytes;
  readonly custom: Readonly<Record<string, number>> | undefined;
}

/** Tells which claims a search may look through, as if they were not there. */
export type IsIgnored = (claim: Claim) => boolean;

/** Looks through no claim. */
export const ignoreNone: IsIgnored = () => false;
