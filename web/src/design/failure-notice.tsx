import type { ReactNode } from "react";
import { ApiFailure } from "../api/client.ts";
import { adviceFor } from "../words/advice.ts";

/** What went wrong and what to do about it; offers to try again where that can help. */
export function FailureNotice({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry?: () => void;
}): ReactNode {
  const failure = error instanceof ApiFailure ? error : null;
  const message = error instanceof Error ? error.message : String(error);
  const advice = adviceFor(failure?.code ?? "web.unexpected", failure?.status ?? null);
  return (
    <div className="notice bad soft" role="alert">
      <div className="row spread">
        <strong className="lines">{message}</strong>
        {onRetry !== undefined && (
          <button type="button" className="button small" onClick={onRetry}>
            Try again
          </button>
        )}
      </div>
      {advice !== null && <p>{advice}</p>}
      {failure !== null && (
        <p className="muted mono">
          {failure.code}
          {failure.requestId === null ? "" : ` · request ${failure.requestId}`}
        </p>
      )}
    </div>
  );
}
