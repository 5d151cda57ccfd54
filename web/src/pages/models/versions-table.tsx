import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { VersionRow } from "../../api/registry.ts";
import { DataTable, type TableColumn } from "../../design/data-table.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { When } from "../../design/when.tsx";
import { formatCount, formatFigure } from "../../words/numbers.ts";
import { dataDay } from "../../words/relative-time.ts";

const shownMetrics: readonly (readonly [heading: string, names: readonly string[]])[] = [
  ["AUC", ["auc"]],
  ["Baseline AUC", ["baselineAuc"]],
  ["Log loss", ["logLoss"]],
  ["Brier", ["brier"]],
];

/** The first of these metrics that the version has. */
function metricOf(version: VersionRow, names: readonly string[]): number | null {
  for (const name of names) {
    const value = version.metrics[name];
    if (value !== undefined) return value;
  }
  return null;
}

/** How people call a version: its number, or the start of its id before it has one. */
export function versionName(version: Pick<VersionRow, "version" | "id">): string {
  return version.version === null ? version.id.slice(-8) : `v${version.version}`;
}

function columnsFor(withModel: boolean): readonly TableColumn<VersionRow>[] {
  return [
    {
      heading: "Version",
      sortBy: (row) => row.version,
      cell: (row) => (
        <Link to="/models/$project/$name/$version" params={{ project: row.project, name: row.model, version: row.id }}>
          <strong>
            {withModel ? `${row.model} ` : ""}
            {versionName(row)}
          </strong>
        </Link>
      ),
    },
    { heading: "State", cell: (row) => <StateBadge state={row.state} />, sortBy: (row) => row.state },
    {
      heading: "Aliases",
      cell: (row) => (
        <span className="row">
          {row.aliases.map((alias) => (
            <span
              key={alias}
              className="tag"
              style={alias === "champion" ? { color: "var(--good)", borderColor: "currentColor" } : undefined}
            >
              {alias}
            </span>
          ))}
        </span>
      ),
    },
    ...shownMetrics.map(
      ([heading, names]): TableColumn<VersionRow> => ({
        heading,
        isNumber: true,
        sortBy: (row) => metricOf(row, names),
        cell: (row) => {
          const value = metricOf(row, names);
          return value === null ? <span className="faint">–</span> : formatFigure(value);
        },
      }),
    ),
    { heading: "Trained on", cell: (row) => <TrainedOn version={row} /> },
    { heading: "Started by", cell: (row) => row.lineage.startedBy },
    { heading: "Registered", cell: (row) => <When at={row.registeredAt} />, sortBy: (row) => row.registeredAt },
  ];
}

function TrainedOn({ version }: { readonly version: VersionRow }): ReactNode {
  const { trainingSet } = version.lineage;
  if (trainingSet === null || trainingSet.rows === 0) return <span className="faint">–</span>;
  const { rows, from, to } = trainingSet;
  return (
    <span style={{ whiteSpace: "nowrap" }}>
      {formatCount(rows)} rows <span className="faint">{`${dataDay(from)} to ${dataDay(to)}`}</span>
    </span>
  );
}

/** Versions of one model or of several. */
export function VersionsTable({
  versions,
  isShown = () => true,
  withModel = false,
}: {
  readonly versions: readonly VersionRow[];
  readonly isShown?: (version: VersionRow) => boolean;
  readonly withModel?: boolean;
}): ReactNode {
  const navigate = useNavigate();
  if (versions.length === 0) {
    return (
      <EmptyState title="No version yet" command="millwright apply -f examples/flights">
        A training job that succeeds registers a candidate by itself.
      </EmptyState>
    );
  }
  return (
    <DataTable
      rows={versions.filter(isShown)}
      columns={columnsFor(withModel)}
      keyOf={(row) => row.id}
      orderName="versionOrder"
      onOpen={(row) =>
        void navigate({
          to: "/models/$project/$name/$version",
          params: { project: row.project, name: row.model, version: row.id },
        })
      }
    />
  );
}
