import type { ReactNode } from "react";
import type { WorkloadRow } from "../../api/compute.ts";
import { Command } from "../../design/command.tsx";
import { Drawer } from "../../design/drawer.tsx";
import { Facts } from "../../design/figures.tsx";
import { LogView } from "../../design/log-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { Elapsed, When } from "../../design/when.tsx";
import { formatBytes } from "../../words/numbers.ts";

/** One workload: why it waits and what would help, where it runs, how it ended, its log. */
export function WorkloadDrawer({
  workload,
  onClose,
}: {
  readonly workload: WorkloadRow;
  readonly onClose: () => void;
}): ReactNode {
  return (
    <Drawer title={workload.owner.name} badge={<StateBadge state={workload.state} />} onClose={onClose}>
      {workload.reason !== null && <PendingNotice workload={workload} />}
      {workload.outcome !== null && workload.outcome.message !== "" && (
        <div className={`notice soft ${workload.state === "succeeded" ? "good" : "bad"}`}>
          <p>{workload.outcome.message}</p>
        </div>
      )}
      <Facts
        facts={[
          ["Doing", workload.phase === "" ? "–" : workload.phase],
          ["Purpose", workload.purpose],
          ["Owner", `${workload.owner.kind} ${workload.owner.name} in ${workload.project}`],
          ["Asks for", `${workload.gpus} GPU, ${workload.cpus} CPU, ${formatBytes(workload.memory)}`],
          ["Pool", workload.node === null ? workload.pool : `${workload.pool} on ${workload.node}`],
          ["Attempt", workload.attempt],
          ["Queued", <When key="queued" at={workload.queuedAt} />],
          ["Ran for", <Elapsed key="ran" from={workload.startedAt} to={workload.endedAt} />],
          ["Id", <code key="id">{workload.id}</code>],
        ]}
      />
      <div className="row wrap">
        <Command text={`millwright why ${workload.id}`} />
        <Command text={`millwright logs -f ${workload.id}`} />
      </div>
      {workload.startedAt !== null && <LogView key={workload.id} project={workload.project} workload={workload.id} />}
    </Drawer>
  );
}

function PendingNotice({ workload }: { readonly workload: WorkloadRow }): ReactNode {
  const reason = workload.reason;
  if (reason === null) return null;
  return (
    <div className="notice soft waiting">
      <strong>{reason.sentence}</strong>
      {reason.blockers.length > 0 && (
        <p>Held by {reason.blockers.map((each) => `${each.name} (${each.gpus} GPU)`).join(", ")}</p>
      )}
      {reason.changes.length > 0 && (
        <ul>
          {reason.changes.map((change) => (
            <li key={change} style={{ color: "var(--text)" }}>
              → {change}
            </li>
          ))}
        </ul>
      )}
      <p className="muted mono">{reason.code}</p>
    </div>
  );
}
