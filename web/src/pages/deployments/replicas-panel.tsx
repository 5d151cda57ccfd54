import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Panel } from "../../design/panel.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import type { Replica } from "./deployment-status.ts";

/** The processes that answer a deployment's requests. */
export function ReplicasPanel({ replicas }: { readonly replicas: readonly Replica[] }): ReactNode {
  if (replicas.length === 0) return null;
  return (
    <Panel title="Replicas" flush>
      <table className="rows">
        <tbody>
          {replicas.map((replica) => (
            <tr key={replica.workload}>
              <td style={{ width: 110 }}>
                <StateBadge state={replica.isReady ? "ready" : replica.state} />
              </td>
              <td style={{ width: 60 }}>
                <strong>{replica.version}</strong>
              </td>
              <td>
                <Link to="/queue" search={{ open: replica.workload }} className="mono">
                  {replica.workload}
                </Link>
              </td>
              <td className="muted">{replica.message}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
