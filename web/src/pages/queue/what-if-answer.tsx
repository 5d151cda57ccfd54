import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { EvictionChange, StartChange, WhatIfAnswer } from "../../../../src/scheduling/forecast/model.ts";
import { EmptyState } from "../../design/empty-state.tsx";
import { Figures } from "../../design/figures.tsx";
import { useNow } from "../../design/now.ts";
import { Panel } from "../../design/panel.tsx";
import { formatGpuSeconds } from "../../words/eviction-cost.ts";
import { formatCount, formatPercent, formatSpan } from "../../words/numbers.ts";
import { aheadWords } from "../../words/planned-start.ts";
import { quotaNodeWords } from "../../words/quota-words.ts";
import { exactTime, relativeTime } from "../../words/relative-time.ts";
import type { UrlState } from "../../words/url-state.ts";
import { movedWords } from "./moved-words.ts";

/** The most workloads that one table shows. */
const shownMax = 200;

/** The tables of moved starts, and which kinds each of them has. */
const groups: readonly { readonly title: string; readonly kinds: readonly StartChange["kind"][] }[] = [
  { title: "Submitted by the change", kinds: ["new"] },
  { title: "Start earlier", kinds: ["earlier", "at-last"] },
  { title: "Start later", kinds: ["later", "never", "displaced"] },
  { title: "Taken out by the change", kinds: ["cancelled"] },
];

/** For whom a change moves the start, and whereto; who is stopped for it; and the sums. */
export function WhatIfAnswerPanel({
  answer,
  isAsking,
  onAsk,
}: {
  readonly answer: WhatIfAnswer;
  readonly isAsking: boolean;
  readonly onAsk: () => void;
}): ReactNode {
  const now = useNow();
  const { at, starts, evictions, isCutOff } = answer;
  return (
    <>
      <Sums answer={answer} />
      {starts.length + evictions.length === 0 && (
        <Panel>
          <EmptyState title="Nobody starts earlier or later" command="millwright queue">
            Whatever waits now starts at the same time with the change as without it.
          </EmptyState>
        </Panel>
      )}
      {groups.map(({ title, kinds }) => (
        <Moves key={title} title={title} moves={starts.filter((move) => kinds.includes(move.kind))} at={at} />
      ))}
      <Evictions evictions={evictions} />
      <div className="row muted">
        <span title={exactTime(at)}>
          As of {relativeTime(at, now)}; both worlds are played forward from then on
          {isCutOff ? ", the near future only: much waits" : ""}.
        </span>
        <button type="button" className="button small" disabled={isAsking} onClick={onAsk}>
          {isAsking ? "Asking…" : "Ask again"}
        </button>
      </div>
    </>
  );
}

function Sums({ answer: { starts, before, after } }: { readonly answer: WhatIfAnswer }): ReactNode {
  const count = (kinds: readonly StartChange["kind"][]): string =>
    formatCount(starts.filter((move) => kinds.includes(move.kind)).length);
  return (
    <Figures
      facts={[
        { label: "Start earlier", value: count(["earlier", "at-last"]) },
        { label: "Start later", value: count(["later", "never", "displaced"]) },
        {
          label: "Mean wait from now",
          value: waitWords(after.waitMsMean),
          note: `without it ${waitWords(before.waitMsMean)}`,
        },
        {
          label: "GPUs in use",
          value: formatPercent(after.utilisation, 0),
          note: `without it ${formatPercent(before.utilisation, 0)}`,
        },
        {
          label: "Stopped for others",
          value: formatCount(after.evictions),
          note: `without it ${formatCount(before.evictions)}`,
        },
      ]}
    />
  );
}

function waitWords(waitMs: number): string {
  return waitMs < 1000 ? "none" : formatSpan(waitMs);
}

function Moves({
  title,
  moves,
  at,
}: {
  readonly title: string;
  readonly moves: readonly StartChange[];
  readonly at: number;
}): ReactNode {
  if (moves.length === 0) return null;
  const words = (moment: number | null): string =>
    moment === null ? "not as things stand" : moment <= at ? "at once" : aheadWords(moment, at);
  return (
    <Panel
      title={title}
      note={moves.length > shownMax ? `the ${shownMax} that move most of ${moves.length}` : undefined}
      flush
    >
      <table className="rows">
        <thead>
          <tr>
            <th>Workload</th>
            <th className="number">Without it</th>
            <th className="number">With it</th>
            <th className="number">By</th>
          </tr>
        </thead>
        <tbody>
          {moves.slice(0, shownMax).map((move, index) => (
            <tr key={`${move.id} ${index}`}>
              <td>
                <Name named={move} />
              </td>
              <td className="number">
                {move.kind === "displaced" ? "runs" : move.kind === "new" ? "–" : words(move.before)}
              </td>
              <td className="number">{move.kind === "cancelled" ? "–" : words(move.after)}</td>
              <td className="number">{movedWords(move)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

/** Runs that are stopped more often, or less often, with the change. */
function Evictions({ evictions }: { readonly evictions: readonly EvictionChange[] }): ReactNode {
  if (evictions.length === 0) return null;
  const words = (times: number, lost: number): string =>
    times === 0 ? "not" : `${times === 1 ? "once" : `${times} times`}, loses ${formatGpuSeconds(lost)}`;
  return (
    <Panel title="Stopped for others" flush>
      <table className="rows">
        <thead>
          <tr>
            <th>Workload</th>
            <th className="number">Without it</th>
            <th className="number">With it</th>
          </tr>
        </thead>
        <tbody>
          {evictions.slice(0, shownMax).map((each, index) => (
            <tr key={`${each.id} ${index}`}>
              <td>
                <Name named={each} />
              </td>
              <td className="number">{words(each.before, each.lostGpuSecondsBefore)}</td>
              <td className="number">{words(each.after, each.lostGpuSecondsAfter)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function Name({
  named: { id, name, queue },
}: {
  readonly named: Pick<StartChange, "id" | "name" | "queue">;
}): ReactNode {
  const { sort, name: of } = quotaNodeWords(queue);
  // A workload that only the change submits has no page.
  const hasPage = id !== "" && !id.startsWith("what-if ");
  return (
    <>
      {hasPage ? (
        <Link to="." search={(before: UrlState) => ({ ...before, open: id })}>
          <strong>{name}</strong>
        </Link>
      ) : (
        <strong>{name}</strong>
      )}
      {queue !== "" && <div className="faint">{`${sort} ${of}`}</div>}
    </>
  );
}
