import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
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
import { matchesFilter } from "../../words/url-state.ts";
import { SplitBar } from "./split-bar.tsx";
import { servedProtocol } from "../playground/served-protocol.ts";
import { deploymentStatus, replicaCount, servedModel } from "./deployment-status.ts";

const columns: readonly TableColumn<ResourceSummary>[] = [
  { heading: "State", cell: (row) => <StateBadge state={row.phase} />, sortBy: (row) => row.phase },
  {
    heading: "Deployment",
    sortBy: (row) => row.name,
    cell: (row) => (
      <>
        <Link to="/deployments/$project/$name" params={{ project: row.project ?? "-", name: row.name }}>
          <strong>{row.name}</strong>
        </Link>
        <div className="faint">{row.project}</div>
      </>
    ),
  },
  { heading: "Model", cell: (row) => servedModel(row), sortBy: (row) => servedModel(row) },
  { heading: "Traffic", className: "sentence", cell: (row) => <SplitBar split={deploymentStatus(row).split} /> },
  { heading: "Replicas", isNumber: true, cell: (row) => replicaCount(deploymentStatus(row).replicas) },
  {
    heading: "Try",
    cell: (row) =>
      servedProtocol(row) === null ? (
        <span className="faint">–</span>
      ) : (
        <Link to="/deployments/$project/$name/playground" params={{ project: row.project ?? "-", name: row.name }}>
          Playground
        </Link>
      ),
  },
  { heading: "Changed", cell: (row) => <When at={row.updatedAt} />, sortBy: (row) => row.updatedAt },
];

/** What serves, and how its traffic is split. */
export function DeploymentsPage(): ReactNode {
  const { state } = useUrlState();
  const navigate = useNavigate();
  const query = useResources("deployments", state["project"]);
  return (
    <>
      <PageHead title="Deployments" />
      <div className="toolbar">
        <SearchField label="Filter deployments" />
      </div>
      <Panel flush>
        <QueryView query={query}>
          {(all) =>
            all.length === 0 ? (
              <EmptyState title="Nothing is deployed yet" command="millwright apply -f examples/flights">
                A deployment serves the champion of a model and takes candidates over step by step.
              </EmptyState>
            ) : (
              <DataTable
                rows={all.filter((row) => matchesFilter(state["filter"] ?? "", [row.name, row.project, row.phase]))}
                columns={columns}
                keyOf={(row) => row.uid}
                onOpen={(row) =>
                  void navigate({
                    to: "/deployments/$project/$name",
                    params: { project: row.project ?? "-", name: row.name },
                  })
                }
              />
            )
          }
        </QueryView>
      </Panel>
    </>
  );
}
