/** MLflow's shape of an error: its clients need just these two. */
export interface MlflowError {
  readonly error_code: string;
  readonly message: string;
}

const codesByFault: Readonly<Record<string, string>> = {
  "tracking.already-exists": "RESOURCE_ALREADY_EXISTS",
  "tracking.not-found": "RESOURCE_DOES_NOT_EXIST",
  "tracking.request-invalid": "INVALID_PARAMETER_VALUE",
};

const codesByStatus: Readonly<Record<number, string>> = {
  400: "INVALID_PARAMETER_VALUE",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "RESOURCE_DOES_NOT_EXIST",
  409: "RESOURCE_CONFLICT",
  413: "INVALID_PARAMETER_VALUE",
  415: "BAD_REQUEST",
  429: "REQUEST_LIMIT_EXCEEDED",
  503: "TEMPORARILY_UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

/** Turns a fault into MLflow's error; its own client retries on 429 and 5xx, so user errors must never get there. */
export function toMlflowError(status: number, code: string, message: string): MlflowError {
  return {
    error_code: codesByFault[code] ?? codesByStatus[status] ?? (status < 500 ? "BAD_REQUEST" : "INTERNAL_ERROR"),
    message,
  };
}
