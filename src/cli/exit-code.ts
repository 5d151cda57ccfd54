import type { FaultKind } from "../base/fault-codes.ts";
import { unreachable } from "../base/exhaustive.ts";

/** What the process answers to the shell; the numbers are part of the interface and never change. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  missing: 3,
  unauthorised: 4,
  conflict: 5,
  refused: 6,
  timeout: 7,
  unavailable: 75,
  interrupted: 130,
} as const;

/** The exit code of a command that ended with a fault of this kind. */
export function exitCodeOf(kind: FaultKind): number {
  switch (kind) {
    case "invalid":
    case "too-large":
      return exitCodes.usage;
    case "unauthenticated":
    case "forbidden":
      return exitCodes.unauthorised;
    case "missing":
      return exitCodes.missing;
    case "conflict":
      return exitCodes.conflict;
    case "refused":
      return exitCodes.refused;
    case "failed":
      return exitCodes.failed;
    case "timeout":
      return exitCodes.timeout;
    case "too-many":
    case "unavailable":
      return exitCodes.unavailable;
    default:
      return unreachable(kind);
  }
}
