import type { Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";

/** The fault of a gateway that did not do something in time; `what` completes "the gateway wants to". */
export function lateGateway(what: string, limitMs: Millis): Fault {
  return new Fault("serving.timeout", `the gateway wants to ${what} within ${limitMs} ms and did not`);
}
