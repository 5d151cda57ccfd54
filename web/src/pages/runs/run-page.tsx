import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { RunDetail } from "../../../../src/tracking/model.ts";
import { metricSeriesQuery, useArtifacts, useRun } from "../../api/tracking.ts";
import { useResource } from "../../api/resources.ts";
import { EmptyState } from "../../design/empty-state.tsx";
import { Facts, Figures } from "../../design/figures.tsx";
import { LogView } from "../../design/log-view.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { usePlace } from "../../design/use-place.ts";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { Elapsed, When } from "../../design/when.tsx";
import { formatBytes, formatFigure } from "../../words/numbers.ts";
import { MetricPlots } from "./metric-plots.tsx";

const shownFigures = 6;
const trainingJobTag = "millwright.trainingJob";
const ownTagPrefix = "mlflow.";

/** One run: its figures, curves, params, files and log. */
export function RunPage(): ReactNode {
  const { project, runId } = usePlace();
  const query = useRun(project, runId);
  return <QueryView query={query}>{(run) => <RunView run={run} />}</QueryView>;
}

function RunView({ run }: { readonly run: RunDetail }): ReactNode {
  const keys = run.metricKeys.length > 0 ? run.metricKeys : Object.keys(run.metrics);
  const series = useQuery(metricSeriesQuery(run.project, [run.runId], keys, run.endedAt === null));
  const figures = Object.entries(run.metrics).slice(0, shownFigures);
  const job = run.tags[trainingJobTag];
  return (
    <>
      <PageHead
        title={run.name === "" ? run.runId : run.name}
        crumbs={
          <>
            <Link to="/runs">Runs</Link> /{" "}
            <Link to="/runs" search={{ experiment: run.experiment }}>
              {run.experiment}
            </Link>
          </>
        }
        badge={<StateBadge state={run.status} />}
        actions={
          <span className="muted">
            started <When at={run.startedAt} />, took <Elapsed from={run.startedAt} to={run.endedAt} />
          </span>
        }
      />
      {figures.length > 0 && (
        <Figures
          facts={figures.map(([label, value]) => ({ label, value: value === null ? "–" : formatFigure(value) }))}
        />
      )}
      {keys.length === 0 ? (
        <Panel title="Metrics">
          <EmptyState title="No metric logged">
            The script logs metrics with MLflow; they appear here as it does.
          </EmptyState>
        </Panel>
      ) : (
        <QueryView query={series}>{(found) => <MetricPlots series={found} runs={[run]} />}</QueryView>
      )}
      <div className="grid-2">
        <Panel title="Params">
          {Object.keys(run.params).length === 0 ? (
            <EmptyState title="No params logged" />
          ) : (
            <Facts facts={Object.entries(run.params)} />
          )}
        </Panel>
        <Panel title="About">
          <Facts
            facts={[
              ["Run", <code key="run">{run.runId}</code>],
              ["Project", run.project],
              ["By", run.user],
              ...run.datasets.map(
                (dataset) => [`Data (${dataset.context ?? "input"})`, `${dataset.name} ${dataset.digest}`] as const,
              ),
              ...Object.entries(run.tags).filter(([name]) => !name.startsWith(ownTagPrefix)),
            ]}
          />
        </Panel>
      </div>
      <ArtifactsPanel run={run} />
      {job !== undefined && <JobLog run={run} job={job} />}
    </>
  );
}

/** The log of the workload that made the run, while its job still stands for this run. */
function JobLog({ run, job }: { readonly run: RunDetail; readonly job: string }): ReactNode {
  const resource = useResource("training-jobs", run.project, job);
  const status = resource.data?.status;
  const workload = status?.textOr("workloadId", null) ?? null;
  if (workload === null || status?.textOr("runId", null) !== run.runId) return null;
  return <LogView key={workload} project={run.project} workload={workload} />;
}

function ArtifactsPanel({ run }: { readonly run: RunDetail }): ReactNode {
  const { state, change } = useUrlState();
  const path = state["path"] ?? "";
  const query = useArtifacts(run.project, run.runId, path);
  const parent = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
  return (
    <Panel title="Files" note={path} flush>
      <QueryView query={query}>
        {(files) =>
          files.length === 0 && path === "" ? (
            <EmptyState title="No files logged">The script logs files with MLflow, such as model.onnx.</EmptyState>
          ) : (
            <table className="rows">
              <tbody>
                {path !== "" && (
                  <tr>
                    <td colSpan={2}>
                      <button type="button" className="button quiet small" onClick={() => change({ path: parent })}>
                        ↑ up
                      </button>
                    </td>
                  </tr>
                )}
                {files.map((file) => (
                  <tr key={file.path}>
                    <td className="mono">
                      {file.isFolder ? (
                        <button
                          type="button"
                          className="button quiet small mono"
                          onClick={() => change({ path: file.path })}
                        >
                          {file.path}/
                        </button>
                      ) : (
                        file.path
                      )}
                    </td>
                    <td className="number">{file.bytes === null ? "" : formatBytes(file.bytes)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </QueryView>
    </Panel>
  );
}
