import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { ObjectStore } from "../platform/ports.ts";
import type { Route } from "../platform/route.ts";
import { checkArtifactPath, proxiedPath } from "./artifact-path.ts";
import { listArtifacts } from "./artifact-routes.ts";
import { requireExperiment } from "./experiment-routes.ts";
import type { ExperimentStore } from "./experiment-store.ts";
import { trackingLimits } from "./limits.ts";
import { parseLoggedModelFilter, parseLoggedModelOrder } from "./logged-model-search.ts";
import type { LoggedModelChange, LoggedModelStore } from "./logged-model-store.ts";
import { type MlflowCall, type MlflowEndpoint, mlflowRoutes, pageSizeOf } from "./mlflow-route.ts";
import { listed, toWireLoggedModel, type Wire } from "./mlflow-wire.ts";
import { type LoggedModel, type LoggedModelStatus, loggedModelStatuses } from "./model.ts";
import { parsePageToken, toPage } from "./page-token.ts";
import { invalidRequest, type RequestFields } from "./request-field.ts";
import { parseParams, parseTags } from "./run-entity.ts";

export interface LoggedModelRouteNeeds {
  readonly experiments: ExperimentStore;
  readonly models: LoggedModelStore;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly newRunId: () => string;
}

/** MLflow's endpoints for models that scripts log. */
export function loggedModelRoutes(needs: LoggedModelRouteNeeds): readonly Route[] {
  const changing = (
    method: MlflowEndpoint["method"],
    path: string,
    summary: string,
    read: (call: MlflowCall) => LoggedModelChange,
  ): MlflowEndpoint => ({
    method,
    path: `/logged-models/:model_id${path}`,
    summary: `${summary} (MLflow).`,
    action: "write",
    handler: async (call) => await change(needs, call, read(call)),
  });
  const endpoints: readonly MlflowEndpoint[] = [
    {
      method: "POST",
      path: "/logged-models",
      summary: "Log a model (MLflow).",
      action: "write",
      handler: (call) => create(needs, call),
    },
    {
      method: "POST",
      path: "/logged-models/search",
      summary: "Search logged models (MLflow).",
      action: "read",
      handler: (call) => search(needs, call),
    },
    {
      method: "GET",
      path: "/logged-models/:model_id",
      summary: "Get a logged model (MLflow).",
      action: "read",
      handler: async (call) => await toAnswer(needs, await requireModel(needs, call)),
    },
    changing("PATCH", "", "Finish a logged model", ({ fields }) => ({ status: statusOf(fields) })),
    changing("DELETE", "", "Delete a logged model", () => ({ isDeleted: true })),
    changing("PATCH", "/tags", "Tag a logged model", ({ fields }) => ({ addTags: parseTags(fields.items("tags")) })),
    changing("DELETE", "/tags/:tag_key", "Remove a tag of a logged model", ({ params }) => ({
      removeTag: params["tag_key"] ?? "",
    })),
    changing("POST", "/params", "Add params to a logged model", ({ fields }) => ({
      addParams: parseParams(fields.items("params")),
    })),
    {
      method: "GET",
      path: "/logged-models/:model_id/artifacts/directories",
      summary: "List a logged model's artifacts (MLflow).",
      action: "read",
      handler: (call) => listFiles(needs, call),
    },
  ];
  return endpoints.flatMap(mlflowRoutes);
}

async function create(needs: LoggedModelRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  const experiment = await requireExperiment(needs, project, fields.text("experiment_id") ?? "0");
  const modelId = `m-${needs.newRunId()}`;
  const now = needs.clock.now();
  const model: LoggedModel = {
    modelId,
    project,
    experimentId: experiment.experimentId,
    name: checkModelName(fields.text("name") ?? `model-${modelId.slice(2, 10)}`),
    modelType: fields.text("model_type") ?? null,
    sourceRunId: fields.text("source_run_id") ?? null,
    status: "LOGGED_MODEL_PENDING",
    params: parseParams(fields.items("params")),
    tags: parseTags(fields.items("tags")),
    createdAt: now,
    updatedAt: now,
  };
  await needs.models.add(model);
  return await toAnswer(needs, model);
}

