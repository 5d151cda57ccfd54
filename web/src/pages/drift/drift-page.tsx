import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useAlerts } from "../../api/monitoring.ts";
import { type ResourceSummary, useResources } from "../../api/resources.ts";
import { DataTable, type TableColumn } from "../../design/data-table.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { SearchField } from "../../design/filters.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { When } from "../../design/when.tsx";
import { formatCount } from "../../words/numbers.ts";
import { matchesFilter } from "../../words/url-state.ts";
import { AlertsTable } from "./alerts-table.tsx";

const columns: readonly TableColumn<ResourceSummary>[] = [
  { heading: "State", cell: (row) => <StateBadge state={row.phase} />, sortBy: (row) => row.phase },
  {
    heading: "Monitor",
    sortBy: (row) => row.name,
    cell: (row) => (
      <>
        <Link to="/drift/$project/$name" params={{ project: row.project ?? "-", name: row.name }}>
          <strong>{row.name}</strong>
        </Link>
        <div className="faint">{row.project}</div>
      </>
    ),
  },
  {
    heading: "Watches",
    cell: (row) => row.spec.textOr("deployment", "–"),
    sortBy: (row) => row.spec.textOr("deployment", ""),
  },
  { heading: "Last look", cell: (row) => <When at={row.status.numberOr("lastCheck", null)} /> },
  {
    heading: "Live rows",
    isNumber: true,
    cell: (row) => formatCount(row.status.numberOr("liveRows", 0)),
    sortBy: (row) => row.status.numberOr("liveRows", 0),
  },
  { heading: "Retraining", cell: (row) => row.status.textOr("retrainJob", "–") },
  {
    heading: "What it found",
    className: "sentence",
    cell: (row) => row.conditions.at(-1)?.message ?? <span className="faint">nothing yet</span>,
  },
];

/** Every drift monitor, and the alerts of all of them. */
export function DriftPage(): ReactNode {
  const { state } = useUrlState();
  const navigate = useNavigate();
  const monitors = useResources("drift-monitors", state["project"]);
  const alerts = useAlerts(state["project"]);
  return (
    <>
      <PageHead title="Drift" />
      <div className="toolbar">
        <SearchField label="Filter monitors" />
      </div>
      <Panel flush>
        <QueryView query={monitors}>
          {(all) =>
            all.length === 0 ? (
              <EmptyState title="Nothing is watched yet" command="millwright apply -f examples/flights">
                A drift monitor compares live inputs, predictions and outcomes with the window that the model was
                trained on.
              </EmptyState>
            ) : (
              <DataTable
                rows={all.filter((row) => matchesFilter(state["filter"] ?? "", [row.name, row.project, row.phase]))}
                columns={columns}
                keyOf={(row) => row.uid}
                onOpen={(row) =>
                  void navigate({
                    to: "/drift/$project/$name",
                    params: { project: row.project ?? "-", name: row.name },
                  })
                }
              />
            )
          }
        </QueryView>
      </Panel>
      <Panel title="Alerts" flush>
        <QueryView query={alerts}>{(all) => <AlertsTable alerts={all} />}</QueryView>
      </Panel>
    </>
  );
}
