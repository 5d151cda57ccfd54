import type { Random } from "../../../base/random.ts";
import type { RefusedRequest } from "./refused-request.ts";
import type { RequestRecord } from "./request-record.ts";

/** What of requests is logged. */
export interface RequestLogPolicy {
  /** Share of the requests that went well, 0 to 1; those that failed are always logged. */
  readonly share: number;
  /** Whether the bodies of requests, cut to `bodyCharsMax`, stand in the log. Off unless somebody wants it. */
  readonly logsBodies: boolean;
}

/** Characters of a body that are logged at most. */
export const bodyCharsMax = 2_000;

const secretPattern =
  /\b(?:sk|mw|pk|key|token)[-_][A-Za-z0-9_-]{8,}|\bBearer\s+[A-Za-z0-9._~+/-]{8,}=*|\b[\w.+-]+@[\w-]+\.[\w.-]+/g;

/** The fields that are logged of a request, or null when it is not chosen; `body` is decoded only when it is wanted. */
export function toLogFields(
  record: RequestRecord,
  policy: RequestLogPolicy,
  random: Random,
  body: () => string,
): Readonly<Record<string, unknown>> | null {
  const isChosen = record.outcome === "failed" || (policy.share > 0 && random.next() < policy.share);
  if (!isChosen) return null;
  return policy.logsBodies ? { ...record, body: redact(body().slice(0, bodyCharsMax)) } : { ...record };
}

/**
 * The fields that are logged of a refused request, or null when it is not chosen: a share of them, as of those that went well, since
 * whoever floods the gateway would fill the log. Its words are the gateway's own, but may repeat the caller's.
 */
export function toRefusalFields(
  refused: RefusedRequest,
  policy: RequestLogPolicy,
  random: Random,
): Readonly<Record<string, unknown>> | null {
  if (policy.share <= 0 || random.next() >= policy.share) return null;
  return { ...refused, message: redact(refused.message) };
}

/** Replaces what looks like keys and mail addresses. */
export function redact(text: string): string {
  return text.replaceAll(secretPattern, "[redacted]");
}
