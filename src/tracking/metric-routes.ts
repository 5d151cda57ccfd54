import type { Route } from "../platform/route.ts";
import { trackingLimits } from "./limits.ts";
import type { MetricStore } from "./metric-store.ts";
import { type MlflowCall, type MlflowEndpoint, mlflowRoutes, pageSizeOf, runIdOf } from "./mlflow-route.ts";
import { toWireMetric, type Wire } from "./mlflow-wire.ts";
import { parsePageToken, toPage } from "./page-token.ts";
import { invalidRequest, type RequestFields } from "./request-field.ts";
import { requireRun } from "./run-routes.ts";
import type { RunSearchStore } from "./run-search-store.ts";

export interface MetricRouteNeeds {
  readonly search: RunSearchStore;
  readonly metrics: MetricStore;
}

/** MLflow's endpoints for histories of metrics. */
export function metricRoutes(needs: MetricRouteNeeds): readonly Route[] {
  const endpoints: readonly MlflowEndpoint[] = [
    {
      method: "GET",
      path: "/metrics/get-history",
      summary: "One metric's history in one run (MLflow).",
      action: "read",
      handler: (call) => history(needs, call),
    },
    {
      method: "GET",
      path: "/metrics/get-history-bulk",
      summary: "One metric's history in many runs (MLflow).",
      action: "read",
      handler: (call) => bulkHistory(needs, call),
    },
    {
      method: "GET",
      path: "/metrics/get-history-bulk-interval",
      summary: "One metric's history in many runs, thinned (MLflow).",
      action: "read",
      handler: (call) => intervalHistory(needs, call),
    },
  ];
  return endpoints.flatMap(mlflowRoutes);
}

async function history(needs: MetricRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  const run = await requireRun(needs.search, project, runIdOf(fields));
  const limit = pageSizeOf(fields, { max: trackingLimits.historyPoints, unless: trackingLimits.historyPoints });
  const offset = parsePageToken(fields.text("page_token"));
  const found = await needs.metrics.history(run.runId, fields.wantedText("metric_key"), { offset, limit: limit + 1 });
  const page = toPage(found, offset, limit);
  return {
    metrics: page.rows.map(toWireMetric),
    ...(page.nextToken === null ? {} : { next_page_token: page.nextToken }),
  };
}

async function bulkHistory(needs: MetricRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  const runIds = runIdsOf(fields, "run_id");
  const limit = Math.min(fields.integer("max_results") ?? trackingLimits.historyPoints, trackingLimits.historyPoints);
  const found = await needs.metrics.bulkHistory(project, runIds, fields.wantedText("metric_key"), limit);
  return { metrics: found.map((point) => ({ ...toWireMetric(point), run_id: point.runId })) };
}

async function intervalHistory(needs: MetricRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  const runIds = runIdsOf(fields, "run_ids");
  const key = fields.wantedText("metric_key");
  const pointsMax = pageSizeOf(fields, {
    max: trackingLimits.pointsPerIntervalRun,
    unless: trackingLimits.pointsPerIntervalRun,
  });
  const curves = await needs.metrics.thinnedHistories(project, runIds, [key], {
    pointsMax,
    firstStep: fields.integer("start_step"),
    lastStep: fields.integer("end_step"),
  });
  return {
    metrics: curves.flatMap((curve) => curve.points.map((point) => ({ ...toWireMetric(point), run_id: curve.runId }))),
  };
}

function runIdsOf(fields: RequestFields, name: string): readonly string[] {
  const runIds = fields.texts(name);
  if (runIds.length === 0) throw invalidRequest(`Missing value for required parameter '${name}'.`);
  if (runIds.length > trackingLimits.runsPerBulkHistory) {
    throw invalidRequest(
      `At most ${trackingLimits.runsPerBulkHistory} run ids may be given. Received ${runIds.length} run_ids.`,
    );
  }
  return runIds;
}
