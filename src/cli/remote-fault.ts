import { type FaultKind, faultKinds } from "../base/fault-codes.ts";

/** A failure that the server answered with. Its code may be newer than this program's table. */
export class RemoteFault extends Error {
  readonly code: string;
  readonly kind: FaultKind;
  readonly details: Readonly<Record<string, unknown>>;
  /** Finds the request in the server's log. */
  readonly requestId: string | null;

  constructor(answer: Omit<RemoteFault, "name">) {
    super(answer.message);
    this.name = "RemoteFault";
    this.code = answer.code;
    this.kind = answer.kind;
    this.details = answer.details;
    this.requestId = answer.requestId;
  }
}

const kindOfStatus: Readonly<Record<number, FaultKind>> = {
  400: "invalid",
  401: "unauthenticated",
  403: "forbidden",
  404: "missing",
  408: "timeout",
  409: "conflict",
  413: "too-large",
  422: "refused",
  429: "too-many",
  502: "unavailable",
  503: "unavailable",
  504: "timeout",
};

const kindOfCode: Readonly<Record<string, FaultKind>> = faultKinds;

/**
 * Reads an error answer, `{"error": {code, message, details, requestId}}`, or `{"error": message}` as models that take tensors answer; any
 * other body still gives a fault.
 * The kind comes from the code where this program knows it, else from the status.
 */
export function toRemoteFault(status: number, body: string): RemoteFault {
  const error = readError(body);
  const text = (key: string) => (typeof error[key] === "string" ? error[key] : null);
  const code = text("code") ?? `http.${status}`;
  return new RemoteFault({
    code,
    kind: kindOfCode[code] ?? kindOfStatus[status] ?? "failed",
    message: text("message") ?? `the server answered ${status}: ${body.slice(0, 200) || "(empty)"}`,
    details: isObject(error["details"]) ? error["details"] : {},
    requestId: text("requestId"),
  });
}

function readError(body: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body);
    const error = isObject(parsed) ? parsed["error"] : undefined;
    return isObject(error) ? error : { message: error };
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
