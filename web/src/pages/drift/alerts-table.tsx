import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Alert } from "../../../../src/monitoring/model.ts";
import { useAlertAction } from "../../api/monitoring.ts";
import { DataTable, type TableColumn } from "../../design/data-table.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { When } from "../../design/when.tsx";

const columns: readonly TableColumn<Alert>[] = [
  { heading: "State", cell: (row) => <StateBadge state={row.state} />, sortBy: (row) => row.state },
  {
    heading: "Monitor",
    cell: (row) => (
      <Link to="/drift/$project/$name" params={{ project: row.project, name: row.monitor }}>
        {row.monitor}
      </Link>
    ),
  },
  { heading: "What happened", className: "sentence", cell: (row) => row.message },
  { heading: "Opened", cell: (row) => <When at={row.openedAt} />, sortBy: (row) => row.openedAt },
  { heading: "Acknowledged by", cell: (row) => row.acknowledgedBy ?? <span className="faint">–</span> },
  { heading: "Closed", cell: (row) => <When at={row.closedAt} />, sortBy: (row) => row.closedAt },
  { heading: " ", cell: (row) => <AlertActions alert={row} /> },
];

/** Alerts with what opened them. */
export function AlertsTable({ alerts }: { readonly alerts: readonly Alert[] }): ReactNode {
  if (alerts.length === 0)
    return (
      <EmptyState title="No alert so far" command="millwright get drift-monitors">
        A monitor opens one when drift passes its thresholds.
      </EmptyState>
    );
  return <DataTable rows={alerts} columns={columns} keyOf={(row) => row.id} orderName="alertOrder" />;
}

function AlertActions({ alert }: { readonly alert: Alert }): ReactNode {
  const action = useAlertAction();
  if (alert.state === "resolved") return null;
  return (
    <span className="row">
      {alert.state === "open" && (
        <button
          type="button"
          className="button small"
          disabled={action.isPending}
          onClick={() => action.mutate({ alert, action: "acknowledge" })}
        >
          Acknowledge
        </button>
      )}
      <button
        type="button"
        className="button small"
        disabled={action.isPending}
        title="It opens again when the next report still finds drift"
        onClick={() => action.mutate({ alert, action: "resolve" })}
      >
        Resolve
      </button>
      {action.error !== null && <span className="bad">{action.error.message}</span>}
    </span>
  );
}
