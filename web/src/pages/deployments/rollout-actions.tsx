import { type ReactNode, useState } from "react";
import { type RolloutAction, useRolloutDecision } from "../../api/serving.ts";
import { FailureNotice } from "../../design/failure-notice.tsx";

const actionNames: Readonly<Record<RolloutAction, string>> = {
  resume: "Let it go on",
  promote: "Promote now",
  rollback: "Roll back",
  split: "Set split",
};

/** Where the rollout stands, as far as it decides what may be done. */
export type ActionPlace = "open" | "paused" | "completed";

const actionsAt: Readonly<Record<ActionPlace, readonly RolloutAction[]>> = {
  open: ["promote", "rollback"],
  paused: ["resume", "promote", "rollback", "split"],
  completed: ["rollback"],
};

/** What a person may do with the rollout that runs; each needs a reason, which goes into the log. */
export function RolloutActions({
  project,
  name,
  place,
}: {
  readonly project: string;
  readonly name: string;
  readonly place: ActionPlace;
}): ReactNode {
  const [reason, setReason] = useState("");
  const decision = useRolloutDecision(project, name);
  const [percent, setPercent] = useState("");
  const isPercent = percent.trim() !== "" && Number(percent) >= 0 && Number(percent) < 100;
  const decide = (action: RolloutAction): void =>
    decision.mutate(
      { action, reason, ...(action === "split" ? { percent: Number(percent) } : {}) },
      { onSuccess: () => setReason("") },
    );
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
        {place === "paused" && (
          <input
            className="field"
            aria-label="Candidate's share in percent"
            placeholder="%"
            size={4}
            value={percent}
            onChange={(event) => setPercent(event.target.value)}
          />
        )}
        {actionsAt[place].map((action) => (
          <button
            key={action}
            type="button"
            className="button"
            disabled={decision.isPending || reason.trim() === "" || (action === "split" && !isPercent)}
            onClick={() => decide(action)}
          >
            {actionNames[action]}
          </button>
        ))}
      </div>
      {decision.error !== null && <FailureNotice error={decision.error} />}
    </div>
  );
}
