import type { ReactNode } from "react";
import type { DistributionPair, DriftReport, Finding } from "../../api/monitoring.ts";
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
    cell: (row) => <StateBadge state={row.isDrift ? "drift" : "stable"} />,
    sortBy: (row) => (row.isDrift ? 0 : 1),
  },
  { heading: "What", cell: (row) => <strong className="mono">{row.subject}</strong>, sortBy: (row) => row.subject },
  { heading: "Measure", cell: (row) => row.measure, sortBy: (row) => row.measure },
  { heading: "Value", isNumber: true, cell: (row) => formatFigure(row.value), sortBy: (row) => row.value },
  { heading: "Threshold", isNumber: true, cell: (row) => (row.threshold === null ? "–" : formatFigure(row.threshold)) },
  { heading: "Of threshold", cell: (row) => <ThresholdBar finding={row} />, sortBy: (row) => shareOf(row) },
  { heading: "In words", className: "sentence", cell: (row) => <span className="muted">{row.message}</span> },
];

const barSpan = 2;

function shareOf(finding: Finding): number | null {
  return finding.threshold === null || finding.threshold === 0 ? null : finding.value / finding.threshold;
}

/** How near a value is to its threshold; the line in the middle is the threshold. */
function ThresholdBar({ finding }: { readonly finding: Finding }): ReactNode {
  const share = shareOf(finding);
  if (share === null) return null;
  const width = Math.max(0, Math.min(1, share / barSpan)) * 100;
  return (
    <div style={{ position: "relative", width: 110 }} title={`${formatFigure(share, 3)} times the threshold`}>
      <div className="meter">
        <span style={{ width: `${width}%`, background: finding.isDrift ? "var(--warning)" : "var(--series-1)" }} />
      </div>
      <span
        style={{ position: "absolute", left: "50%", top: -2, bottom: -2, width: 1, background: "var(--text-muted)" }}
      />
    </div>
  );
}

/** What a report compared and what it found. */
export function ReportPanels({ report }: { readonly report: DriftReport }): ReactNode {
  const window = report.from === null || report.to === null ? "" : `${dataDay(report.from)} to ${dataDay(report.to)}`;
  const drifted = new Set(report.findings.filter((finding) => finding.isDrift).map((finding) => finding.subject));
  const ordered = report.distributions.toSorted(
    (left, right) => Number(drifted.has(right.subject)) - Number(drifted.has(left.subject)),
  );
  return (
    <>
      <Figures
        facts={[
          { label: "Verdict", value: <StateBadge state={report.verdict} />, note: report.message },
          {
            label: "Findings of drift",
            value: `${drifted.size} of ${new Set(report.findings.map((each) => each.subject)).size}`,
          },
          { label: "Live rows", value: formatCount(report.liveRows), note: window },
          { label: "Reference rows", value: formatCount(report.referenceRows), note: "the training window" },
          { label: "Looked", value: <When at={report.at} /> },
        ]}
      />
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
            <PairFigure key={pair.subject} pair={pair} hasDrifted={drifted.has(pair.subject)} />
          ))}
        </div>
      </Panel>
      <Panel title="Findings" flush>
        <DataTable
          rows={report.findings}
          columns={columns}
          keyOf={(row) => `${row.subject} ${row.measure}`}
          orderName="findingOrder"
        />
      </Panel>
    </>
  );
}

function PairFigure({
  pair,
  hasDrifted,
}: {
  readonly pair: DistributionPair;
  readonly hasDrifted: boolean;
}): ReactNode {
  const first = pair.labels[0] ?? (pair.edges[0] === undefined ? "" : formatFigure(pair.edges[0], 3));
  const last = pair.labels.at(-1) ?? formatFigure(pair.edges.at(-1) ?? Number.NaN, 3);
  return (
    <figure className="stack tight">
      <figcaption className="row">
        <StateMark tone={hasDrifted ? "warning" : "good"} title={hasDrifted ? "drift" : "stable"} />
        <span className="mono cut" title={pair.subject}>
          {pair.subject}
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
