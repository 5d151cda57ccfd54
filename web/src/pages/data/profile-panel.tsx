import type { ReactNode } from "react";
import { type ColumnProfile, useDatasetProfile } from "../../api/data.ts";
import { SmallHistogram } from "../../charts/histogram.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { FailureNotice } from "../../design/failure-notice.tsx";
import { Panel } from "../../design/panel.tsx";
import { formatCount, formatPercent } from "../../words/numbers.ts";

type SchemaColumn = Pick<ColumnProfile, "name" | "type">;

/** A column of which the type is known and nothing else yet. */
function unprofiled(column: SchemaColumn): ColumnProfile {
  return { ...column, nulls: 0, distinct: null, min: null, max: null, mean: null, edges: [], labels: [], counts: [] };
}

/** The schema with each column's distribution; the plain schema while the profile is on its way. */
export function ProfilePanel({
  project,
  name,
  content,
  columns,
}: {
  readonly project: string;
  readonly name: string;
  /** Hash of the newest version's content; null while there is none. */
  readonly content: string | null;
  readonly columns: readonly SchemaColumn[];
}): ReactNode {
  const query = useDatasetProfile(project, name, content);
  const version = query.data?.version ?? null;
  const isOnItsWay = content !== null && query.isPending;
  return (
    <Panel
      title="Schema and profile"
      note={isOnItsWay ? "distributions are being counted…" : version === null ? undefined : `version ${version}`}
      flush
    >
      {query.error !== null && <FailureNotice error={query.error} onRetry={() => void query.refetch()} />}
      {columns.length === 0 ? (
        <EmptyState title="No columns known yet">They appear once the first version was read.</EmptyState>
      ) : (
        <div aria-busy={isOnItsWay}>
          <ProfileTable columns={query.data?.columns ?? columns.map(unprofiled)} rows={query.data?.rows ?? 0} />
        </div>
      )}
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