function checkModelName(name: string): string {
  if (name !== "" && name.length <= trackingLimits.experimentNameLength && !/[/:.%"']/.test(name)) return name;
  throw invalidRequest(
    `Invalid model name (${JSON.stringify(name.slice(0, 120))}) provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%', '"', "'")`,
  );
}

function statusOf(fields: RequestFields): LoggedModelStatus {
  const asked = fields.wantedText("status");
  const status = loggedModelStatuses.find((each, place) => each === asked || String(place) === asked);
  if (status === undefined)
    throw invalidRequest(
      `Invalid value "${asked}" for parameter 'status' supplied: use one of ${loggedModelStatuses.join(", ")}.`,
    );
  return status;
}

async function change(
  needs: LoggedModelRouteNeeds,
  { project, params }: MlflowCall,
  asked: LoggedModelChange,
): Promise<Wire> {
  const modelId = params["model_id"] ?? "";
  const model = await needs.models.change(project, modelId, asked, needs.clock.now());
  if (model === undefined) throw missingModel(modelId);
  return asked.isDeleted === true ? {} : await toAnswer(needs, model);
}

async function search(needs: LoggedModelRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  const limit = pageSizeOf(fields, {
    max: trackingLimits.modelsPerSearch,
    unless: trackingLimits.modelsPerSearchDefault,
  });
  const offset = parsePageToken(fields.text("page_token"));
  const found = await needs.models.search({
    project,
    experimentIds: fields.texts("experiment_ids"),
    conditions: parseLoggedModelFilter(fields.text("filter") ?? ""),
    order: parseLoggedModelOrder(fields.items("order_by")),
    offset,
    limit: limit + 1,
  });
  const page = toPage(found, offset, limit);
  const models = await Promise.all(
    page.rows.map(async (model) => toWireLoggedModel(model, await artifactUriOf(needs, model))),
  );
  return { ...listed("models", models), ...(page.nextToken === null ? {} : { next_page_token: page.nextToken }) };
}

async function listFiles(needs: LoggedModelRouteNeeds, call: MlflowCall): Promise<Wire> {
  const model = await requireModel(needs, call);
  const rootUri = await artifactUriOf(needs, model);
  const below = checkArtifactPath(call.fields.text("artifact_directory_path") ?? "");
  const path = proxiedPath(rootUri, below);
  if (path === null) return { root_uri: rootUri };
  const entries = await listArtifacts(needs.objects, call.project, path);
  const files = entries.map((entry) => ({
    path: below === "" ? entry.name : `${below}/${entry.name}`,
    is_dir: entry.isFolder,
    ...(entry.bytes === null ? {} : { file_size: entry.bytes }),
  }));
  return { root_uri: rootUri, files };
}

async function requireModel(needs: LoggedModelRouteNeeds, { project, params }: MlflowCall): Promise<LoggedModel> {
  const modelId = params["model_id"] ?? "";
  const model = await needs.models.get(project, modelId);
  if (model === undefined) throw missingModel(modelId);
  return model;
}

function missingModel(modelId: string): Fault {
  return new Fault("tracking.not-found", `Logged model with ID '${modelId}' not found.`);
}

async function artifactUriOf(needs: LoggedModelRouteNeeds, model: LoggedModel): Promise<string> {
  const experiment = await requireExperiment(needs, model.project, model.experimentId);
  return `${experiment.artifactLocation}/models/${model.modelId}/artifacts`;
}

async function toAnswer(needs: LoggedModelRouteNeeds, model: LoggedModel): Promise<Wire> {
  return { model: toWireLoggedModel(model, await artifactUriOf(needs, model)) };
}
