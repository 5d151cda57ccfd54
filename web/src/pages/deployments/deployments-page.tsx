import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { ResourceSummary } from "../../api/resources.ts";
import type { TableColumn } from "../../design/data-table.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { SearchField } from "../../design/filters.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { ResourceTable } from "../../design/resource-table.tsx";
import { When } from "../../design/when.tsx";
import { SplitBar } from "./split-bar.tsx";
import { servedProtocol } from "../playground/served-protocol.ts";
import { deploymentStatus, replicaCount, servedModel } from "./deployment-status.ts";

const columns: readonly TableColumn<ResourceSummary>[] = [
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
  return (
    <>
      <PageHead title="Deployments" />
      <div className="toolbar">
        <SearchField label="Filter deployments" />
      </div>
      <Panel flush>
        <ResourceTable
          plural="deployments"
          heading="Deployment"
          page="/deployments/$project/$name"
          columns={columns}
          empty={
            <EmptyState title="Nothing is deployed yet" command="millwright apply -f examples/flights">
              A deployment serves the champion of a model and takes candidates over step by step.
            </EmptyState>
          }
        />
      </Panel>
    </>
  );
}
