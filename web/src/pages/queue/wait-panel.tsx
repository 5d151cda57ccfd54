import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type Blocker, useQueue, type WorkloadRow } from "../../api/compute.ts";
import {
  type Explanation,
  type ForeseenEviction,
  type StartEdit,
  type StartForecast,
  useExplanation,
} from "../../api/explanation.ts";
import { CopyButton } from "../../design/command.tsx";
import { FailureNotice } from "../../design/failure-notice.tsx";
import { useNow } from "../../design/now.ts";
import { formatGpuSeconds } from "../../words/eviction-cost.ts";
import { formatFigure } from "../../words/numbers.ts";
import { aheadWords, plannedStartWords } from "../../words/planned-start.ts";
import { clockTime, exactTime } from "../../words/relative-time.ts";
import type { UrlState } from "../../words/url-state.ts";
import { withEnds } from "./blocker-ends.ts";
import { blockerEndWords, blockerOwnerWords } from "./blocker-words.ts";
import { recordWords } from "./record-words.ts";
import { manifestChange, triedEdit } from "./tried-edit.ts";
import { writeChange } from "./what-if-change.ts";

function gpuWords(gpus: number): string {
  return gpus === 0 ? "no GPU" : `${formatFigure(gpus)} ${gpus === 1 ? "GPU" : "GPUs"}`;
}

/** Why a workload waits, who is in its way, when it starts, and what would start it now; each as far as it is told. */
export function WaitPanel({ workload }: { readonly workload: WorkloadRow }): ReactNode {
  const asked = useExplanation(workload.project, workload.id);
  const told = asked.data;
  const queue = useQueue(undefined);
  const reason = told?.reason ?? workload.reason;
  const blockers = withEnds(reason?.blockers ?? [], queue.data?.workloads ?? []);
  return (
    <>
      {asked.error !== null && <FailureNotice error={asked.error} onRetry={() => void asked.refetch()} />}
      {reason !== null && (
        <div className={`notice soft ${told?.isLasting === true ? "bad" : "waiting"}`}>
          <strong className="sentence-start">{reason.sentence}</strong>
          {told?.isLasting === true && (
            <p>Waiting does not mend this: the request, the machines or the quotas must change.</p>
          )}
          <p className="muted mono">{reason.code}</p>
        </div>
      )}
      <Starts workload={workload} told={told} />
      {told !== undefined && told.evicts.length > 0 && (
        <p>
          Told to stop for it: <Evictions evicts={told.evicts} />
        </p>
      )}
      {blockers.length > 0 && <Blockers blockers={blockers} />}
      <Edits workload={workload} told={told} words={reason?.changes ?? []} />
    </>
  );
}

/** The moments of a forecast; without one, the planned start. */
function Starts({
  workload,
  told,
}: {
  readonly workload: WorkloadRow;
  readonly told: Explanation | undefined;
}): ReactNode {
  const now = useNow();
  const planned = told?.plannedStart ?? workload.plannedStart;
  const forecast = told?.forecast ?? null;
  const record = told?.record ?? null;
  const isHeld = planned?.isHeld === true;
  return (
    <section className="stack tight">
      <h3>When it starts</h3>
      {forecast !== null ? (
        <Forecast forecast={forecast} now={now} />
      ) : planned === null ? (
        <p className="muted">Nothing is planned for it as things stand.</p>
      ) : (
        <p title={exactTime(planned.at)}>
          <strong>{plannedStartWords(planned, now)}</strong>
          {!planned.isHardBound && planned.at > now && (
            <span className="muted"> – an estimate: something before it has no limit on how long it runs</span>
          )}
        </p>
      )}
      {record !== null && forecast !== null && <p className="faint">{recordWords(record)}</p>}
      {isHeld && <p className="special">◆ Others were told to stop for it; what they free is kept for it.</p>}
      <p className="muted">
        {[
          ...(workload.position === null ? [] : [`Number ${workload.position} in pool ${workload.pool}`]),
          ...(typeof told?.waitingInQueue === "number" ? [`${told.waitingInQueue} wait in its queue`] : []),
        ].join("; ")}
      </p>
    </section>
  );
}

