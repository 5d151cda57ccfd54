import { type ReactNode, useState } from "react";
import { type Decision, useDecision, type VersionRow } from "../../api/registry.ts";
import { Command } from "../../design/command.tsx";
import { FailureNotice } from "../../design/failure-notice.tsx";
import { Panel } from "../../design/panel.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { When } from "../../design/when.tsx";

/** Who said what about a version, and the reader's own word on it. */
export function DecisionPanel({ version }: { readonly version: VersionRow }): ReactNode {
  const approved = version.approvals.filter((each) => each.decision !== "rejected").length;
  const isOpen = version.state === "passed" || version.state === "candidate" || version.state === "rejected";
  return (
    <Panel title="Approval" note={`${approved} of ${version.approvalsRequired} needed`}>
      <div className="stack">
        {version.approvals.length === 0 && (
          <p className="muted">
            Nobody decided yet. Whoever made a version may not approve it: a second identity must.
          </p>
        )}
        {version.approvals.map((each) => (
          <div key={`${each.identity} ${each.at}`} className="row top">
            <StateBadge
              state={each.decision}
              tone={each.decision === "overridden" ? "special" : each.decision === "rejected" ? "bad" : "good"}
            />
            <span className="grow">
              <strong>{each.identity}</strong>
              {each.comment !== "" && <div className="muted">{each.comment}</div>}
            </span>
            <When at={each.at} />
          </div>
        ))}
        {isOpen && <DecisionForm version={version} />}
      </div>
    </Panel>
  );
}

function DecisionForm({ version }: { readonly version: VersionRow }): ReactNode {
  const [comment, setComment] = useState("");
  const decision = useDecision(version.project, version.id);
  const needsOverride = version.state !== "passed";
  const decide = (kind: Decision["kind"]): void => {
    decision.mutate(kind === "approve" ? { kind, comment } : { kind, reason: comment }, {
      onSuccess: () => setComment(""),
    });
  };
  return (
    <>
      <textarea
        className="field"
        rows={2}
        aria-label="Comment"
        placeholder={
          needsOverride ? "Why should it serve although the gate did not pass it?" : "Comment, for the audit trail"
        }
        value={comment}
        onChange={(event) => setComment(event.target.value)}
      />
      <div className="row wrap">
        {needsOverride ? (
          <button
            type="button"
            className="button"
            disabled={decision.isPending || comment.trim() === ""}
            onClick={() => decide("override")}
          >
            Override and approve
          </button>
        ) : (
          <>
            <button
              type="button"
              className="button primary"
              disabled={decision.isPending}
              onClick={() => decide("approve")}
            >
              Approve
            </button>
            <button
              type="button"
              className="button"
              disabled={decision.isPending || comment.trim() === ""}
              onClick={() => decide("reject")}
              title="Needs a comment"
            >
              Reject
            </button>
          </>
        )}
      </div>
      {decision.error !== null && <FailureNotice error={decision.error} />}
      <Command text={`millwright approve ${version.id}`} />
    </>
  );
}
