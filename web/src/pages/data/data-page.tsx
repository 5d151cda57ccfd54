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
import { formatBytes, formatCount } from "../../words/numbers.ts";
import { matchesFilter } from "../../words/url-state.ts";
import { PipelinesPanel } from "./pipelines-panel.tsx";

function figure(row: ResourceSummary, name: string, format: (value: number) => string): ReactNode {
  const value = row.status.numberOr(name, null);
  return value === null ? <span className="faint">–</span> : format(value);
}

const datasetColumns: readonly TableColumn<ResourceSummary>[] = [
  { heading: "State", cell: (row) => <StateBadge state={row.phase} />, sortBy: (row) => row.phase },
  {
    heading: "Dataset",
    sortBy: (row) => row.name,
    cell: (row) => (
      <>
        <Link to="/data/$project/$name" params={{ project: row.project ?? "-", name: row.name }}>
          <strong>{row.name}</strong>
        </Link>
        <div className="faint">{row.project}</div>
      </>
    ),
  },
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
  { heading: "State", cell: (row) => <StateBadge state={row.phase} />, sortBy: (row) => row.phase },
  {
    heading: "Feature view",
    sortBy: (row) => row.name,
    cell: (row) => (
      <>
        <Link to="/features/$project/$name" params={{ project: row.project ?? "-", name: row.name }}>
          <strong>{row.name}</strong>
        </Link>
        <div className="faint">{row.project}</div>
      </>
    ),
  },
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
  const navigate = useNavigate();
  const datasets = useResources("datasets", state["project"]);
  const views = useResources("feature-views", state["project"]);
  const matches = (row: ResourceSummary): boolean =>
    matchesFilter(state["filter"] ?? "", [row.name, row.project, row.phase]);
  return (
    <>
      <PageHead title="Data and features" />
      <div className="toolbar">
        <SearchField label="Filter data and features" />
      </div>
      <Panel title="Datasets" flush>
        <QueryView query={datasets}>
          {(all) =>
            all.length === 0 ? (
              <EmptyState title="No dataset yet" command="millwright apply -f examples/flights">
                A dataset names a Parquet or CSV file, its schema and the rules that each version must keep.
              </EmptyState>
            ) : (
              <DataTable
                rows={all.filter(matches)}
                columns={datasetColumns}
                keyOf={(row) => row.uid}
                onOpen={(row) =>
                  void navigate({ to: "/data/$project/$name", params: { project: row.project ?? "-", name: row.name } })
                }
              />
            )
          }
        </QueryView>
      </Panel>
      <PipelinesPanel project={state["project"]} isShown={matches} />
      <Panel title="Feature views" flush>
        <QueryView query={views}>
          {(all) =>
            all.length === 0 ? (
              <EmptyState title="No feature view yet" command="millwright apply -f examples/flights">
                A feature view declares rolling statistics once, for training sets and for serving alike.
              </EmptyState>
            ) : (
              <DataTable
                rows={all.filter(matches)}
                columns={viewColumns}
                keyOf={(row) => row.uid}
                orderName="viewOrder"
                onOpen={(row) =>
                  void navigate({
                    to: "/features/$project/$name",
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
