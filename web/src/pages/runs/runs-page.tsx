import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useRuns } from "../../api/tracking.ts";
import type { RunRow } from "../../../../src/tracking/model.ts";
import { DataTable, type TableColumn } from "../../design/data-table.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { SearchField, SelectFilter } from "../../design/filters.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { Elapsed, When } from "../../design/when.tsx";
import { formatFigure } from "../../words/numbers.ts";
import { listInUrl, toggleInList } from "../../words/url-state.ts";
import { TrainingJobsPanel } from "./training-jobs-panel.tsx";
import { filterRuns, metricColumns } from "./run-filter.ts";

const statuses = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

function columnsFor(
  runs: readonly RunRow[],
  chosen: readonly string[],
  onChoose: (id: string) => void,
): readonly TableColumn<RunRow>[] {
  const metrics = metricColumns(runs).map(
    (name): TableColumn<RunRow> => ({
      heading: name,
      isNumber: true,
      sortBy: (run) => run.metrics[name] ?? null,
      cell: (run) => {
        const value = run.metrics[name];
        return value === undefined || value === null ? <span className="faint">–</span> : formatFigure(value);
      },
    }),
  );
  return [
    {
      heading: " ",
      cell: (run) => (
        <input
          type="checkbox"
          aria-label={`Compare ${run.name}`}
          checked={chosen.includes(run.runId)}
          onChange={() => onChoose(run.runId)}
        />
      ),
    },
    { heading: "Status", cell: (run) => <StateBadge state={run.status} />, sortBy: (run) => run.status },
    {
      heading: "Run",
      sortBy: (run) => run.name,
      cell: (run) => (
        <>
          <Link to="/runs/$project/$runId" params={{ project: run.project, runId: run.runId }}>
            <strong>{run.name === "" ? run.runId.slice(0, 12) : run.name}</strong>
          </Link>
          <div className="faint">
            {run.experiment} · {run.project}
          </div>
        </>
      ),
    },
    { heading: "Started", cell: (run) => <When at={run.startedAt} />, sortBy: (run) => run.startedAt },
    {
      heading: "Took",
      isNumber: true,
      cell: (run) => <Elapsed from={run.startedAt} to={run.endedAt} />,
      sortBy: (run) => run.durationMs,
    },
    ...metrics,
    { heading: "By", cell: (run) => run.user, sortBy: (run) => run.user },
  ];
}

/** Every run of training and evaluation; two or more can be compared. */
export function RunsPage(): ReactNode {
  const { state, change } = useUrlState();
  const navigate = useNavigate();
  const query = useRuns(state["project"]);
  const chosen = listInUrl(state["runs"]);
  const experiments = [...new Set((query.data ?? []).map((run) => run.experiment))].toSorted();
  const choose = (id: string): void => change({ runs: toggleInList(chosen, id).join(",") });
  const compare = (
    <Link
      to="/compare"
      search={{ runs: chosen.join(",") }}
      className="button primary"
      disabled={chosen.length < 2}
      aria-disabled={chosen.length < 2}
    >
      Compare {chosen.length} runs
    </Link>
  );
  return (
    <>
      <PageHead
        title="Runs"
        actions={chosen.length >= 2 ? compare : <span className="muted">Choose two or more runs to compare them</span>}
      />
      <TrainingJobsPanel project={state["project"]} />
      <div className="toolbar">
        <SearchField label="Filter runs" />
        <SelectFilter name="status" label="Status" values={statuses} />
        <SelectFilter name="experiment" label="Experiment" values={experiments} />
      </div>
      <Panel flush>
        <QueryView query={query} skeletonLines={8}>
          {(runs) => {
            const rows = filterRuns(runs, state);
            if (rows.length > 0) {
              return (
                <DataTable
                  rows={rows}
                  columns={columnsFor(rows, chosen, choose)}
                  keyOf={(run) => run.runId}
                  onOpen={(run) =>
                    void navigate({ to: "/runs/$project/$runId", params: { project: run.project, runId: run.runId } })
                  }
                />
              );
            }
            return runs.length === 0 ? (
              <EmptyState title="No run yet" command="millwright apply -f examples/flights">
                A training job logs its params, metrics and files here; any script that speaks MLflow can, too.
              </EmptyState>
            ) : (
              <EmptyState title="No run matches these filters">
                Clear the filters above to see all {runs.length} runs.
              </EmptyState>
            );
          }}
        </QueryView>
      </Panel>
    </>
  );
}
