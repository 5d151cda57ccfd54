import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Route } from "../platform/route.ts";
import { lifecyclesOf, requireExperiment } from "./experiment-routes.ts";
import type { ExperimentStore } from "./experiment-store.ts";
import { trackingLimits } from "./limits.ts";
import { type MlflowCall, type MlflowEndpoint, mlflowRoutes, pageSizeOf, runIdOf } from "./mlflow-route.ts";
import { toWireRun, toWireRunInfo, type Wire } from "./mlflow-wire.ts";
import { type Lifecycle, type Run, runStatuses } from "./model.ts";
import { isFinal, newRun } from "./new-run.ts";
import { parsePageToken, toPage } from "./page-token.ts";
import { invalidRequest } from "./request-field.ts";
import { parseDatasetInputs } from "./run-input.ts";
import { parseMetric, parseParams, parseRunBatch, parseTags } from "./run-entity.ts";
import { parseRunFilter, parseRunOrder } from "./run-search.ts";
import type { RunSearchStore } from "./run-search-store.ts";
import { missingRun, type RunStore } from "./run-store.ts";
import { runEvent } from "./tracking-event.ts";

export interface RunRouteNeeds {
  readonly experiments: ExperimentStore;
  readonly runs: RunStore;
  readonly search: RunSearchStore;
  readonly clock: Clock;
  /** 32 hex digits, as MLflow's clients know run ids. */
  readonly newRunId: () => string;
}

/** MLflow's endpoints for runs and what is logged to them. */
export function runRoutes(needs: RunRouteNeeds): readonly Route[] {
  const write = (path: string, summary: string, handler: (call: MlflowCall) => Promise<Wire>): MlflowEndpoint => ({
    method: "POST",
    path: `/runs/${path}`,
    summary: `${summary} (MLflow).`,
    action: "write",
    handler,
  });
  const endpoints: readonly MlflowEndpoint[] = [
    write("create", "Start a run", (call) => create(needs, call)),
    write("update", "Change a run's status or name", (call) => update(needs, call)),
    write("delete", "Delete a run", (call) => move(needs, call, "deleted")),
    write("restore", "Restore a run", (call) => move(needs, call, "active")),
    write("log-metric", "Log a metric", (call) => logMetric(needs, call)),
    write("log-parameter", "Log a param", (call) => logParam(needs, call)),
    write("log-batch", "Log metrics, params and tags", (call) => logBatch(needs, call)),
    write("set-tag", "Tag a run", (call) => setTag(needs, call)),
    write("delete-tag", "Remove a tag of a run", (call) => deleteTag(needs, call)),
    write("log-model", "Note a logged model", (call) => logModel(needs, call)),
    write("log-inputs", "Note the data and models that a run reads", (call) => logInputs(needs, call)),
    write("outputs", "Note the models that a run makes", (call) => logOutputs(needs, call)),
    {
      method: "POST",
      path: "/runs/search",
      summary: "Search runs (MLflow).",
      action: "read",
      handler: (call) => search(needs, call),
    },
    {
      method: "GET",
      path: "/runs/get",
      summary: "Get a run (MLflow).",
      action: "read",
      handler: async ({ project, fields }) => ({
        run: toWireRun(await requireRun(needs.search, project, runIdOf(fields))),
      }),
    },
  ];
  return endpoints.flatMap(mlflowRoutes);
}

/** @throws {Fault} `tracking.not-found` when the project has no such run. */
export async function requireRun(search: RunSearchStore, project: string, runId: string): Promise<Run> {
  const [run] = await search.byId([runId]);
  if (run === undefined || run.project !== project) throw missingRun(runId);
  return run;
}

async function create(needs: RunRouteNeeds, { project, caller, fields }: MlflowCall): Promise<Wire> {
  const experiment = await requireExperiment(needs, project, fields.text("experiment_id") ?? "0");
  if (experiment.lifecycle === "deleted") {
    throw invalidRequest(
      `The experiment ${experiment.experimentId} must be in the 'active' state. Current state is deleted; restore it first.`,
    );
  }
  const now = needs.clock.now();
  const run = newRun({
    runId: needs.newRunId(),
    experiment,
    name: fields.text("run_name"),
    userId: fields.text("user_id") ?? caller.identity,
    startedAt: fields.integer("start_time") ?? now,
    tags: parseTags(fields.items("tags")),
  });
  await needs.runs.add(run, runEvent(run, caller.identity, "created", { status: run.status, now }));
  return { run: toWireRun(run) };
}

