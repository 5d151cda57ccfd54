import type { ReactNode } from "react";
import type { Distribution, DriftReport, Finding } from "../../../../src/monitoring/model.ts";
import { HistogramPair } from "../../charts/histogram.tsx";
import { DataTable, type TableColumn } from "../../design/data-table.tsx";
import { Figures } from "../../design/figures.tsx";
import { Panel } from "../../design/panel.tsx";
import { StateBadge, StateMark } from "../../design/state-badge.tsx";
import { When } from "../../design/when.tsx";
import { formatCount, formatFigure } from "../../words/numbers.ts";
import { dataDay } from "../../words/relative-time.ts";

const columns: readonly TableColumn<Finding>[] = [
  {
    heading: "Verdict",
    cell: (row) => <StateBadge state={row.drifted ? "drifted" : "steady"} />,
    sortBy: (row) => (row.drifted ? 0 : 1),
  },
  {
    heading: "What",
    cell: (row) => <strong className="mono">{row.column}</strong>,
    sortBy: (row) => row.column,
  },
  { heading: "Kind", cell: (row) => row.kind, sortBy: (row) => row.kind },
  { heading: "Statistic", cell: (row) => row.statistic, sortBy: (row) => row.statistic },
  { heading: "Value", isNumber: true, cell: (row) => formatFigure(row.value, 3), sortBy: (row) => row.value },
  { heading: "Threshold", isNumber: true, cell: (row) => formatFigure(row.threshold, 3) },
  {
    heading: "By itself",
    isNumber: true,
    cell: (row) => (row.floor === null ? <span className="faint">–</span> : formatFigure(row.floor, 3)),
    sortBy: (row) => row.floor,
  },
  { heading: "Of threshold", cell: (row) => <ThresholdBar finding={row} />, sortBy: shareOf },
  { heading: "In words", className: "sentence", cell: (row) => <span className="muted">{row.message}</span> },
];

const barSpan = 2;

function shareOf(finding: Finding): number | null {
  return finding.threshold === 0 ? null : finding.value / finding.threshold;
}

/** How near a value is to its threshold; the line in the middle is the threshold. */
function ThresholdBar({ finding }: { readonly finding: Finding }): ReactNode {
  const share = shareOf(finding);
  if (share === null) return null;
  const width = Math.max(0, Math.min(1, share / barSpan)) * 100;
  return (
    <div style={{ position: "relative", width: 110 }} title={`${formatFigure(share, 3)} times the threshold`}>
      <div className="meter">
        <span style={{ width: `${width}%`, background: finding.drifted ? "var(--warning)" : "var(--series-1)" }} />
      </div>
      <span
        style={{ position: "absolute", left: "50%", top: -2, bottom: -2, width: 1, background: "var(--text-muted)" }}
      />
    </div>
  );
}

/** What a report compared and what it found. */
export function ReportPanels({ report }: { readonly report: DriftReport }): ReactNode {
  const window = `${dataDay(report.from)} to ${dataDay(report.to)}`;
  const drifted = new Set(report.findings.filter((finding) => finding.drifted).map((finding) => finding.column));
  const ordered = report.distributions.toSorted(
    (left, right) => Number(drifted.has(right.column)) - Number(drifted.has(left.column)),
  );
  return (
    <>
      <Figures
        facts={[
          { label: "Verdict", value: <StateBadge state={report.verdict} /> },
          {
            label: "Findings of drift",
            value: `${drifted.size} of ${new Set(report.findings.map((each) => each.column)).size}`,
          },
          { label: "Live rows", value: formatCount(report.liveRows), note: window },
          { label: "Outcomes known", value: formatCount(report.liveOutcomes) },
          { label: "Reference rows", value: formatCount(report.referenceRows), note: "the training window" },
          { label: "Looked", value: <When at={report.at} /> },
        ]}
      />
      {report.message !== "" && <p className={drifted.size > 0 ? "warning" : "muted"}>{report.message}</p>}
      <Panel
        title="Distributions"
        note="training window against live traffic"
        actions={
          <span className="legend">
            <span>
              <span className="swatch" style={{ background: "var(--series-1)", opacity: 0.45 }} />
              training
            </span>
            <span>
              <span className="swatch" style={{ background: "var(--series-2)", height: 3, verticalAlign: 3 }} />
              live
            </span>
          </span>
        }
      >
        <div
          style={{ display: "grid", gap: "16px 20px", gridTemplateColumns: "repeat(auto-fill, minmax(210px, 1fr))" }}
        >
          {ordered.map((pair) => (
            <PairFigure key={pair.column} pair={pair} hasDrifted={drifted.has(pair.column)} />
          ))}
        </div>
      </Panel>
      <Panel title="Findings" flush>
        <DataTable
          rows={report.findings}
          columns={columns}
          keyOf={(row) => `${row.column} ${row.statistic}`}
          orderName="findingOrder"
        />
      </Panel>
    </>
  );
}

function PairFigure({ pair, hasDrifted }: { readonly pair: Distribution; readonly hasDrifted: boolean }): ReactNode {
  const first = pair.labels[0] ?? (pair.edges[0] === undefined ? "" : formatFigure(pair.edges[0], 3));
  const last = pair.labels.at(-1) ?? formatFigure(pair.edges.at(-1) ?? Number.NaN, 3);
  return (
    <figure className="stack tight">
      <figcaption className="row">
        <StateMark tone={hasDrifted ? "warning" : "good"} title={hasDrifted ? "drifted" : "steady"} />
        <span className="mono cut" title={pair.column}>
          {pair.column}
        </span>
      </figcaption>
      <HistogramPair reference={pair.reference} live={pair.live} edges={pair.edges} labels={pair.labels} />
      <div className="row spread faint" style={{ fontSize: 11 }}>
        <span>{first}</span>
        <span>{last}</span>
      </div>
    </figure>
  );
}
