import type { ReactNode } from "react";
import { useModelVersions } from "../../api/registry.ts";
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
import { matchesFilter } from "../../words/url-state.ts";
import { VersionsTable } from "./versions-table.tsx";

function versionCell(row: ResourceSummary, name: string): ReactNode {
  const version = row.status.numberOr(name, null);
  return version === null ? <span className="faint">–</span> : `v${version}`;
}

const columns: readonly TableColumn<ResourceSummary>[] = [
  {
    heading: "About",
    className: "sentence",
    cell: (row) => <span className="muted">{row.spec.textOr("description", "")}</span>,
  },
  { heading: "Champion", cell: (row) => versionCell(row, "champion") },
  { heading: "Candidate", cell: (row) => versionCell(row, "candidate") },
  {
    heading: "Versions",
    isNumber: true,
    cell: (row) => row.status.numberOr("versions", 0),
    sortBy: (row) => row.status.numberOr("versions", 0),
  },
  {
    heading: "To approve",
    isNumber: true,
    sortBy: (row) => row.status.numberOr("waitingForApproval", 0),
    cell: (row) => {
      const waiting = row.status.numberOr("waitingForApproval", 0);
      return waiting === 0 ? <span className="faint">0</span> : <strong className="warning">{waiting}</strong>;
    },
  },
  { heading: "Changed", cell: (row) => <When at={row.updatedAt} />, sortBy: (row) => row.updatedAt },
];

/** Every model, and the newest versions of all of them. */
export function ModelsPage(): ReactNode {
  const { state } = useUrlState();
  const versions = useModelVersions(state["project"]);
  const filter = state["filter"] ?? "";
  return (
    <>
      <PageHead title="Models" />
      <div className="toolbar">
        <SearchField label="Filter models and versions" />
      </div>
      <Panel flush>
        <ResourceTable
          plural="models"
          heading="Model"
          page="/models/$project/$name"
          columns={columns}
          empty={
            <EmptyState title="No model yet" command="millwright apply -f examples/flights">
              A model gets a version when a training succeeds, an evaluation passes and a second person approves.
            </EmptyState>
          }
        />
      </Panel>
      <Panel title="Newest versions" flush>
        <QueryView query={versions}>
          {(all) => (
            <VersionsTable
              versions={all}
              isShown={(row) => matchesFilter(filter, [row.model, row.state, ...row.aliases])}
              withModel
            />
          )}
        </QueryView>
      </Panel>
    </>
  );
}
