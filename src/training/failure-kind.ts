import type { FaultKind } from "../base/fault-codes.ts";

/**
 * What a fault means for a job that met it: `waits` until what is missing appears, tries `again` because it may
 * pass by itself, or `fails` because only a changed job can mend it.
 */
export function consequenceOf(kind: FaultKind): "waits" | "again" | "fails" {
  switch (kind) {
    case "missing":
      return "waits";
    case "unavailable":
    case "conflict":
    case "too-many":
      return "again";
    case "invalid":
    case "unauthenticated":
    case "forbidden":
    case "refused":
    case "too-large":
    case "failed":
    case "timeout":
      return "fails";
  }
}
