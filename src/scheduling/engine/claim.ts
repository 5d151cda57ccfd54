import type { Instant } from "../../base/clock.ts";
import type { Bytes } from "../../base/units.ts";
import type { GpuPiece } from "./model.ts";
import type { Standing } from "./queue-shares.ts";

/** Whose turn a planned start is, as far as others must know it who would take its place. */
export interface PlannedTurn {
  /** The workload. */
  readonly id: string;
  readonly line: object;
  /** Its turn within the line: smaller is earlier, then by id. */
  readonly key: number;
  /** Where its queue stood with this and what was planned before, when it was planned or the quotas changed last. */
  standing: Standing;
  /** Whether the room is kept for it: then nobody takes its place. */
  readonly isHeld: boolean;
}

/** A piece of one node for a span of time: a member that runs, one whose start is planned, or a reservation. */
export interface Claim {
  /** The workload, or the reservation. */
  readonly owner: string;
  readonly kind: "running" | "planned" | "reserved";
  /** Of a planned start. */
  readonly turn: PlannedTurn | null;
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
