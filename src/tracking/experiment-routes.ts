import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Route } from "../platform/route.ts";
import { parseExperimentFilter, parseExperimentOrder } from "./experiment-search.ts";
import type { ExperimentStore } from "./experiment-store.ts";
import { trackingLimits } from "./limits.ts";
import { type MlflowCall, type MlflowEndpoint, mlflowRoutes, pageSizeOf } from "./mlflow-route.ts";
import { toWireExperiment, type Wire } from "./mlflow-wire.ts";
import type { Experiment, Lifecycle } from "./model.ts";
import { newExperiment } from "./new-experiment.ts";
import { parsePageToken, toPage } from "./page-token.ts";
import { invalidRequest, type RequestFields } from "./request-field.ts";
import { parseTags } from "./run-entity.ts";
import { experimentEvent } from "./tracking-event.ts";

export interface ExperimentRouteNeeds {
  readonly experiments: ExperimentStore;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** MLflow's endpoints for experiments. */
export function experimentRoutes(needs: ExperimentRouteNeeds): readonly Route[] {
  const search = {
    path: "/experiments/search",
    summary: "Search experiments (MLflow).",
    action: "read",
    handler: async (call: MlflowCall) => await searchExperiments(needs, call),
  } as const;
  const endpoints: readonly MlflowEndpoint[] = [
    {
      method: "POST",
      path: "/experiments/create",
      summary: "Create an experiment (MLflow).",
      action: "write",
      handler: (call) => create(needs, call),
    },
    { ...search, method: "GET" },
    { ...search, method: "POST" },
    {
      method: "GET",
      path: "/experiments/get",
      summary: "Get an experiment by id (MLflow).",
      action: "read",
      handler: async ({ project, fields }) => ({
        experiment: toWireExperiment(await requireExperiment(needs, project, fields.wantedText("experiment_id"))),
      }),
    },
    {
      method: "GET",
      path: "/experiments/get-by-name",
      summary: "Get an experiment by name (MLflow).",
      action: "read",
      async handler({ project, fields }) {
        const name = fields.wantedText("experiment_name");
        const experiment = await needs.experiments.byName(project, name, needs.clock.now());
        if (experiment === undefined)
          throw new Fault("tracking.not-found", `Could not find experiment with name '${name}'`);
        return { experiment: toWireExperiment(experiment) };
      },
    },
    {
      method: "POST",
      path: "/experiments/delete",
      summary: "Delete an experiment (MLflow).",
      action: "write",
      handler: (call) => move(needs, call, "deleted"),
    },
    {
      method: "POST",
      path: "/experiments/restore",
      summary: "Restore an experiment (MLflow).",
      action: "write",
      handler: (call) => move(needs, call, "active"),
    },
    {
      method: "POST",
      path: "/experiments/update",
      summary: "Rename an experiment (MLflow).",
      action: "write",
      handler: (call) => rename(needs, call),
    },
    {
      method: "POST",
      path: "/experiments/set-experiment-tag",
      summary: "Tag an experiment (MLflow).",
      action: "write",
      handler: (call) => setTag(needs, call),
    },
    {
      method: "POST",
      path: "/experiments/delete-experiment-tag",
      summary: "Remove a tag of an experiment (MLflow).",
      action: "write",
      handler: (call) => deleteTag(needs, call),
    },
  ];
  return endpoints.flatMap(mlflowRoutes);
}

/** @throws {Fault} `tracking.not-found` when the project has no such experiment. */
export async function requireExperiment(
  needs: Pick<ExperimentRouteNeeds, "experiments" | "clock">,
  project: string,
  experimentId: string,
): Promise<Experiment> {
  const experiment = await needs.experiments.get(project, experimentId, needs.clock.now());
  if (experiment === undefined) throw noSuchExperiment(experimentId);
  return experiment;
}

/** Reads which lifecycles a view shows. */
export function lifecyclesOf(fields: RequestFields, name: string): readonly Lifecycle[] {
  const view = fields.text(name) ?? "ACTIVE_ONLY";
  switch (view) {
    case "ACTIVE_ONLY":
    case "1":
      return ["active"];
    case "DELETED_ONLY":
    case "2":
      return ["deleted"];
    case "ALL":
    case "3":
      return ["active", "deleted"];
    default:
      throw invalidRequest(
        `Invalid value "${view}" for parameter '${name}' supplied: use ACTIVE_ONLY, DELETED_ONLY or ALL.`,
      );
  }
}

function noSuchExperiment(experimentId: string): Fault {
  return new Fault("tracking.not-found", `No Experiment with id=${experimentId} exists`);
}

async function create(needs: ExperimentRouteNeeds, { project, caller, fields }: MlflowCall): Promise<Wire> {
  const experiment = newExperiment({
    project,
    experimentId: needs.newId(),
    name: fields.wantedText("name"),
    artifactLocation: fields.text("artifact_location"),
    tags: parseTags(fields.items("tags")),
    now: needs.clock.now(),
  });
  const { experiment: stored, isNew } = await needs.experiments.add(
    experiment,
    experimentEvent(experiment, caller.identity, "created", needs.clock.now()),
  );
  if (!isNew) {
    const hint =
      stored.lifecycle === "deleted"
        ? " in deleted state. You can restore the experiment, or permanently delete it to create a new one."
        : ".";
    throw new Fault("tracking.already-exists", `Experiment '${stored.name}' already exists${hint}`);
  }
  return { experiment_id: stored.experimentId };
}

async function searchExperiments(needs: ExperimentRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  const limit = pageSizeOf(fields, {
    max: trackingLimits.experimentsPerSearch,
    unless: trackingLimits.experimentsPerSearchDefault,
  });
  const offset = parsePageToken(fields.text("page_token"));
  const found = await needs.experiments.search({
    project,
    conditions: parseExperimentFilter(fields.text("filter") ?? ""),
    order: parseExperimentOrder(fields.texts("order_by")),
    lifecycles: lifecyclesOf(fields, "view_type"),
    offset,
    limit: limit + 1,
  });
  const page = toPage(found, offset, limit);
  return {
    experiments: page.rows.map(toWireExperiment),
    ...(page.nextToken === null ? {} : { next_page_token: page.nextToken }),
  };
}

async function move(
  needs: ExperimentRouteNeeds,
  { project, caller, fields }: MlflowCall,
  lifecycle: Lifecycle,
): Promise<Wire> {
  const experimentId = fields.wantedText("experiment_id");
  const now = needs.clock.now();
  const experiment = await requireExperiment(needs, project, experimentId);
  const event = experimentEvent(experiment, caller.identity, lifecycle === "deleted" ? "deleted" : "restored", now);
  if (experiment.lifecycle === lifecycle)
    throw new Fault(
      "tracking.not-found",
      `No Experiment with id=${experimentId} exists that is not ${lifecycle} already`,
    );
  await needs.experiments.change(project, experimentId, () => ({ lifecycle }), event, now);
  return {};
}

async function rename(needs: ExperimentRouteNeeds, { project, caller, fields }: MlflowCall): Promise<Wire> {
  const experiment = await requireExperiment(needs, project, fields.wantedText("experiment_id"));
  const name = fields.wantedText("new_name").slice(0, trackingLimits.experimentNameLength);
  requireActive(experiment);
  const now = needs.clock.now();
  await needs.experiments.change(
    project,
    experiment.experimentId,
    () => ({ name }),
    experimentEvent({ ...experiment, name }, caller.identity, "updated", now),
    now,
  );
  return {};
}

async function setTag(needs: ExperimentRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  const experiment = await requireExperiment(needs, project, fields.wantedText("experiment_id"));
  requireActive(experiment);
  const tag = {
    [fields.wantedText("key")]: (fields.text("value") ?? "").slice(0, trackingLimits.experimentTagValueLength),
  };
  await needs.experiments.change(
    project,
    experiment.experimentId,
    (before) => ({ tags: { ...before.tags, ...tag } }),
    null,
    needs.clock.now(),
  );
  return {};
}

async function deleteTag(needs: ExperimentRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  const experiment = await requireExperiment(needs, project, fields.wantedText("experiment_id"));
  const key = fields.wantedText("key");
  if (!Object.hasOwn(experiment.tags, key))
    throw new Fault("tracking.not-found", `No tag with name: ${key} in experiment with id ${experiment.experimentId}`);
  const without = (before: Experiment): Pick<Experiment, "tags"> => ({
    tags: Object.fromEntries(Object.entries(before.tags).filter(([name]) => name !== key)),
  });
  await needs.experiments.change(project, experiment.experimentId, without, null, needs.clock.now());
  return {};
}

function requireActive(experiment: Experiment): void {
  if (experiment.lifecycle === "active") return;
  throw invalidRequest(
    `The experiment ${experiment.experimentId} must be in the 'active' state. Current state is deleted; restore it first.`,
  );
}
