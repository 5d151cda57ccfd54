import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { WorkloadRow } from "../../api/compute.ts";
import { EmptyState } from "../../design/empty-state.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { Elapsed } from "../../design/when.tsx";
import { isActive } from "./workload-filter.ts";

const shownWorkloads = 12;

/** Workloads that are not over, one line each. */
export function WorkloadLines({ workloads }: { readonly workloads: readonly WorkloadRow[] }): ReactNode {
  const active = workloads.filter(isActive);
  if (active.length === 0) {
    return <EmptyState title="Nothing runs and nothing waits" command="millwright apply -f examples/flights" />;
  }
  return (
    <div>
      {active.slice(0, shownWorkloads).map((workload) => (
        <Link key={workload.id} to="/queue" search={{ open: workload.id }} className="need">
          <StateBadge state={workload.state} />
          <span className="grow cut">
            <strong>{workload.owner.name}</strong> <span className="muted">{workload.purpose}</span>
            <span className="muted"> · {workload.reason?.sentence ?? workload.phase}</span>
          </span>
          <Elapsed from={workload.startedAt ?? workload.queuedAt} to={null} />
        </Link>
      ))}
    </div>
  );
}
