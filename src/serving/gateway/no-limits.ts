import type { LimitGate } from "./request-parts.ts";

/** Lets every request through. */
export const noLimits: LimitGate = {
  reserve: () => ({ kind: "reserved", ticket: { headers: {} } }),
  settle: () => undefined,
  abandon: () => undefined,
};
