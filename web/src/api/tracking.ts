import { keepPreviousData, queryOptions, useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { MetricSeries, RunDetail, RunRow } from "../../../src/tracking/model.ts";
import { getJson, withQuery } from "./client.ts";
import { type Fields, fieldsOf } from "./reading.ts";
import { acrossProjects, projectPath } from "./resources.ts";

const runsPerProject = 200;
const runningRefreshMs = 2_000;
const idleRefreshMs = 15_000;

const knownStatuses: readonly RunRow["status"][] = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

function readRun(fields: Fields): RunRow {
  const status = knownStatuses.find((each) => each === fields.textOr("status", "")) ?? "SCHEDULED";
  return {
    runId: fields.text("runId"),
    project: fields.textOr("project", ""),
    experimentId: fields.textOr("experimentId", ""),
    experiment: fields.textOr("experiment", ""),
    name: fields.textOr("name", ""),
    user: fields.textOr("user", ""),
    status,
    startedAt: fields.numberOr("startedAt", 0),
    endedAt: fields.numberOr("endedAt", null),
    durationMs: fields.numberOr("durationMs", 0),
    params: fields.textsByName("params"),
    tags: fields.textsByName("tags"),
    metrics: fields.numbersByName("metrics"),
  };
}

/** Runs of one project or of all, the newest first. */
export function useRuns(project: string | undefined): UseQueryResult<readonly RunRow[]> {
  return useQuery({
    queryKey: ["runs", "list", project ?? "*"],
    queryFn: async ({ signal }) => {
      const runs = await acrossProjects(project, signal, (each) =>
        getJson(
          withQuery(`${projectPath(each)}/runs`, { limit: runsPerProject }),
          (value) => fieldsOf(value, "runs").list("runs", readRun),
          signal,
        ),
      );
      return runs.toSorted((left, right) => right.startedAt - left.startedAt);
    },
    refetchInterval: (query) =>
      query.state.data?.some((run) => run.endedAt === null) === true ? runningRefreshMs : idleRefreshMs,
  });
}

/** One run with what it read and the names of its metrics. */
export function useRun(project: string, runId: string): UseQueryResult<RunDetail> {
  return useQuery({
    queryKey: ["run", project, runId],
    queryFn: ({ signal }) =>
      getJson(`${projectPath(project)}/runs/${encodeURIComponent(runId)}`, readRunDetail, signal),
    refetchInterval: (query) => (query.state.data?.endedAt === null ? runningRefreshMs : false),
  });
}

function readRunDetail(value: unknown): RunDetail {
  const fields = fieldsOf(value, "run");
  return {
    ...readRun(fields),
    datasets: [
      ...fields.list("datasets", (each) => ({
        name: each.textOr("name", ""),
        digest: each.textOr("digest", ""),
        context: each.textOr("context", null),
      })),
    ],
    metricKeys: [...fields.texts("metricKeys")],
  };
}

function readSeries(fields: Fields): MetricSeries {
  const values = fields.value("values");
  return {
    runId: fields.text("runId"),
    key: fields.text("key"),
    steps: [...fields.numbers("steps")],
    timestamps: [...fields.numbers("timestamps")],
    values: Array.isArray(values) ? values.map((value) => (typeof value === "number" ? value : null)) : [],
    pointsTotal: fields.numberOr("pointsTotal", 0),
  };
}

/** Asks for curves of metrics of runs of one project; again every two seconds while one of them goes on. */
export function metricSeriesQuery(
  project: string,
  runIds: readonly string[],
  keys: readonly string[],
  isRunning: boolean,
) {
  return queryOptions({
    queryKey: ["run", "series", project, runIds, keys],
    enabled: runIds.length > 0 && keys.length > 0,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      getJson(
        withQuery(`${projectPath(project)}/runs/metrics`, { runs: runIds.join(","), keys: keys.join(",") }),
        (value) => fieldsOf(value, "metrics").list("series", readSeries),
        signal,
      ),
    refetchInterval: isRunning ? runningRefreshMs : false,
  });
}

/** A file of a run. */
export interface Artifact {
  readonly path: string;
  readonly isFolder: boolean;
  readonly bytes: number | null;
}

/** Files of a run below `path`. */
export function useArtifacts(project: string, runId: string, path: string): UseQueryResult<readonly Artifact[]> {
  return useQuery({
    queryKey: ["run", "artifacts", project, runId, path],
    queryFn: ({ signal }) =>
      getJson(
        withQuery(`${projectPath(project)}/runs/${encodeURIComponent(runId)}/artifacts`, { path }),
        (value) =>
          fieldsOf(value, "artifacts").list("files", (file) => ({
            path: file.text("path"),
            isFolder: file.flag("isFolder"),
            bytes: file.numberOr("bytes", null),
          })),
        signal,
      ),
  });
}