function Forecast({ forecast, now }: { readonly forecast: StartForecast; readonly now: number }): ReactNode {
  const moments = [
    ["As likely as not", forecast.p50, "not within what was looked at"],
    ["Nine times of ten", forecast.p90, "not within what was looked at"],
    ["At the latest", forecast.hardBound, "no limit bounds it"],
  ] as const;
  return (
    <div className="starts">
      {moments.map(([label, at, otherwise]) => (
        <div key={label}>
          <span className="muted">{label}</span>
          <strong title={at === null ? undefined : exactTime(at)}>{at === null ? "–" : aheadWords(at, now)}</strong>
          <span className="faint">{at === null ? otherwise : clockTime(at, now)}</span>
        </div>
      ))}
    </div>
  );
}

function Blockers({ blockers }: { readonly blockers: readonly Blocker[] }): ReactNode {
  const now = useNow();
  const knowsEnds = blockers.some((each) => each.endsBy !== null || each.endsP50 !== null);
  return (
    <section className="stack tight">
      <h3>In its way</h3>
      <table className="rows">
        <tbody>
          {blockers.map((each, index) => (
            <tr key={`${each.id} ${index}`}>
              <td style={{ paddingLeft: 0 }}>
                <BlockerName blocker={each} /> {each.kind !== "" && <span className="faint">{each.kind}</span>}
                {each.owner !== null && <div className="faint">{blockerOwnerWords(each)}</div>}
              </td>
              <td className="number">{gpuWords(each.gpus)}</td>
              {knowsEnds && <td className="number">{blockerEndWords(each, now)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function BlockerName({ blocker: { id, name, kind } }: { readonly blocker: Blocker }): ReactNode {
  if (id === "" || kind === "reserved") return <strong>{name}</strong>;
  return (
    <Link to="." search={(before: UrlState) => ({ ...before, open: id })}>
      {name}
    </Link>
  );
}

function Evictions({ evicts }: { readonly evicts: readonly ForeseenEviction[] }): ReactNode {
  return evicts.map((each, index) => (
    <span key={`${each.id} ${index}`}>
      {index > 0 && ", "}
      <strong>{each.name}</strong> ({gpuWords(each.gpus)}, loses {formatGpuSeconds(each.lostGpuSeconds)})
    </span>
  ));
}

/** What would start it now: checked edits with ways to try and to make them, or the server's advice as words. */
function Edits({
  workload,
  told,
  words,
}: {
  readonly workload: WorkloadRow;
  readonly told: Explanation | undefined;
  readonly words: readonly string[];
}): ReactNode {
  const edits = told?.edits ?? [];
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
      {edits.length > 0 && workload.owner.kind === "TrainingJob" && (
        <p className="muted">
          Nothing changes by itself: write the line into the manifest of {workload.owner.name}, then{" "}
          <code>millwright apply -f FILE</code>.
        </p>
      )}
    </section>
  );
}

/** One edit: what it changes, whom it would stop, and what to do with it. */
function EditCard({ workload, edit }: { readonly workload: WorkloadRow; readonly edit: StartEdit }): ReactNode {
  const tried = triedEdit(workload, edit);
  const manifest = workload.owner.kind === "TrainingJob" ? manifestChange(edit) : null;
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
        {tried !== null && (
          <Link to="/queue" search={{ view: "what-if", change: writeChange(tried) ?? "" }} className="button small">
            Try it out
          </Link>
        )}
        {manifest !== null && (
          <>
            <code>{manifest}</code>
            <CopyButton text={manifest} label="Copy for the manifest" />
          </>
        )}
      </div>
    </div>
  );
}