async function update(needs: RunRouteNeeds, { project, caller, fields }: MlflowCall): Promise<Wire> {
  const run = await requireRun(needs.search, project, runIdOf(fields));
  const asked = fields.text("status");
  const status = runStatuses.find((each) => each === asked);
  if (asked !== undefined && status === undefined) {
    throw invalidRequest(
      `Invalid value "${asked}" for parameter 'status' supplied: use one of ${runStatuses.join(", ")}.`,
    );
  }
  const now = needs.clock.now();
  const endedAt =
    fields.integer("end_time") ?? (status === undefined ? undefined : isFinal(status) ? (run.endedAt ?? now) : null);
  const name = fields.text("run_name");
  await needs.runs.change(
    project,
    run.runId,
    { status, endedAt, ...(name === undefined || name === "" ? {} : { name }) },
    (before) =>
      status === undefined || status === before ? null : runEvent(run, caller.identity, "updated", { status, now }),
  );
  return { run_info: toWireRunInfo(await requireRun(needs.search, project, run.runId)) };
}

async function move(
  needs: RunRouteNeeds,
  { project, caller, fields }: MlflowCall,
  lifecycle: Lifecycle,
): Promise<Wire> {
  const run = await requireRun(needs.search, project, runIdOf(fields));
  if (run.lifecycle === lifecycle) return {};
  const verb = lifecycle === "deleted" ? "deleted" : "restored";
  await needs.runs.change(project, run.runId, { lifecycle }, (status) =>
    runEvent(run, caller.identity, verb, { status, now: needs.clock.now() }),
  );
  return {};
}

async function logMetric(needs: RunRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  await needs.runs.log(project, runIdOf(fields), { metrics: [parseMetric(fields)], params: {}, tags: {} });
  return {};
}

async function logParam(needs: RunRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  await needs.runs.log(project, runIdOf(fields), { metrics: [], params: parseParams([fields]), tags: {} });
  return {};
}

async function setTag(needs: RunRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  await needs.runs.log(project, runIdOf(fields), { metrics: [], params: {}, tags: parseTags([fields]) });
  return {};
}

async function logBatch(needs: RunRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  await needs.runs.log(project, runIdOf(fields), parseRunBatch(fields));
  return {};
}

async function deleteTag(needs: RunRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  await needs.runs.deleteTag(project, runIdOf(fields), fields.wantedText("key"));
  return {};
}

/** Old clients send a description of the model; it is kept as the tag that MLflow keeps it in. */
async function logModel(needs: RunRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  const run = await requireRun(needs.search, project, runIdOf(fields));
  const history = parseJsonList(run.tags["mlflow.log-model.history"] ?? "[]");
  const [described] = parseJsonList(`[${fields.wantedText("model_json")}]`);
  const next = JSON.stringify([...history, described]).slice(0, trackingLimits.tagValueLength);
  await needs.runs.log(project, run.runId, { metrics: [], params: {}, tags: { "mlflow.log-model.history": next } });
  return {};
}

function parseJsonList(text: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed)) return parsed;
  } catch {
    // Told below, with what was wanted.
  }
  throw new Fault(
    "tracking.request-invalid",
    "Malformed model info: the parameter 'model_json' must be a JSON object.",
  );
}

async function logInputs(needs: RunRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  const datasets = parseDatasetInputs(fields.items("datasets"));
  const modelInputs = fields.items("models").map((item) => item.wantedText("model_id"));
  await needs.runs.addLinks(project, runIdOf(fields), { datasets, modelInputs, modelOutputs: [] });
  return {};
}

async function logOutputs(needs: RunRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  const modelOutputs = fields
    .items("models")
    .map((item) => ({ modelId: item.wantedText("model_id"), step: item.integer("step") ?? 0 }));
  await needs.runs.addLinks(project, runIdOf(fields), { datasets: [], modelInputs: [], modelOutputs });
  return {};
}

async function search(needs: RunRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  const limit = pageSizeOf(fields, { max: trackingLimits.runsPerSearch, unless: trackingLimits.runsPerSearchDefault });
  const offset = parsePageToken(fields.text("page_token"));
  const found = await needs.search.search({
    project,
    experimentIds: fields.texts("experiment_ids"),
    conditions: parseRunFilter(fields.text("filter") ?? ""),
    order: parseRunOrder(fields.texts("order_by")),
    lifecycles: lifecyclesOf(fields, "run_view_type"),
    offset,
    limit: limit + 1,
  });
  const page = toPage(found, offset, limit);
  return { runs: page.rows.map(toWireRun), ...(page.nextToken === null ? {} : { next_page_token: page.nextToken }) };
}
