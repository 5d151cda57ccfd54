import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { DriftReport } from "../../../../src/monitoring/model.ts";
import { useAlerts, useDriftReports } from "../../api/monitoring.ts";
import { type ResourceSummary, useResource } from "../../api/resources.ts";
import { ConditionsPanel } from "../../design/conditions-panel.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { usePlace } from "../../design/use-place.ts";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { exactTime } from "../../words/relative-time.ts";
import { AlertsTable } from "./alerts-table.tsx";
import { ReportPanels } from "./report-panels.tsx";

/** One drift monitor: its newest report (or the one that the address names), its alerts. */
export function MonitorPage(): ReactNode {
  const { project, name } = usePlace();
  const query = useResource("drift-monitors", project, name);
  return <QueryView query={query}>{(monitor) => <MonitorView monitor={monitor} project={project} />}</QueryView>;
}

function MonitorView({ monitor, project }: { readonly monitor: ResourceSummary; readonly project: string }): ReactNode {
  const { state } = useUrlState();
  const reports = useDriftReports(project, monitor.name);
  const alerts = useAlerts(project);
  return (
    <>
      <PageHead
        title={monitor.name}
        crumbs={
          <>
            <Link to="/drift">Drift</Link> / {project}
          </>
        }
        badge={<StateBadge state={monitor.phase} />}
        actions={<ReportChoice reports={reports.data ?? []} />}
      />
      <QueryView query={reports} skeletonLines={8}>
        {(all) => {
          const shown = all.find((report) => report.id === state["report"]) ?? all[0];
          return shown === undefined ? (
            <Panel title="Reports">
              <EmptyState title="No report yet">
                The monitor looks as soon as enough predictions were served in its window.
              </EmptyState>
            </Panel>
          ) : (
            <ReportPanels report={shown} />
          );
        }}
      </QueryView>
      <Panel title="Alerts" flush>
        <QueryView query={alerts}>
          {(all) => <AlertsTable alerts={all.filter((alert) => alert.monitor === monitor.name)} />}
        </QueryView>
      </Panel>
      <ConditionsPanel conditions={monitor.conditions} />
    </>
  );
}

function ReportChoice({ reports }: { readonly reports: readonly DriftReport[] }): ReactNode {
  const { state, change } = useUrlState();
  if (reports.length < 2) return null;
  return (
    <select
      className="field"
      aria-label="Report"
      value={state["report"] ?? ""}
      onChange={(event) => change({ report: event.target.value })}
    >
      <option value="">Newest report</option>
      {reports.map((report) => (
        <option key={report.id} value={report.id}>
          {exactTime(report.at)} {report.verdict}
        </option>
      ))}
    </select>
  );
}
