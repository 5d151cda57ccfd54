import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type ResourceSummary, useResources } from "../../api/resources.ts";
import { DataTable, type TableColumn } from "../../design/data-table.tsx";
import { Panel } from "../../design/panel.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { Elapsed } from "../../design/when.tsx";
import { formatCount } from "../../words/numbers.ts";
import { dataDay } from "../../words/relative-time.ts";

function Rows({ job }: { readonly job: ResourceSummary }): ReactNode {
  const set = job.status.fieldsOrNull("trainingSet");
  if (set === null) return <span className="faint">–</span>;
  return (
    <>
      {formatCount(set.numberOr("rows", 0))}
      <div className="faint">{`${dataDay(set.numberOr("from", 0))} to ${dataDay(set.numberOr("to", 0))}`}</div>
    </>
  );
}

function Name({ job }: { readonly job: ResourceSummary }): ReactNode {
  const runId = job.status.textOr("runId", null);
  const name = <strong>{job.name}</strong>;
  return (
    <>
      {runId === null ? (
        name
      ) : (
        <Link to="/runs/$project/$runId" params={{ project: job.project ?? "-", runId }}>
          {name}
        </Link>
      )}
      <div className="faint">{job.project}</div>
    </>
  );
}

const columns: readonly TableColumn<ResourceSummary>[] = [
  { heading: "State", cell: (job) => <StateBadge state={job.phase} />, sortBy: (job) => job.phase },
  { heading: "Training job", cell: (job) => <Name job={job} />, sortBy: (job) => job.name },
  { heading: "Model", cell: (job) => job.spec.textOr("model", "–"), sortBy: (job) => job.spec.textOr("model", "") },
  {
    heading: "What it does, or how it ended",
    className: "sentence",
    cell: (job) => {
      const progress = job.status.textOr("progress", "");
      return progress === "" ? job.status.textOr("message", "") : progress;
    },
  },
  { heading: "Rows", isNumber: true, cell: (job) => <Rows job={job} /> },
  { heading: "Started by", cell: (job) => job.status.textOr("startedBy", "") },
  {
    heading: "Took",
    isNumber: true,
    cell: (job) => <Elapsed from={job.status.numberOr("startedAt", null)} to={job.status.numberOr("endedAt", null)} />,
    sortBy: (job) => job.status.numberOr("startedAt", null),
  },
];

/** The declared training jobs with what they do now; nothing when there are none. */
export function TrainingJobsPanel({ project }: { readonly project: string | undefined }): ReactNode {
  const query = useResources("training-jobs", project);
  if (query.data?.length === 0) return null;
  return (
    <Panel title="Training jobs" flush>
      <QueryView query={query} skeletonLines={2}>
        {(jobs) => (
          <DataTable
            rows={jobs.toSorted((left, right) => right.createdAt - left.createdAt)}
            columns={columns}
            keyOf={(job) => job.uid}
            orderName="jobOrder"
          />
        )}
      </QueryView>
    </Panel>
  );
}
