import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { ReplicaLoad } from "../../api/deployment-load.ts";
import { Meter } from "../../design/meter.tsx";
import { Panel } from "../../design/panel.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { formatCount, formatPercent } from "../../words/numbers.ts";
import type { Replica } from "./deployment-status.ts";
import { type ReplicaRow, replicaRows } from "./replica-rows.ts";

/** The processes that answer a deployment's requests, and what lies on each now. */
export function ReplicasPanel({
  replicas,
  loads,
}: {
  readonly replicas: readonly Replica[];
  readonly loads: readonly ReplicaLoad[];
}): ReactNode {
  const rows = replicaRows(replicas, loads);
  if (rows.length === 0) return null;
  const busiest = Math.max(1, ...rows.map((row) => row.load?.requests ?? 0));
  const hasCache = rows.some((row) => row.load?.engine?.kvUsage !== null && row.load?.engine?.kvUsage !== undefined);
  return (
    <Panel title="Replicas" note="what the gateway sent there and what their engines say" flush>
      <table className="rows">
        <thead>
          <tr>
            <th>State</th>
            <th>Version</th>
            <th>Replica</th>
            <th className="number">In flight</th>
            <th>Beside the others</th>
            <th className="number">Tokens</th>
            <th className="number">At work</th>
            <th className="number">Queued</th>
            {hasCache && <th>KV cache</th>}
            <th>Says</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <ReplicaLine key={row.id} row={row} hasCache={hasCache} busiest={busiest} />
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function ReplicaLine({
  row,
  hasCache,
  busiest,
}: {
  readonly row: ReplicaRow;
  readonly hasCache: boolean;
  /** Requests in flight at the replica that has most. */
  readonly busiest: number;
}): ReactNode {
  const { load } = row;
  const usage = load?.engine?.kvUsage ?? null;
  const count = (value: number | undefined): string => (value === undefined ? "–" : formatCount(value));
  return (
    <tr>
      <td style={{ width: 110 }}>
        <StateBadge state={row.state} />
      </td>
      <td style={{ width: 60 }}>
        <strong>{row.version}</strong>
      </td>
      <td>
        {row.isWorkload ? (
          <Link to="/queue" search={{ open: row.id }} className="mono">
            {row.id}
          </Link>
        ) : (
          <span className="mono">{row.id}</span>
        )}
      </td>
      <td className="number">{count(load?.requests)}</td>
      <td style={{ minWidth: 110 }}>
        <LoadBar requests={load?.requests ?? 0} busiest={busiest} />
      </td>
      <td className="number">{count(load?.tokens)}</td>
      <td className="number">{count(load?.engine?.running)}</td>
      <td className="number">{count(load?.engine?.waiting)}</td>
      {hasCache && (
        <td style={{ minWidth: 110 }}>
          {usage === null ? "–" : <Meter used={usage} total={1} label={`KV cache ${formatPercent(usage, 0)} in use`} />}
        </td>
      )}
      <td className="muted">{row.message}</td>
    </tr>
  );
}

/** Requests in flight as a bar beside the busiest replica's; a full one is no warning, so it is no meter. */
function LoadBar({ requests, busiest }: { readonly requests: number; readonly busiest: number }): ReactNode {
  const words = `${formatCount(requests)} in flight, ${formatCount(busiest)} at the busiest`;
  return (
    <div className="meter" role="img" aria-label={words} title={words}>
      <span style={{ width: `${(100 * requests) / busiest}%` }} />
    </div>
  );
}
