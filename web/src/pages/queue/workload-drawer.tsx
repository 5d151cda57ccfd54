import type { ReactNode } from "react";
import type { WorkloadRow } from "../../api/compute.ts";
import { Command } from "../../design/command.tsx";
import { Drawer } from "../../design/drawer.tsx";
import { Facts } from "../../design/figures.tsx";
import { LogView } from "../../design/log-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { Elapsed, When } from "../../design/when.tsx";
import { askedWords } from "./asked-words.ts";
import { RunPanel, timesWords } from "./run-panel.tsx";
import { WaitPanel } from "./wait-panel.tsx";
import { isHolding, isInQueue } from "./workload-filter.ts";

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
      {isInQueue(workload) && <WaitPanel workload={workload} />}
      {workload.outcome !== null && workload.outcome.message !== "" && (
        <div className={`notice soft ${workload.state === "succeeded" ? "good" : "bad"}`}>
          <p>{workload.outcome.message}</p>
        </div>
      )}
      {isHolding(workload) && <RunPanel workload={workload} />}
      <Facts
        facts={[
          ["Doing", workload.phase === "" ? "–" : workload.phase],
          ["Purpose", workload.purpose],
          ["Owner", `${workload.owner.kind} ${workload.owner.name} in ${workload.project}`],
          ["Asks for", askedWords(workload)],
          ["Pool", workload.pools.length > 1 ? workload.pools.join(", or ") : workload.pool],
          ["Priority", workload.priority],
          ["Attempt", workload.attempt],
          ...(isInQueue(workload) && workload.timesPreempted > 0
            ? [["Was stopped", timesWords(workload.timesPreempted)] as const]
            : []),
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
