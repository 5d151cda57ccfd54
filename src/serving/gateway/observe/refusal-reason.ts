import type { LimitMeasure } from "../limits/limit-rule.ts";
import type { RefusalReason } from "./model.ts";

const byCode: Readonly<Record<string, RefusalReason>> = {
  invalid_api_key: "unknown-key",
  insufficient_permissions: "no-permission",
  model_not_found: "unknown-model",
  overloaded: "queue-full",
  queue_timeout: "late",
  request_timeout: "late",
  model_not_ready: "no-endpoint",
  serving_control_unavailable: "no-verdict",
};

const byMeasure: Readonly<Record<LimitMeasure, RefusalReason>> = {
  requests: "limit-requests",
  tokens: "limit-tokens",
  concurrency: "limit-concurrency",
  money: "limit-budget",
};

/** The reason that a refusal's code tells; null where it tells of a failure of a replica or of the gateway itself. */
export function refusalReason(refusal: {
  readonly status: number;
  readonly code: string;
  readonly reason?: RefusalReason;
}): RefusalReason | null {
  return refusal.reason ?? byCode[refusal.code] ?? (refusal.status < 500 ? "malformed" : null);
}

/** The reason that a limit gives; null: of the worker's share, whose owner was not heard. */
export function limitReason(measure: LimitMeasure | null): RefusalReason {
  return measure === null ? "limit-share" : byMeasure[measure];
}
