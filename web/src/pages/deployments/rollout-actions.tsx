import { type ReactNode, useState } from "react";
import { type RolloutAction, useRolloutDecision } from "../../api/serving.ts";
import { FailureNotice } from "../../design/failure-notice.tsx";

const actionNames: Readonly<Record<RolloutAction, string>> = {
  resume: "Let it go on",
  promote: "Promote now",
  rollback: "Roll back",
};

/** What a person may do with the rollout that runs; each needs a reason, which goes into the log. */
export function RolloutActions({
  project,
  name,
  isPaused,
}: {
  readonly project: string;
  readonly name: string;
  readonly isPaused: boolean;
}): ReactNode {
  const [reason, setReason] = useState("");
  const decision = useRolloutDecision(project, name);
  const actions: readonly RolloutAction[] = isPaused ? ["resume", "promote", "rollback"] : ["promote", "rollback"];
  return (
    <div className="stack tight">
      <div className="row wrap">
        <input
          className="field grow"
          aria-label="Reason"
          placeholder="Reason, to decide in the place of the tests"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
        {actions.map((action) => (
          <button
            key={action}
            type="button"
            className="button"
            disabled={decision.isPending || reason.trim() === ""}
            onClick={() => decision.mutate({ action, reason }, { onSuccess: () => setReason("") })}
          >
            {actionNames[action]}
          </button>
        ))}
      </div>
      {decision.error !== null && <FailureNotice error={decision.error} />}
    </div>
  );
}
