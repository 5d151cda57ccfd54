import type { ReactNode } from "react";
import { type ColumnProfile, useDatasetProfile } from "../../api/data.ts";
import { SmallHistogram } from "../../charts/histogram.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { Panel } from "../../design/panel.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { formatCount, formatPercent } from "../../words/numbers.ts";

/** The schema with each column's distribution; the plain schema while there is no profile. */
export function ProfilePanel({
  project,
  name,
  columns,
}: {
  readonly project: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}): ReactNode {
  const query = useDatasetProfile(project, name);
  return (
    <Panel
      title="Schema and profile"
      note={
        query.data?.version === undefined || query.data.version === null ? undefined : `version ${query.data.version}`
      }
      flush
    >
      <QueryView query={query}>
        {(profile) =>
          profile.columns.length === 0 ? (
            columns.length === 0 ? (
              <EmptyState title="No columns known yet">They appear once the first version was read.</EmptyState>
            ) : (
              <ProfileTable
                columns={columns.map((column) => ({
                  ...column,
                  nulls: 0,
                  distinct: null,
                  min: null,
                  max: null,
                  mean: null,
                  edges: [],
                  labels: [],
                  counts: [],
                }))}
                rows={0}
              />
            )
          ) : (
            <ProfileTable columns={profile.columns} rows={profile.rows} />
          )
        }
      </QueryView>
    </Panel>
  );
}

function ProfileTable({
  columns,
  rows,
}: {
  readonly columns: readonly ColumnProfile[];
  readonly rows: number;
}): ReactNode {
  return (
    <table className="rows">
      <thead>
        <tr>
          <th>Column</th>
          <th>Type</th>
          <th>Distribution</th>
          <th className="number">Missing</th>
          <th className="number">Distinct</th>
          <th className="number">Least</th>
          <th className="number">Mean</th>
          <th className="number">Greatest</th>
        </tr>
      </thead>
      <tbody>
        {columns.map((column) => (
          <tr key={column.name}>
            <td className="mono">
              <strong>{column.name}</strong>
            </td>
            <td className="muted">{column.type.toLowerCase()}</td>
            <td style={{ width: 230 }}>{column.counts.length > 0 && <SmallHistogram bins={column} />}</td>
            <td className="number">
              {column.nulls === 0 ? (
                <span className="faint">0</span>
              ) : (
                `${formatCount(column.nulls)} (${formatPercent(rows === 0 ? 0 : column.nulls / rows)})`
              )}
            </td>
            <td className="number">{column.distinct === null ? "–" : formatCount(column.distinct)}</td>
            <td className="number">{column.min ?? "–"}</td>
            <td className="number">{column.mean ?? "–"}</td>
            <td className="number">{column.max ?? "–"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
