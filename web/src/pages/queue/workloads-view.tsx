import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Queue, WorkloadRow } from "../../api/compute.ts";
import { DataTable, type TableColumn } from "../../design/data-table.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { SearchField, SegmentFilter, SelectFilter } from "../../design/filters.tsx";
import { useNow } from "../../design/now.ts";
import { Panel } from "../../design/panel.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { Elapsed } from "../../design/when.tsx";
import { plannedStartWords } from "../../words/planned-start.ts";
import { exactTime } from "../../words/relative-time.ts";
import { askedWords } from "./asked-words.ts";
import { PoolBars } from "./pool-bars.tsx";
import { timesWords } from "./run-panel.tsx";
import { filterWorkloads, isInQueue } from "./workload-filter.ts";

const shows = [
  { value: "", label: "All" },
  { value: "running", label: "Running" },
  { value: "waiting", label: "Waiting" },
  { value: "ended", label: "Ended" },
];

/** Why it waits, what it does, or how it ended, in one sentence. */
function sentenceOf(workload: WorkloadRow): string {
  return workload.reason?.sentence ?? workload.outcome?.message ?? workload.phase;
}

/** When a waiting workload is planned to start; whether room is being made for it. */
function PlannedStart({ workload }: { readonly workload: WorkloadRow }): ReactNode {
  const now = useNow();
  if (!isInQueue(workload)) return <span className="faint">–</span>;
  if (workload.plannedStart === null) return <span className="faint">not planned</span>;
  return (
    <span title={exactTime(workload.plannedStart.at)}>
      {plannedStartWords(workload.plannedStart, now)}
      {workload.plannedStart.isHeld && (
        <div className="special" title="Others were told to stop for it; what they free is kept for it">
          ◆ room is being made
        </div>
      )}
    </span>
  );
}

const columns: readonly TableColumn<WorkloadRow>[] = [
  {
    heading: "State",
    cell: (row) => (
      <>
        <StateBadge state={row.state} />
        {row.position !== null && <div className="faint">no. {row.position} in line</div>}
        {row.timesPreempted > 0 && <div className="faint">stopped {timesWords(row.timesPreempted)}</div>}
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
  {
    heading: "Starts",
    cell: (row) => <PlannedStart workload={row} />,
    sortBy: (row) => row.plannedStart?.at ?? null,
  },
  { heading: "Asks for", cell: askedWords, sortBy: (row) => row.gpus * row.membersMax * 1000 + row.cpus },
  { heading: "Pool", cell: (row) => row.pool, sortBy: (row) => row.pool },
  { heading: "Priority", isNumber: true, cell: (row) => row.priority, sortBy: (row) => row.priority },
  {
    heading: "For",
    isNumber: true,
    sortBy: (row) => row.startedAt ?? row.queuedAt,
    cell: (row) => <Elapsed from={row.startedAt ?? row.queuedAt} to={row.endedAt} />,
  },
];

/** The pools, and every workload with its reason and its planned start. */
export function WorkloadsView({
  queue,
  all,
}: {
  readonly queue: UseQueryResult<Queue>;
  readonly all: readonly WorkloadRow[];
}): ReactNode {
  const { state } = useUrlState();
  const purposes = [...new Set(all.map((workload) => workload.purpose))].toSorted();
  return (
    <>
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
          {() => <Rows rows={filterWorkloads(all, state)} isEmpty={all.length === 0} />}
        </QueryView>
      </Panel>
    </>
  );
}

function Rows({ rows, isEmpty }: { readonly rows: readonly WorkloadRow[]; readonly isEmpty: boolean }): ReactNode {
  const { state, change } = useUrlState();
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
  return isEmpty ? (
    <EmptyState title="The queue is empty" command="millwright apply -f examples/flights">
      Training jobs, evaluations, pipeline steps and model replicas appear here, each with the reason why it waits.
    </EmptyState>
  ) : (
    <EmptyState title="No workload matches these filters" command="millwright get workloads" />
  );
}
