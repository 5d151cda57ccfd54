import type { ReactNode } from "react";
import { type EvaluationReport, useEvaluationReport } from "../../api/evaluation.ts";
import type { VersionRow } from "../../api/registry.ts";
import { IntervalRows } from "../../charts/interval-rows.tsx";
import { ReliabilityDiagram } from "../../charts/reliability-diagram.tsx";
import { RocCurve } from "../../charts/roc-curve.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { Panel } from "../../design/panel.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge, StateMark } from "../../design/state-badge.tsx";
import { metricName } from "../../words/metric-names.ts";
import { formatCount, formatFigure, formatPercent } from "../../words/numbers.ts";
import { dataDay } from "../../words/relative-time.ts";
import type { Tone } from "../../words/state-tone.ts";
import { gainOf, gainTone } from "./difference-verdict.ts";

/** The evaluation of a version: the gate's verdict, figures with intervals, ROC and calibration. */
export function EvaluationPanels({ version }: { readonly version: VersionRow }): ReactNode {
  const query = useEvaluationReport(version.project, version.id);
  return (
    <>
      <VerdictPanel version={version} report={query.data ?? null} />
      <QueryView query={query} skeletonLines={6}>
        {(report) => (report === null ? null : <ReportPanels report={report} />)}
      </QueryView>
    </>
  );
}

function VerdictPanel({
  version,
  report,
}: {
  readonly version: VersionRow;
  readonly report: EvaluationReport | null;
}): ReactNode {
  const verdict = version.verdict;
  if (verdict === null) {
    return (
      <Panel title="Evaluation">
        <EmptyState title="Not evaluated yet" command="millwright get evaluations">
          An evaluation starts by itself for every candidate of a model that an Evaluation resource names.
        </EmptyState>
      </Panel>
    );
  }
  return (
    <Panel
      title="Evaluation"
      note={report?.evaluation ?? verdict.evaluation}
      actions={<StateBadge state={verdict.passed ? "passed" : "rejected"} />}
    >
      <p>{verdict.message}</p>
    </Panel>
  );
}

function ReportPanels({ report }: { readonly report: EvaluationReport }): ReactNode {
  const window = report.from === null || report.to === null ? "" : `, ${dataDay(report.from)} to ${dataDay(report.to)}`;
  const others = [...new Set(report.differences.map((each) => each.against))];
  const confidence = formatPercent(report.confidence, 0);
  return (
    <>
      {report.rules.length > 0 && <GatePanel report={report} />}
      {report.models.length > 0 && (
        <Panel title="Figures" note={`${formatCount(report.rows)} rows${window}, with ${confidence} intervals`} flush>
          <FiguresTable report={report} />
        </Panel>
      )}
      <div className="grid-2">
        {others.map((against) => (
          <GainPanel key={against} report={report} against={against} />
        ))}
        {report.roc.length > 0 && (
          <Panel title="ROC curve">
            <RocCurve lines={report.roc} />
          </Panel>
        )}
        {report.reliability.length > 0 && (
          <Panel title="Calibration">
            <ReliabilityDiagram bins={report.reliability} />
          </Panel>
        )}
      </div>
    </>
  );
}

function GainPanel({ report, against }: { readonly report: EvaluationReport; readonly against: string }): ReactNode {
  const rows = report.differences
    .filter((each) => each.against === against)
    .map((each) => {
      const gain = gainOf(each);
      return {
        label: metricName(each.metric),
        estimate: gain.value,
        low: gain.low,
        high: gain.high,
        tone: gainTone(gain),
      };
    });
  return (
    <Panel title={`Gain over the ${against}`} note="right is better">
      <IntervalRows rows={rows} mark={0} label={`Gain over the ${against} by metric`} />
    </Panel>
  );
}

const outcomeTones: Readonly<Record<string, Tone>> = { kept: "good", broken: "bad", skipped: "off" };

function GatePanel({ report }: { readonly report: EvaluationReport }): ReactNode {
  return (
    <Panel title="Gate" flush>
      <table className="rows">
        <tbody>
          {report.rules.map((rule) => (
            <tr key={rule.rule}>
              <td>
                <StateMark tone={outcomeTones[rule.outcome] ?? "waiting"} title={rule.outcome} /> {rule.rule}
              </td>
              <td className="muted">{rule.found}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function FiguresTable({ report }: { readonly report: EvaluationReport }): ReactNode {
  const metrics = [...new Set(report.models.flatMap((model) => model.figures.map(({ metric }) => metric)))];
  return (
    <table className="rows">
      <thead>
        <tr>
          <th>Model</th>
          {metrics.map((metric) => (
            <th key={metric} className="number">
              {metricName(metric)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {report.models.map((model) => (
          <tr key={model.role}>
            <td>
              <strong>{model.role}</strong>
            </td>
            {metrics.map((metric) => {
              const value = model.figures.find((each) => each.metric === metric)?.value;
              return (
                <td key={metric} className="number">
                  {value === undefined ? "–" : formatFigure(value.value)}
                  {value !== undefined && (
                    <div className="faint">{`${formatFigure(value.low)} to ${formatFigure(value.high)}`}</div>
                  )}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
