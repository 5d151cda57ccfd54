import type { MetricSeries, Run, RunDetail, RunRow } from "./model.ts";
import type { ThinnedHistory } from "./metric-store.ts";

/** A number, or null where JSON has none. */
function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** A row of the table of runs. */
export function toRunRow(run: Run, experiment: string, now: number): RunRow {
  return {
    runId: run.runId,
    project: run.project,
    experimentId: run.experimentId,
    experiment,
    name: run.name,
    user: run.userId,
    status: run.status,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    durationMs: Math.max(0, (run.endedAt ?? now) - run.startedAt),
    params: { ...run.params },
    tags: { ...run.tags },
    metrics: Object.fromEntries(run.metrics.map((point) => [point.key, finiteOrNull(point.value)])),
  };
}

/** One run with what it read. */
export function toRunDetail(run: Run, experiment: string, now: number): RunDetail {
  return {
    ...toRunRow(run, experiment, now),
    datasets: run.datasetInputs.map(({ name, digest, tags }) => ({
      name,
      digest,
      context: tags["mlflow.data.context"] ?? null,
    })),
    metricKeys: run.metrics.map((point) => point.key),
  };
}

/** A curve in columns. */
export function toMetricSeries(curve: ThinnedHistory): MetricSeries {
  return {
    runId: curve.runId,
    key: curve.key,
    steps: curve.points.map((point) => point.step),
    timestamps: curve.points.map((point) => point.timestamp),
    values: curve.points.map((point) => finiteOrNull(point.value)),
    pointsTotal: curve.pointsTotal,
  };
}
