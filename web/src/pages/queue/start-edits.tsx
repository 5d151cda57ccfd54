import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTrainingJobEdit } from "../../api/apply.ts";
import type { WorkloadRow } from "../../api/compute.ts";
import type { StartEdit } from "../../api/explanation.ts";
import { CopyButton } from "../../design/command.tsx";
import { FailureNotice } from "../../design/failure-notice.tsx";
import { Evictions } from "./evictions.tsx";
import { editedSpec, manifestChange, triedEdit } from "./tried-edit.ts";
import { writeChange } from "./what-if-change.ts";

/** What would start it now: checked edits with ways to try and to make them, or the server's advice as words. */
export function StartEdits({
  workload,
  edits,
  words,
}: {
  readonly workload: WorkloadRow;
  readonly edits: readonly StartEdit[];
  readonly words: readonly string[];
}): ReactNode {
  if (edits.length === 0 && words.length === 0) return null;
  return (
    <section className="stack tight">
      <h3>{edits.length === 0 ? "What would help" : "What would start it now"}</h3>
      {edits.map((edit) => (
        <EditCard key={`${edit.field} ${edit.sentence}`} workload={workload} edit={edit} />
      ))}
      {edits.length === 0 && (
        <ul>
          {words.map((each) => (
            <li key={each}>→ {each}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** One edit: what it changes, whom it would stop, and what to do with it. */
function EditCard({ workload, edit }: { readonly workload: WorkloadRow; readonly edit: StartEdit }): ReactNode {
  const [isAsked, setIsAsked] = useState(false);
  const isJob = workload.owner.kind === "TrainingJob";
  const manifest = isJob ? manifestChange(edit) : null;
  return (
    <div className="edit">
      <strong className="sentence-start">{edit.sentence}</strong>
      {edit.evicts.length === 0 ? (
        <span className="muted">It starts at once; nobody is stopped.</span>
      ) : (
        <span className="warning">
          ▲ Stops <Evictions evicts={edit.evicts} />
        </span>
      )}
      <div className="row wrap">
        <Link
          to="/queue"
          search={{ view: "what-if", change: writeChange(triedEdit(workload, edit)) ?? "" }}
          className="button small"
        >
          Try it out
        </Link>
        {manifest !== null && (
          <>
            {!isAsked && (
              <button type="button" className="button small" onClick={() => setIsAsked(true)}>
                Apply…
              </button>
            )}
            <code>{manifest}</code>
            <CopyButton text={manifest} label="Copy for the manifest" />
          </>
        )}
      </div>
      {isJob && manifest === null && (
        <span className="faint">A training job's manifest has no member for this: it can only be tried out.</span>
      )}
      {isAsked && manifest !== null && (
        <Confirmation workload={workload} edit={edit} manifest={manifest} onClose={() => setIsAsked(false)} />
      )}
    </div>
  );
}

/** Asks before a job is changed: it begins anew with it. */
function Confirmation({
  workload: { owner, project },
  edit,
  manifest,
  onClose,
}: {
  readonly workload: WorkloadRow;
  readonly edit: StartEdit;
  readonly manifest: string;
  readonly onClose: () => void;
}): ReactNode {
  const apply = useTrainingJobEdit({ project, name: owner.name });
  if (apply.isSuccess) return <p className="good">{owner.name} was changed; its next workload is on its way.</p>;
  return (
    <div className="notice soft waiting" role="group" aria-label={`Apply to ${owner.name}`}>
      <p>
        This writes <code>{manifest}</code> into training job <strong>{owner.name}</strong>. The job begins anew: this
        workload is taken out of the queue, and another one, changed, is queued at its own time.
      </p>
      <div className="row wrap">
        <button
          type="button"
          className="button primary"
          disabled={apply.isPending}
          onClick={() => apply.mutate((spec) => editedSpec(spec, edit))}
        >
          Apply to {owner.name}
        </button>
        <button type="button" className="button quiet" disabled={apply.isPending} onClick={onClose}>
          Leave it as it is
        </button>
      </div>
      {apply.error !== null && <FailureNotice error={apply.error} />}
    </div>
  );
}
