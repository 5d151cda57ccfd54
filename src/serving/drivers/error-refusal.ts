import { isFault } from "../../base/fault.ts";
import type { Log } from "../../platform/ports.ts";
import { type Refusal, refusalOfFault, serverRefusal } from "../gateway/protocol/refusal.ts";
import { faultStatus } from "./fault-status.ts";

/** What a caller is told of an error: a fault as it is; a bug by name only, and the log has it whole. */
export function errorRefusal(error: unknown, log: Log, about: Readonly<Record<string, unknown>>): Refusal {
  if (isFault(error)) return refusalOfFault(error, faultStatus(error.kind));
  log.error("gateway request failed", { ...about, error: error instanceof Error ? error.stack : String(error) });
  return serverRefusal(500, "internal_error", "the gateway met an unexpected error; see the server's log");
}
