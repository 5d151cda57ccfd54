import { useMutation, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import type { LoadTestShape, LoadTestState } from "../../../src/serving/loadtest/model.ts";
import { deleteJson, getJson, postJson, withQuery } from "./client.ts";
import { type Fields, fieldsOf } from "./reading.ts";
import { projectPath } from "./resources.ts";
import { versionLabel } from "../words/version-label.ts";

/** What was carried in one step of time. */
export interface LoadPoint {
  readonly at: number;
  /** Mean requests under way or waiting, and mean tokens in flight. */
  readonly concurrency: number;
  readonly tokens: number;
  readonly arrivals: number;
  readonly completed: number;
  readonly good: number;
}

/** What lies on one replica now. */
export interface ReplicaLoad {
  readonly replica: string;
  readonly version: string;
  readonly requests: number;
  readonly tokens: number;
  /** As its engine says; null where it says nothing. */
  readonly engine: { readonly running: number; readonly waiting: number; readonly kvUsage: number | null } | null;
}

/** What a deployment carries. */
export interface DeploymentLoad {
  readonly stepMs: number;
  readonly points: readonly LoadPoint[];
  readonly replicas: readonly ReplicaLoad[];
  /** How long the last replicas took from their start until they served, the newest first. */
  readonly coldStartsMs: readonly number[];
}

const refreshMs = 2_000;
const testRefreshMs = 1_000;
/** About how many points a plot shows; the server remembers an hour. */
const pointsWanted = 150;
const longestSpanMs = 3_600_000;

function readPoint(fields: Fields): LoadPoint {
  return {
    at: fields.number("at"),
    concurrency: fields.numberOr("concurrency", 0),
    tokens: fields.numberOr("tokens", 0),
    arrivals: fields.numberOr("arrivals", 0),
    completed: fields.numberOr("completed", 0),
    good: fields.numberOr("good", 0),
  };
}

function readReplica(fields: Fields): ReplicaLoad {
  const engine = fields.fieldsOrNull("engine");
  return {
    replica: fields.text("replica"),
    version: versionLabel(fields.textOr("version", "")),
    requests: fields.numberOr("requests", 0),
    tokens: fields.numberOr("tokens", 0),
    engine:
      engine === null
        ? null
        : {
            running: engine.numberOr("running", 0),
            waiting: engine.numberOr("waiting", 0),
            kvUsage: engine.numberOr("kvUsage", null),
          },
  };
}

function deploymentPath(project: string, name: string): string {
  return `${projectPath(project)}/deployments/${encodeURIComponent(name)}`;
}

/** What a deployment carries over the last `spanMs`, an hour at most, and on each replica now. */
export function useDeploymentLoad(project: string, name: string, spanMs: number): UseQueryResult<DeploymentLoad> {
  const span = Math.min(longestSpanMs, spanMs);
  const stepMs = Math.max(1000, Math.ceil(span / pointsWanted / 1000) * 1000);
  return useQuery({
    queryKey: ["deployment", "load", project, name, span],
    queryFn: ({ signal }) =>
      getJson(
        withQuery(`${deploymentPath(project, name)}/load`, { spanMs: span, stepMs }),
        (value) => {
          const fields = fieldsOf(value, "load");
          return {
            stepMs,
            points: fields.list("points", readPoint),
            replicas: fields.list("replicas", readReplica),
            coldStartsMs: fields.numbers("coldStartsMs"),
          };
        },
        signal,
      ),
    refetchInterval: refreshMs,
  });
}

/** The server that this page comes with writes the state by the same types. */
function readState(value: unknown): LoadTestState {
  const kind = fieldsOf(value, "load test").text("kind");
  if (kind !== "running" && kind !== "ended") return { kind: "none" };
  return value as LoadTestState;
}

/** How far a deployment's load test is, or what the last one found. */
export function useLoadTest(project: string, name: string): UseQueryResult<LoadTestState> {
  return useQuery({
    queryKey: ["deployment", "load-test", project, name],
    queryFn: ({ signal }) => getJson(`${deploymentPath(project, name)}/load-test`, readState, signal),
    refetchInterval: (query) => (query.state.data?.kind === "running" ? testRefreshMs : false),
  });
}

/** What a page asks of a load test; the rest has defaults. */
export type LoadTestAsk = Pick<LoadTestShape, "rate" | "durationMs" | "inputTokens" | "outputTokens"> &
  Partial<Pick<LoadTestShape, "prefixes" | "slo" | "turns">>;

/** Starts and ends load tests of a deployment. */
export function useLoadTestControl(project: string, name: string) {
  const queries = useQueryClient();
  const path = `${deploymentPath(project, name)}/load-test`;
  const settle = (state: LoadTestState): void => {
    queries.setQueryData(["deployment", "load-test", project, name], state);
  };
  const start = useMutation({
    mutationFn: (ask: LoadTestAsk) => postJson(path, ask, readState),
    onSuccess: settle,
  });
  const end = useMutation({ mutationFn: () => deleteJson(path, readState), onSuccess: settle });
  return { start, end };
}
