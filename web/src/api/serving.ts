import { useMutation, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { getJson, postJson, withQuery } from "./client.ts";
import type { MetricLook, RecordedLook } from "./gather-rollouts.ts";
import { type Fields, fieldsOf } from "./reading.ts";
import { projectPath } from "./resources.ts";
import { versionLabel } from "../words/version-label.ts";

/** What one version of a deployment did in one span of time. */
export interface TrafficPoint {
  readonly at: number;
  readonly version: string;
  readonly requests: number;
  readonly errors: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly brier: number | null;
}

/** Figures of a deployment over a whole range of time. */
export interface TrafficTotal {
  readonly requests: number;
  readonly errors: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly outcomes: number;
  readonly brier: number | null;
}

/** Requests that were refused before any replica was asked, for one reason. */
export interface RefusalSeries {
  /** `deployment`, or how far it was understood where no deployment was found: `project`, `platform`. */
  readonly scope: string;
  readonly reason: string;
  readonly requests: number;
  readonly points: readonly { readonly at: number; readonly requests: number }[];
}

/** Requests of a deployment: point by point of each version, and all together. */
export interface Traffic {
  /** The range, and the span of each point. */
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly points: readonly TrafficPoint[];
  readonly total: TrafficTotal;
  /** The most frequent first. */
  readonly refusals: readonly RefusalSeries[];
}

const refreshMs = 3_000;
/** About how many points a plot shows. */
const pointsWanted = 150;
const leastStepMs = 1_000;

function readPoint(fields: Fields, version: string): TrafficPoint {
  return { at: fields.number("at"), version, ...readTotal(fields) };
}

function readTotal(fields: Fields): TrafficTotal {
  return {
    requests: fields.numberOr("requests", 0),
    errors: fields.numberOr("errors", 0),
    p50Ms: fields.numberOr("p50Ms", null),
    p99Ms: fields.numberOr("p99Ms", null),
    outcomes: fields.numberOr("outcomes", 0),
    brier: fields.numberOr("brier", null),
  };
}

function readTraffic(value: unknown): Traffic {
  const fields = fieldsOf(value, "traffic");
  const points = fields.list("versions", (each) => {
    const version = versionLabel(each.textOr("version", "?"));
    return each.list("points", (point) => readPoint(point, version));
  });
  return {
    from: fields.number("from"),
    to: fields.number("to"),
    stepMs: fields.number("stepMs"),
    points: points.flat(),
    total: readTotal(fields.fields("total")),
    refusals: fields.list("refusals", readRefusals),
  };
}

function readRefusals(fields: Fields): RefusalSeries {
  return {
    scope: fields.textOr("scope", ""),
    reason: fields.textOr("reason", ""),
    requests: fields.numberOr("requests", 0),
    points: fields.list("points", (point) => ({ at: point.number("at"), requests: point.numberOr("requests", 0) })),
  };
}

function deploymentPath(project: string, name: string): string {
  return `${projectPath(project)}/deployments/${encodeURIComponent(name)}`;
}

/** Requests and latencies of a deployment by version, over the last `spanMs`. */
export function useTraffic(project: string, name: string, spanMs: number): UseQueryResult<Traffic> {
  const stepMs = Math.max(leastStepMs, Math.ceil(spanMs / pointsWanted / leastStepMs) * leastStepMs);
  return useQuery({
    queryKey: ["deployment", "traffic", project, name, spanMs],
    queryFn: ({ signal }) => {
      const from = Math.floor((Date.now() - spanMs) / stepMs) * stepMs;
      return getJson(withQuery(`${deploymentPath(project, name)}/traffic`, { from, stepMs }), readTraffic, signal);
    },
    refetchInterval: refreshMs,
  });
}

function readMetricLook(fields: Fields, at: number, percent: number): MetricLook {
  const comparison = fields.fieldsOrNull("comparison");
  const look =
    comparison === null
      ? null
      : {
          at,
          percent,
          samples: comparison.numberOr("candidateCount", 0),
          estimate: comparison.numberOr("difference", 0),
          low: comparison.numberOr("lower", 0),
          high: comparison.numberOr("upper", 0),
        };
  return {
    metric: fields.textOr("metric", ""),
    margin: fields.numberOr("margin", 0),
    verdict: fields.textOr("verdict", ""),
    look,
  };
}

function readLook(fields: Fields): RecordedLook {
  const at = fields.numberOr("at", 0);
  const percent = fields.numberOr("percent", 0);
  return {
    rollout: fields.textOr("rollout", ""),
    at,
    versionId: fields.textOr("versionId", ""),
    version: versionLabel(fields.textOr("version", "?")),
    percent,
    decision: fields.textOr("decision", ""),
    reason: fields.textOr("reason", ""),
    metrics: fields.list("metrics", (metric) => readMetricLook(metric, at, percent)),
  };
}

/** Every look at the rollouts of a deployment, the oldest first. */
export function useRolloutLooks(project: string, name: string): UseQueryResult<readonly RecordedLook[]> {
  return useQuery({
    queryKey: ["deployment", "rollouts", project, name],
    queryFn: ({ signal }) =>
      getJson(
        `${deploymentPath(project, name)}/rollouts`,
        (value) => fieldsOf(value, "rollouts").list("looks", readLook),
        signal,
      ),
    refetchInterval: refreshMs,
  });
}

/** What a person may do with a rollout that runs. */
export type RolloutAction = "resume" | "promote" | "rollback" | "split";

/** What a person decides, and why. */
export interface RolloutDecision {
  readonly action: RolloutAction;
  readonly reason: string;
  /** With a split, the candidate's share. */
  readonly percent?: number;
}

/** Decides over the rollout that runs. */
export function useRolloutDecision(project: string, name: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (decision: RolloutDecision) =>
      postJson(`${deploymentPath(project, name)}/rollout`, decision, (value) => value),
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: ["deployment"] });
      await queries.invalidateQueries({ queryKey: ["deployments"] });
    },
  });
}
