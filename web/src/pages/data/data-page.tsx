import type { ReactNode } from "react";
import type { ResourceSummary } from "../../api/resources.ts";
import type { TableColumn } from "../../design/data-table.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { SearchField } from "../../design/filters.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { isResourceShown, ResourceTable } from "../../design/resource-table.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { When } from "../../design/when.tsx";
import { formatBytes, formatCount } from "../../words/numbers.ts";
import { PipelinesPanel } from "./pipelines-panel.tsx";

function figure(row: ResourceSummary, name: string, format: (value: number) => string): ReactNode {
  const value = row.status.numberOr(name, null);
  return value === null ? <span className="faint">–</span> : format(value);
}

const datasetColumns: readonly TableColumn<ResourceSummary>[] = [
  {
    heading: "Version",
    isNumber: true,
    cell: (row) => figure(row, "latestVersion", (value) => `v${value}`),
    sortBy: (row) => row.status.numberOr("latestVersion", null),
  },
  {
    heading: "Rows",
    isNumber: true,
    cell: (row) => figure(row, "rows", formatCount),
    sortBy: (row) => row.status.numberOr("rows", null),
  },
  {
    heading: "Size",
    isNumber: true,
    cell: (row) => figure(row, "bytes", formatBytes),
    sortBy: (row) => row.status.numberOr("bytes", null),
  },
  { heading: "Columns", isNumber: true, cell: (row) => row.status.list("columns", (each) => each).length },
  {
    heading: "Expectations",
    cell: (row) => {
      const broken = row.status.list("violations", (each) => each).length;
      const declared = row.spec.list("expectations", (each) => each).length;
      if (broken > 0) return <span className="bad">✕ {broken} violated</span>;
      return declared === 0 ? <span className="faint">none</span> : <span className="good">✓ {declared} kept</span>;
    },
  },
  {
    heading: "Content",
    cell: (row) => (
      <code title={row.status.textOr("contentHash", "")}>{row.status.textOr("contentHash", "–").slice(0, 12)}</code>
    ),
  },
  { heading: "Changed", cell: (row) => <When at={row.updatedAt} />, sortBy: (row) => row.updatedAt },
];

const viewColumns: readonly TableColumn<ResourceSummary>[] = [
  { heading: "Entity", cell: (row) => <span className="mono">{row.spec.texts("entity").join(", ")}</span> },
  { heading: "Source", cell: (row) => row.spec.fields("source").textOr("dataset", "–") },
  { heading: "Known at", cell: (row) => <span className="mono">{row.spec.textOr("knownAt", "–")}</span> },
  { heading: "Features", isNumber: true, cell: (row) => row.spec.list("features", (each) => each).length },
  {
    heading: "Windows",
    cell: (row) => [...new Set(row.spec.list("features", (each) => each.textOr("window", "")))].join(", "),
  },
  { heading: "Checked against", cell: (row) => row.status.textOr("checkedAgainst", "–") },
];

/** Datasets, the pipelines that make them, and the feature views over them. */
export function DataPage(): ReactNode {
  const { state } = useUrlState();
  return (
    <>
      <PageHead title="Data and features" />
      <div className="toolbar">
        <SearchField label="Filter data and features" />
      </div>
      <Panel title="Datasets" flush>
        <ResourceTable
          plural="datasets"
          heading="Dataset"
          page="/data/$project/$name"
          columns={datasetColumns}
          empty={
            <EmptyState title="No dataset yet" command="millwright apply -f examples/flights">
              A dataset names a Parquet or CSV file, its schema and the rules that each version must keep.
            </EmptyState>
          }
        />
      </Panel>
      <PipelinesPanel project={state["project"]} isShown={(row) => isResourceShown(state["filter"], row)} />
      <Panel title="Feature views" flush>
        <ResourceTable
          plural="feature-views"
          heading="Feature view"
          page="/features/$project/$name"
          columns={viewColumns}
          orderName="viewOrder"
          empty={
            <EmptyState title="No feature view yet" command="millwright apply -f examples/flights">
              A feature view declares rolling statistics once, for training sets and for serving alike.
            </EmptyState>
          }
        />
      </Panel>
    </>
  );
}
