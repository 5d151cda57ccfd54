import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { verifyLog } from "../../api/audit.ts";
import { useStatus } from "../../api/platform.ts";
import { formatCount } from "../../words/numbers.ts";

/** Proves the log on demand and says what came out. */
export function VerifyPanel(): ReactNode {
  const status = useStatus();
  const verify = useMutation({ mutationFn: verifyLog });
  return (
    <div className="row">
      {verify.data !== undefined && (
        <span className={verify.data.isWhole ? "good" : "bad"} role="status">
          {verify.data.isWhole ? "✓" : "✕"} {verify.data.message}
        </span>
      )}
      {verify.error !== null && (
        <span className="bad" role="alert">
          {verify.error.message}
        </span>
      )}
      {verify.data === undefined && <span className="muted">{formatCount(status.data?.logSize ?? 0)} entries</span>}
      <button type="button" className="button" disabled={verify.isPending} onClick={() => verify.mutate()}>
        {verify.isPending ? "Verifying…" : "Verify the log"}
      </button>
    </div>
  );
}
