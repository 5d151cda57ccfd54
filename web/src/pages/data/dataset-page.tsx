import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type DatasetVersionRow, readViolation, useDatasetVersions } from "../../api/data.ts";
import { type ResourceSummary, useResource } from "../../api/resources.ts";
import { ConditionsPanel } from "../../design/conditions-panel.tsx";
import { DataTable, type TableColumn } from "../../design/data-table.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { Figures } from "../../design/figures.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { usePlace } from "../../design/use-place.ts";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { When } from "../../design/when.tsx";
import { formatBytes, formatCount } from "../../words/numbers.ts";
import { expectationSentence } from "./expectation-sentence.ts";
import { ProfilePanel } from "./profile-panel.tsx";
import { ViolationNotice } from "./violation-notice.tsx";

/** One dataset: its versions, schema and profile, and which rows break its rules. */
export function DatasetPage(): ReactNode {
  const { project, name } = usePlace();
  const query = useResource("datasets", project, name);
  return <QueryView query={query}>{(dataset) => <DatasetView dataset={dataset} project={project} />}</QueryView>;
}

function DatasetView({ dataset, project }: { readonly dataset: ResourceSummary; readonly project: string }): ReactNode {
  const status = dataset.status;
  const violations = status.list("violations", readViolation);
  const expectations = dataset.spec.list("expectations", expectationSentence);
  const latest = status.numberOr("latestVersion", null);
  return (
    <>
      <PageHead
        title={dataset.name}
        crumbs={<CrumbsToData project={project} />}
        badge={<StateBadge state={dataset.phase} />}
      />
      <Figures
        facts={[
          { label: "Latest version", value: latest === null ? "–" : `v${latest}` },
          { label: "Rows", value: formatCount(status.numberOr("rows", 0)) },
          { label: "Size", value: formatBytes(status.numberOr("bytes", 0)) },
          { label: "Columns", value: status.list("columns", (each) => each).length },
          {
            label: "Expectations",
            value: expectations.length,
            note:
              expectations.length === 0
                ? "none declared"
                : violations.length === 0
                  ? "all kept"
                  : `${violations.length} violated`,
          },
          { label: "Content", value: <code>{status.textOr("contentHash", "–").slice(0, 10)}</code>, note: "SHA-256" },
        ]}
      />
      {violations.map((violation) => (
        <ViolationNotice key={violation.expectation} violation={violation} />
      ))}
      <ProfilePanel
        project={project}
        name={dataset.name}
        content={status.textOr("contentHash", null)}
        columns={status.list("columns", (each) => ({ name: each.textOr("name", ""), type: each.textOr("type", "") }))}
      />
      <div className="grid-2">
        <VersionsPanel project={project} name={dataset.name} />
        <Panel title="Expectations" flush>
          {expectations.length === 0 ? (
            <EmptyState title="No expectations declared">
              Add them under spec.expectations: not-null, between, unique, one-of, row-count or a condition in SQL.
            </EmptyState>
          ) : (
            <table className="rows">
              <tbody>
                {expectations.map((sentence) => (
                  <tr key={sentence}>
                    <td>{sentence}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Panel>
      </div>
      <ConditionsPanel conditions={dataset.conditions} />
    </>
  );
}

/** The way back to the list. */
export function CrumbsToData({ project }: { readonly project: string }): ReactNode {
  return (
    <>
      <Link to="/data">Data and features</Link> / {project}
    </>
  );
}

const columns: readonly TableColumn<DatasetVersionRow>[] = [
  { heading: "Version", cell: (row) => <strong>v{row.version}</strong> },
  { heading: "State", cell: (row) => <StateBadge state={row.state} /> },
  { heading: "Rows", isNumber: true, cell: (row) => formatCount(row.rows) },
  { heading: "Size", isNumber: true, cell: (row) => formatBytes(row.bytes) },
  {
    heading: "Made from",
    cell: (row) =>
      row.madeFrom.length === 0 ? (
        <span className="faint">its file</span>
      ) : (
        row.madeFrom.filter((each) => each.includes("@")).join(", ")
      ),
  },
  { heading: "Content", cell: (row) => <code title={row.contentHash}>{row.contentHash.slice(0, 12)}</code> },
  { heading: "Made", cell: (row) => <When at={row.createdAt} /> },
];

function VersionsPanel({ project, name }: { readonly project: string; readonly name: string }): ReactNode {
  const query = useDatasetVersions(project, name);
  return (
    <Panel title="Versions" flush>
      <QueryView query={query}>
        {(versions) =>
          versions.length === 0 ? (
            <EmptyState title="No version yet" command={`millwright describe dataset ${name} --project ${project}`} />
          ) : (
            <DataTable rows={versions} columns={columns} keyOf={(row) => String(row.version)} />
          )
        }
      </QueryView>
    </Panel>
  );
}
