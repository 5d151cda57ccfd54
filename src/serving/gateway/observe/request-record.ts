import type { Instant, Millis } from "../../../base/clock.ts";
import type { RefusalReason } from "./model.ts";
import type { OpenAiOperation } from "../protocol/openai-path.ts";

/** How a request ended for its caller. */
export type RequestOutcome = "done" | "failed" | "aborted";

/** How a request came: the OpenAI API, or the Open Inference Protocol v2 by REST or by gRPC. */
export type GatewayProtocol = "openai" | "v2" | "grpc";

/** One request from its arrival to its end: what metrics, spans and the request log are made from. */
export interface RequestRecord {
  readonly requestId: string;
  readonly operation: OpenAiOperation | "infer";
  readonly protocol: GatewayProtocol;
  readonly project: string;
  readonly identity: string;
  /** The deployment that was asked for; empty when the request named none that there is. */
  readonly deployment: string;
  /** The deployment that answered; another one when a fallback did. */
  readonly servedBy: string;
  /** The version that answered; empty when none did. */
  readonly version: string;
  readonly isStream: boolean;
  readonly outcome: RequestOutcome;
  /** HTTP status as the caller heard it; 499 when it went away. */
  readonly status: number;
  /** Code of the refusal; null when there was none. */
  readonly errorCode: string | null;
  /** Why it was refused before any replica was asked; null when one was. */
  readonly refused: RefusalReason | null;
  readonly startedAt: Instant;
  readonly queueMs: Millis;
  /** How long it was held until its deployment had a first replica; null when it had one. */
  readonly heldMs: Millis | null;
  /** Until the first byte of the answer; null when none came. */
  readonly ttftMs: Millis | null;
  readonly durationMs: Millis;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly tokensCached: number;
  readonly microMoney: number;
  /** Tries beyond the first. */
  readonly retries: number;
  /** Whether it kept the deployment's SLO; null when there is none or it is not judged by it. */
  readonly isGood: boolean | null;
  /** The caller's `traceparent` header; null when it sent none. */
  readonly traceparent: string | null;
}

/** Milliseconds for each token after the first; null when there is none. */
export function tpotOf(record: Pick<RequestRecord, "ttftMs" | "durationMs" | "tokensOut">): Millis | null {
  if (record.ttftMs === null || record.tokensOut < 2) return null;
  return (record.durationMs - record.ttftMs) / (record.tokensOut - 1);
}

/** Whether a request kept an SLO: it was answered, and both the first byte and each further token came in time. */
export function keepsSlo(
  record: Pick<RequestRecord, "outcome" | "ttftMs" | "durationMs" | "tokensOut">,
  slo: { readonly ttftMs: Millis; readonly tpotMs: Millis },
): boolean {
  if (record.outcome !== "done" || record.ttftMs === null || record.ttftMs > slo.ttftMs) return false;
  return (tpotOf(record) ?? 0) <= slo.tpotMs;
}
