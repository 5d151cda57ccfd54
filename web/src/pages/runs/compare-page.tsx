import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { MetricSeries, RunRow } from "../../../../src/tracking/model.ts";
import { metricSeriesQuery, useRuns } from "../../api/tracking.ts";
import { seriesFill } from "../../charts/series-colour.ts";
import { EmptyState } from "../../design/empty-state.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { formatFigure } from "../../words/numbers.ts";
import { listInUrl } from "../../words/url-state.ts";
import { MetricPlots } from "./metric-plots.tsx";
import { diffTexts } from "./params-diff.ts";

const shownKeys = 24;

function useSeriesOf(runs: readonly RunRow[]): readonly MetricSeries[] {
  const projects = [...new Set(runs.map((run) => run.project))];
  const keys = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].toSorted().slice(0, shownKeys);
  const answers = useQueries({
    queries: projects.map((project) =>
      metricSeriesQuery(
        project,
        runs.filter((run) => run.project === project).map((run) => run.runId),
        keys,
        runs.some((run) => run.endedAt === null),
      ),
    ),
  });
  return answers.flatMap((answer) => answer.data ?? []);
}

/** Two or more runs beside each other: metrics in common plots, params with their differences first. */
export function ComparePage(): ReactNode {
  const { state } = useUrlState();
  const chosen = listInUrl(state["runs"]);
  const query = useRuns(undefined);
  return (
    <>
      <PageHead title={`Compare ${chosen.length} runs`} crumbs={<Link to="/runs">Runs</Link>} />
      <QueryView query={query}>
        {(all) => {
          const runs = chosen.flatMap((id) => all.filter((run) => run.runId === id));
          return runs.length === 0 ? (
            <EmptyState title="None of these runs is among the newest">
              Choose them again from the list of runs.
            </EmptyState>
          ) : (
            <Comparison runs={runs} />
          );
        }}
      </QueryView>
    </>
  );
}

function Comparison({ runs }: { readonly runs: readonly RunRow[] }): ReactNode {
  const series = useSeriesOf(runs);
  const metrics = diffTexts(
    runs.map((run) =>
      Object.fromEntries(
        Object.entries(run.metrics).map(([name, value]) => [name, value === null ? "–" : formatFigure(value, 5)]),
      ),
    ),
  );
  return (
    <>
      <div className="row wrap">
        {runs.map((run, index) => (
          <Link
            key={run.runId}
            to="/runs/$project/$runId"
            params={{ project: run.project, runId: run.runId }}
            className="button"
          >
            <span style={{ width: 10, height: 10, borderRadius: 2, background: seriesFill(index) }} />
            {run.name}
            <StateBadge state={run.status} />
          </Link>
        ))}
      </div>
      <MetricPlots series={series} runs={runs} />
      <DiffPanel title="Metrics" rows={metrics} runs={runs} />
      <DiffPanel title="Params" rows={diffTexts(runs.map((run) => run.params))} runs={runs} />
    </>
  );
}

function DiffPanel({
  title,
  rows,
  runs,
}: {
  readonly title: string;
  readonly rows: ReturnType<typeof diffTexts>;
  readonly runs: readonly RunRow[];
}): ReactNode {
  const differing = rows.filter((row) => row.differs).length;
  return (
    <Panel title={title} note={`${differing} of ${rows.length} differ`} flush>
      <table className="rows">
        <thead>
          <tr>
            <th>Name</th>
            {runs.map((run) => (
              <th key={run.runId}>{run.name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name} className={row.differs ? "" : "muted"}>
              <td>{row.name}</td>
              {row.values.map((value, index) => (
                <td
                  key={runs[index]?.runId}
                  className="mono"
                  style={{ overflowWrap: "anywhere", ...(row.differs ? { fontWeight: 650 } : {}) }}
                >
                  {value ?? <span className="faint">–</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
