import type { FaultKind } from "../base/fault-codes.ts";

/** The HTTP status of each kind of fault: the one place where the two meet. */
export const httpStatusOfKind: Readonly<Record<FaultKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  missing: 404,
  conflict: 409,
  refused: 422,
  "too-large": 413,
  "too-many": 429,
  failed: 422,
  unavailable: 503,
  timeout: 504,
};
