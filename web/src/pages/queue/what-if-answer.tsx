import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { StartChange, WhatIfAnswer } from "../../../../src/scheduling/what-if/model.ts";
import { EmptyState } from "../../design/empty-state.tsx";
import { Figures } from "../../design/figures.tsx";
import { useNow } from "../../design/now.ts";
import { Panel } from "../../design/panel.tsx";
import { formatCount } from "../../words/numbers.ts";
import { aheadWords } from "../../words/planned-start.ts";
import { exactTime, relativeTime } from "../../words/relative-time.ts";
import type { UrlState } from "../../words/url-state.ts";
import { movedWords } from "./moved-words.ts";

/** The most workloads that one table shows. */
const shownMax = 200;

/** For whom a change moves the start, and whereto. */
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
  const { at, sooner, later, submitted, unchanged, problems } = answer;
  const isIdle = sooner.length + later.length + submitted.length === 0;
  return (
    <>
      {problems.length > 0 && (
        <div className="notice soft warning" role="alert">
          <strong>Not all of the change could be tried</strong>
          {problems.map((problem) => (
            <p key={problem}>{problem}</p>
          ))}
        </div>
      )}
      <Figures
        facts={[
          { label: "Start earlier", value: formatCount(sooner.length) },
          { label: "Start later", value: formatCount(later.length) },
          { label: "Start as before", value: formatCount(unchanged) },
        ]}
      />
      {isIdle && (
        <Panel>
          <EmptyState title="Nobody starts earlier or later" command="millwright queue">
            Whatever waits now starts at the same time with the change as without it.
          </EmptyState>
        </Panel>
      )}
      <Moves title="Submitted by the change" moves={submitted} at={at} />
      <Moves title="Start earlier" moves={sooner} at={at} />
      <Moves title="Start later" moves={later} at={at} />
      <div className="row muted">
        <span title={exactTime(at)}>As of {relativeTime(at, now)}; both sides are planned from now on.</span>
        <button type="button" className="button small" disabled={isAsking} onClick={onAsk}>
          {isAsking ? "Asking…" : "Ask again"}
        </button>
      </div>
    </>
  );
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
                <MoveName move={move} />
                <div className="faint">{move.project ?? ""}</div>
              </td>
              <td className="number">{words(move.before)}</td>
              <td className="number">{words(move.after)}</td>
              <td className="number">{movedWords(move)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function MoveName({ move: { id, name } }: { readonly move: StartChange }): ReactNode {
  // A workload that only the change submits has no page.
  if (id === "" || id.startsWith("what-if ")) return <strong>{name}</strong>;
  return (
    <Link to="." search={(before: UrlState) => ({ ...before, open: id })}>
      <strong>{name}</strong>
    </Link>
  );
}
