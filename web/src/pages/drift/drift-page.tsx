import type { ReactNode } from "react";
import { useAlerts } from "../../api/monitoring.ts";
import type { ResourceSummary } from "../../api/resources.ts";
import type { TableColumn } from "../../design/data-table.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { SearchField } from "../../design/filters.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { ResourceTable } from "../../design/resource-table.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { When } from "../../design/when.tsx";
import { formatCount } from "../../words/numbers.ts";
import { AlertsTable } from "./alerts-table.tsx";

const columns: readonly TableColumn<ResourceSummary>[] = [
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
  const alerts = useAlerts(state["project"]);
  return (
    <>
      <PageHead title="Drift" />
      <div className="toolbar">
        <SearchField label="Filter monitors" />
      </div>
      <Panel flush>
        <ResourceTable
          plural="drift-monitors"
          heading="Monitor"
          page="/drift/$project/$name"
          columns={columns}
          empty={
            <EmptyState title="Nothing is watched yet" command="millwright apply -f examples/flights">
              A drift monitor compares live inputs, predictions and outcomes with the window that the model was trained
              on.
            </EmptyState>
          }
        />
      </Panel>
      <Panel title="Alerts" flush>
        <QueryView query={alerts}>{(all) => <AlertsTable alerts={all} />}</QueryView>
      </Panel>
    </>
  );
}
