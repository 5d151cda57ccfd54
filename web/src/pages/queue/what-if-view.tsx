import type { ReactNode } from "react";
import type { WorkloadRow } from "../../api/compute.ts";
import { useWhatIf } from "../../api/what-if.ts";
import { CopyButton } from "../../design/command.tsx";
import { FailureNotice } from "../../design/failure-notice.tsx";
import { Panel } from "../../design/panel.tsx";
import { SkeletonLines } from "../../design/skeleton.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { WhatIfAnswerPanel } from "./what-if-answer.tsx";
import {
  changeLines,
  joinChanges,
  parseChange,
  type TriedChange,
  withoutChange,
  writeChange,
} from "./what-if-change.ts";
import { WhatIfForm } from "./what-if-form.tsx";

/** Changes that are tried out on a copy, and for whom they would move the start. */
export function WhatIfView({ workloads }: { readonly workloads: readonly WorkloadRow[] }): ReactNode {
  const { state, change: changeUrl } = useUrlState();
  const change = parseChange(state["change"]);
  const answer = useWhatIf(change === null ? null : { ...change });
  const put = (next: TriedChange): void => changeUrl({ change: writeChange(next) });
  const nameOf = (id: string): string => workloads.find((each) => each.id === id)?.owner.name ?? id;
  return (
    <div className="wide-left">
      <div className="stack">
        {change === null ? (
          <Panel title="What it would do">
            <p className="muted">
              Choose a change beside this: it is tried out on a copy of the cluster, and nothing that runs or waits is
              touched. The answer says who starts earlier or later, and by how much.
            </p>
          </Panel>
        ) : answer.error !== null ? (
          <FailureNotice error={answer.error} onRetry={() => void answer.refetch()} />
        ) : answer.data === undefined ? (
          <SkeletonLines count={6} />
        ) : (
          <WhatIfAnswerPanel answer={answer.data} isAsking={answer.isFetching} onAsk={() => void answer.refetch()} />
        )}
      </div>
      <div className="stack">
        {change !== null && <Changes change={change} nameOf={nameOf} onChange={put} />}
        <Panel title="Add a change">
          <WhatIfForm onAdd={(more) => put(joinChanges(change, more))} />
        </Panel>
      </div>
    </div>
  );
}

function Changes({
  change,
  nameOf,
  onChange,
}: {
  readonly change: TriedChange;
  readonly nameOf: (id: string) => string;
  readonly onChange: (change: TriedChange) => void;
}): ReactNode {
  const text = writeChange(change) ?? "";
  return (
    <Panel
      title="The change"
      actions={<CopyButton text={`millwright whatif -f - <<'END'\n${text}\nEND`} label="Copy as a command" />}
    >
      <div className="change-list">
        {changeLines(change, nameOf).map((line) => (
          <div key={`${line.sort} ${line.index}`} className="change-row">
            <span className="grow">{line.words}</span>
            <button
              type="button"
              className="button quiet small"
              aria-label={`Leave out: ${line.words}`}
              onClick={() => onChange(withoutChange(change, line))}
            >
              ✕
            </button>
          </div>
        ))}
      </div>
    </Panel>
  );
}
