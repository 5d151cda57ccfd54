import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type Blocker, useQueue, type WorkloadRow } from "../../api/compute.ts";
import { type Explanation, type StartForecast, useExplanation } from "../../api/explanation.ts";
import { FailureNotice } from "../../design/failure-notice.tsx";
import { useNow } from "../../design/now.ts";
import { aheadWords, plannedStartWords } from "../../words/planned-start.ts";
import { clockTime, exactTime } from "../../words/relative-time.ts";
import type { UrlState } from "../../words/url-state.ts";
import { withEnds } from "./blocker-ends.ts";
import { blockerEndLines, blockerOwnerWords } from "./blocker-words.ts";
import { recordWords } from "./record-words.ts";
import { Evictions } from "./evictions.tsx";
import { gpuWords } from "./gpu-words.ts";
import { StartEdits } from "./start-edits.tsx";

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
      <StartEdits workload={workload} edits={told?.edits ?? []} words={reason?.changes ?? []} />
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
              {knowsEnds && (
                <td className="number">
                  {blockerEndLines(each, now).map((line) => (
                    <div key={line}>{line}</div>
                  ))}
                </td>
              )}
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
