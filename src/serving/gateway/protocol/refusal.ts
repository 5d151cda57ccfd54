import type { Millis } from "../../../base/clock.ts";
import type { Fault } from "../../../base/fault.ts";
import type { RefusalReason } from "../observe/model.ts";
import type { FaultCode } from "../../../base/fault-codes.ts";

/** Why a request is not answered by a model, as the OpenAI API tells it. */
export interface Refusal {
  /** HTTP status. */
  readonly status: number;
  readonly type: "invalid_request_error" | "rate_limit_error" | "server_error" | (string & {});
  readonly code: string;
  /** The member of the request that is wrong; null when none is. */
  readonly param: string | null;
  readonly message: string;
  /** When another try makes sense; null when nobody knows. */
  readonly retryAfterMs: Millis | null;
  /** Tells clients to try again or not to; null leaves it to them. */
  readonly shouldRetry: boolean | null;
  /** Further headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Why, for those who count refusals, where the code does not tell. */
  readonly reason?: RefusalReason;
}

/** Codes of the OpenAI API for faults of the platform; others are written with `_` for `.` and `-`. */
const codes: Partial<Readonly<Record<FaultCode, string>>> = {
  "tenancy.key-missing": "invalid_api_key",
  "tenancy.key-invalid": "invalid_api_key",
  "tenancy.key-expired": "invalid_api_key",
  "tenancy.forbidden": "insufficient_permissions",
  "serving.model-missing": "model_not_found",
  "serving.model-not-ready": "model_not_ready",
  "serving.request-invalid": "invalid_request",
  "serving.overloaded": "overloaded",
  "serving.replica-unreachable": "upstream_unreachable",
  "serving.timeout": "timeout",
  "platform.body-too-large": "request_too_large",
  "platform.not-found": "unknown_url",
};

/** What a caller hears at most of an upstream's own words. */
const maxMessageChars = 2_000;

/** A pause that clients are told when a trouble may be over soon and nobody knows when. */
export const soonMs: Millis = 1_000;

/** The longest pause that OpenAI's clients keep; told a longer one they try again after a second or so, in vain. */
export const longestKeptPauseMs: Millis = 60_000;

/** The refusal that tells a fault; `status` as the gateway maps its kind. */
export function refusalOfFault(fault: Fault, status: number): Refusal {
  const { param } = fault.details;
  return {
    status,
    type: typeOf(status),
    code: codes[fault.code] ?? fault.code.replaceAll(/[.-]/g, "_"),
    param: typeof param === "string" ? param : null,
    message: fault.message,
    retryAfterMs: status === 429 || status === 503 ? soonMs : null,
    shouldRetry: null,
  };
}

/** A refusal for a trouble of the gateway's or the upstream's own. */
export function serverRefusal(
  status: number,
  code: string,
  message: string,
  retryAfterMs: Millis | null = null,
): Refusal {
  return { status, type: typeOf(status), code, param: null, message, retryAfterMs, shouldRetry: null };
}

/** What is wrong when an upstream answers that the gateway's own key is none, or may not do this. */
export function credentialsRefusal(status: number): Refusal {
  const message = `the deployment's upstream refused the gateway's key with ${status}, which is not your key's fault; whoever runs the deployment looks at external.apiKeyFile or external.apiKeyEnvironment of its spec`;
  return { ...serverRefusal(502, "upstream_refused_credentials", message), shouldRetry: false };
}

/** Passes on an upstream's refusal, completed to the four members that clients read. */
export function upstreamRefusal(
  status: number,
  body: string,
  asked: { readonly retryAfterMs: Millis | null; readonly shouldRetry: boolean | null },
): Refusal {
  const error = errorIn(body);
  const text = (member: string): string | null => {
    const value = error?.[member];
    return typeof value === "string" && value !== "" ? value : null;
  };
  const code = error?.code;
  return {
    status,
    type: text("type") ?? typeOf(status),
    code: typeof code === "string" && code !== "" ? code : `upstream_status_${status}`,
    param: text("param"),
    message: (text("message") ?? wordsOf(status, body)).slice(0, maxMessageChars),
    retryAfterMs: asked.retryAfterMs,
    shouldRetry: asked.shouldRetry,
  };
}

/** The body of an answer that tells a refusal: `{"error": {message, type, param, code}}`. */
export function refusalJson({ message, type, param, code }: Refusal): string {
  return JSON.stringify({ error: { message, type, param, code } });
}

/** The same body for a fault of the control plane, by its code. */
export function errorBody(status: number, code: string, message: string): object {
  const known = Object.entries(codes).find(([fault]) => fault === code)?.[1];
  return { error: { message, type: typeOf(status), param: null, code: known ?? code.replaceAll(/[.-]/g, "_") } };
}

/** Tells a refusal inside a stream that has begun; clients raise an error when they meet it, and no `[DONE]` follows. */
export function refusalFrame(refusal: Refusal): string {
  return `data: ${refusalJson(refusal)}\n\n`;
}

function typeOf(status: number): Refusal["type"] {
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

function errorIn(body: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== "object" || value === null) return null;
    // vLLM puts the members at the top; others write an object, or a text, under `error`.
    const inner = "error" in value ? value.error : value;
    if (typeof inner === "string") return { message: inner };
    return typeof inner === "object" && inner !== null ? (inner as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

function wordsOf(status: number, body: string): string {
  const text = body.trim();
  return text === ""
    ? `the upstream answered with ${status} and no words`
    : `the upstream answered with ${status}: ${text}`;
}
