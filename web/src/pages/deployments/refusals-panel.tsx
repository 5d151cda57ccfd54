import type { ReactNode } from "react";
import type { RefusalSeries, Traffic } from "../../api/serving.ts";
import { StackedAreas } from "../../charts/stacked-areas.tsx";
import { DataTable } from "../../design/data-table.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { Panel } from "../../design/panel.tsx";
import { formatCount } from "../../words/numbers.ts";
import { refusalColumns, refusalWords, scopeWords } from "./refusal-words.ts";

/** What was refused before any replica was asked: over time by reason, and what to do about each. */
export function RefusalsPanel({ traffic }: { readonly traffic: Traffic }): ReactNode {
  const { refusals } = traffic;
  if (refusals.length === 0) {
    return (
      <Panel title="Refused">
        <EmptyState title="No request was refused in this span">
          Limits, a full queue, a deadline, the key and the body are looked at before any replica is asked.
        </EmptyState>
      </Panel>
    );
  }
  const { at, series } = refusalColumns(refusals, traffic);
  const own = refusals.filter(({ scope }) => scope === "deployment").reduce((sum, each) => sum + each.requests, 0);
  return (
    <>
      {own > 0 && (
        <Panel
          title="Refused"
          note={`${formatCount(own)} ${own === 1 ? "request" : "requests"} before any replica was asked, by reason`}
        >
          <StackedAreas
            at={at}
            series={series}
            format={formatCount}
            label="Refused requests by reason over time"
            cursorGroup="traffic"
          />
        </Panel>
      )}
      <Panel title="Refused, by reason" note="and what to do about each" flush>
        <DataTable rows={refusals} columns={columns} keyOf={keyOf} orderName="refused" />
      </Panel>
    </>
  );
}

const keyOf = ({ scope, reason }: RefusalSeries): string => `${scope}/${reason}`;

const columns = [
  {
    heading: "Reason",
    cell: ({ reason }: RefusalSeries) => <strong title={reason}>{refusalWords(reason).label}</strong>,
    sortBy: ({ reason }: RefusalSeries) => refusalWords(reason).label,
  },
  {
    heading: "Requests",
    cell: ({ requests }: RefusalSeries) => formatCount(requests),
    sortBy: ({ requests }: RefusalSeries) => requests,
    isNumber: true,
  },
  {
    heading: "Of",
    cell: ({ scope }: RefusalSeries) => <span className="muted">{scopeWords(scope)}</span>,
    sortBy: ({ scope }: RefusalSeries) => scope,
  },
  {
    heading: "What to do",
    cell: ({ reason }: RefusalSeries) => refusalWords(reason).remedy,
    className: "sentence",
  },
];
