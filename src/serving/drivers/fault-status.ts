import type { FaultKind } from "../../base/fault-codes.ts";
import { httpStatusOfKind } from "../../platform/http-status.ts";

/** The HTTP status of a fault on the data plane: the platform's, but what a model fails at is the server's error. */
export function faultStatus(kind: FaultKind): number {
  return kind === "failed" ? 500 : httpStatusOfKind[kind];
}
