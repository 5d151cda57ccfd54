import type { ReactNode } from "react";
import { useEndedWorkloads, useQueue, type WorkloadRow } from "../../api/compute.ts";
import { DataTable, type TableColumn } from "../../design/data-table.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { SearchField, SegmentFilter, SelectFilter } from "../../design/filters.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { Elapsed } from "../../design/when.tsx";
import { formatBytes } from "../../words/numbers.ts";
import { PoolBars } from "./pool-bars.tsx";
import { WorkloadDrawer } from "./workload-drawer.tsx";
import { filterWorkloads } from "./workload-filter.ts";

const shows = [
  { value: "", label: "All" },
  { value: "running", label: "Running" },
  { value: "waiting", label: "Waiting" },
  { value: "ended", label: "Ended" },
];

function asksOf(workload: WorkloadRow): string {
  const gpus = workload.gpus === 0 ? [] : [`${workload.gpus} ${workload.gpuModel ?? "GPU"}`];
  return [...gpus, `${workload.cpus} CPU`, formatBytes(workload.memory)].join(" · ");
}

/** Why it waits, what it does, or how it ended, in one sentence. */
function sentenceOf(workload: WorkloadRow): string {
  return workload.reason?.sentence ?? workload.outcome?.message ?? workload.phase;
}

const columns: readonly TableColumn<WorkloadRow>[] = [
  {
    heading: "State",
    cell: (row) => (
      <>
        <StateBadge state={row.state} />
        {row.position !== null && <div className="faint">no. {row.position} in line</div>}
      </>
    ),
    sortBy: (row) => row.state,
  },
  {
    heading: "Workload",
    sortBy: (row) => row.owner.name,
    cell: (row) => (
      <>
        <strong>{row.owner.name}</strong>
        <div className="faint">
          {row.owner.kind} · {row.project}
        </div>
      </>
    ),
  },
  { heading: "Purpose", cell: (row) => row.purpose, sortBy: (row) => row.purpose },
  {
    heading: "Why, or what it does now",
    className: "sentence",
    cell: (row) => (
      <>
        {sentenceOf(row)}
        {row.reason?.changes.map((change) => (
          <div key={change} className="muted">
            → {change}
          </div>
        ))}
      </>
    ),
  },
  { heading: "Asks for", cell: asksOf, sortBy: (row) => row.gpus * 1000 + row.cpus },
  { heading: "Pool", cell: (row) => row.pool, sortBy: (row) => row.pool },
  { heading: "Priority", isNumber: true, cell: (row) => row.priority, sortBy: (row) => row.priority },
  {
    heading: "For",
    isNumber: true,
    sortBy: (row) => row.startedAt ?? row.queuedAt,
    cell: (row) => <Elapsed from={row.startedAt ?? row.queuedAt} to={row.endedAt} />,
  },
];

/** Every workload with its reason, and the pools they share. */
export function QueuePage(): ReactNode {
  const { state, change } = useUrlState();
  const queue = useQueue(state["project"]);
  const ended = useEndedWorkloads(state["project"]);
  const all = [...(queue.data?.workloads ?? []), ...(ended.data ?? [])];
  const purposes = [...new Set(all.map((workload) => workload.purpose))].toSorted();
  const opened = all.find((workload) => workload.id === state["open"]);
  return (
    <>
      <PageHead title="Queue" />
      <Panel title="Pools">
        <QueryView query={queue}>{({ pools }) => <PoolBars pools={pools} />}</QueryView>
      </Panel>
      <div className="toolbar">
        <SearchField label="Filter workloads" />
        <SegmentFilter name="show" choices={shows} />
        <SelectFilter name="purpose" label="Purpose" values={purposes} />
      </div>
      <Panel flush>
        <QueryView query={queue}>
          {() => {
            const rows = filterWorkloads(all, state);
            if (rows.length > 0)
              return (
                <DataTable
                  rows={rows}
                  columns={columns}
                  keyOf={(row) => row.id}
                  chosenKey={state["open"]}
                  onOpen={(row) => change({ open: row.id })}
                />
              );
            return all.length === 0 ? (
              <EmptyState title="The queue is empty" command="millwright apply -f examples/flights">
                Training jobs, evaluations, pipeline steps and model replicas appear here, each with the reason why it
                waits.
              </EmptyState>
            ) : (
              <EmptyState title="No workload matches these filters" command="millwright get workloads" />
            );
          }}
        </QueryView>
      </Panel>
      {opened !== undefined && <WorkloadDrawer workload={opened} onClose={() => change({ open: null })} />}
    </>
  );
}
