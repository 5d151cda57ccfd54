import type { Instant, Millis } from "../../../base/clock.ts";
import type { Refusal } from "../protocol/refusal.ts";
import type { RefusalReason } from "./model.ts";
import { refusalReason } from "./refusal-reason.ts";
import type { GatewayProtocol } from "./request-record.ts";

/** What is known of a request when it is refused. */
export interface RefusedAsk {
  readonly requestId: string;
  readonly protocol: GatewayProtocol;
  readonly startedAt: Instant;
  /** Who asked; null when the key was not let in. */
  readonly admission: { readonly project: string; readonly identity: string } | null;
  /** The deployment that was found; empty when none was. Never a name that only a caller gave. */
  readonly deployment: string;
}

/** A request that was refused before any replica was asked: what metrics and the request log are made from. */
export interface RefusedRequest extends Omit<RefusedAsk, "admission"> {
  readonly project: string;
  readonly identity: string;
  readonly reason: RefusalReason;
  readonly status: number;
  readonly errorCode: string;
  readonly message: string;
  readonly durationMs: Millis;
}

/** @returns null where the refusal tells of a failure, which is no refusal of the gateway's. */
export function toRefused({ admission, ...ask }: RefusedAsk, refusal: Refusal, now: Instant): RefusedRequest | null {
  const reason = refusalReason(refusal);
  if (reason === null) return null;
  return {
    ...ask,
    project: admission?.project ?? "",
    identity: admission?.identity ?? "",
    reason,
    status: refusal.status,
    errorCode: refusal.code,
    message: refusal.message,
    durationMs: now - ask.startedAt,
  };
}
