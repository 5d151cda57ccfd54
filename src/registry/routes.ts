import * as z from "zod";
import { Fault } from "../base/fault.ts";
import type { DatasetVersion, Datasets } from "../data/ports.ts";
import type { Platform } from "../platform/platform.ts";
import { nameSchema } from "../platform/resource.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import { hashObject, modelFilePrefix, storeModelFile } from "./drivers/model-file.ts";
import { datasetsInGraphMax, datasetsOf, drawLineage, parseDatasetName } from "./lineage-graph.ts";
import {
  approveSchema,
  lineageGraphSchema,
  modelKind,
  type ModelVersionDetail,
  modelVersionDetailSchema,
  modelVersionSchema,
  newVersionSchema,
  rejectSchema,
  versionStates,
} from "./model.ts";
import type { ModelUses, ModelVersion } from "./ports.ts";
import type { RegistryStore } from "./store.ts";
import { uploadedCandidate } from "./uploaded-candidate.ts";

const base = "/api/v1/projects/:project/model-versions";
const projectSchema = z.object({ project: z.string() });
const versionParamsSchema = z.object({ project: z.string(), id: z.string().max(200) });
const fileNameSchema = z
  .string()
  .max(120)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "use letters, digits, dots and dashes, such as model.onnx");

/** What the routes of the registry stand on. */
export interface RegistryRouteNeeds {
  readonly platform: Pick<Platform, "objects" | "resources" | "newId">;
  readonly store: RegistryStore;
  readonly datasets: Datasets;
  readonly uses: ModelUses;
}

/** Versions of models: lists, lineage, approval, upload. */
export function registryRoutes(needs: RegistryRouteNeeds): readonly Route[] {
  return [...readRoutes(needs), ...decisionRoutes(needs), ...uploadRoutes(needs)];
}

function readRoutes(needs: RegistryRouteNeeds): readonly Route[] {
  const { store } = needs;
  const permission = { scope: "project", action: "read" } as const;
  return [
    defineRoute({
      method: "GET",
      path: base,
      summary: "Lists model versions, newest first.",
      permission,
      params: projectSchema,
      query: z.object({ model: z.string().optional(), state: z.enum(versionStates).optional() }),
      reply: z.object({ items: z.array(modelVersionSchema) }),
      handler: async ({ params, query }) => {
        const found = await store.list(params.project, query.model ?? null);
        return { items: found.filter((each) => query.state === undefined || each.state === query.state).map(toWire) };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${base}/:id`,
      summary: "Reads one model version with its lineage, verdict and approvals.",
      permission,
      params: versionParamsSchema,
      reply: modelVersionDetailSchema,
      handler: async ({ params }) => await detail(needs, await versionOf(store, params)),
    }),
    defineRoute({
      method: "GET",
      path: `${base}/:id/lineage`,
      summary: "Draws from what a version was made and who uses it, as nodes and edges.",
      permission,
      params: versionParamsSchema,
      reply: lineageGraphSchema,
      handler: async ({ params }) => {
        const version = await versionOf(store, params);
        const datasets = await readSources(needs.datasets, version);
        return drawLineage(version, datasets, await needs.uses.usesOf(version));
      },
    }),
  ];
}

function decisionRoutes(needs: RegistryRouteNeeds): readonly Route[] {
  const { store } = needs;
  const permission = { scope: "project", action: "approve" } as const;
  return [
    defineRoute({
      method: "POST",
      path: `${base}/:id/approve`,
      summary: "Approves a version that passed; whoever made it may not. An override needs a reason.",
      permission,
      params: versionParamsSchema,
      body: approveSchema,
      reply: modelVersionDetailSchema,
      handler: async ({ params, body, caller }) => {
        const version = await versionOf(store, params);
        const after = await store.approve(version.id, {
          identity: caller.identity,
          override: body.override,
          reason: body.reason ?? null,
          comment: body.comment,
          approvalsRequired: await approvalsRequired(needs, version),
        });
        return await detail(needs, after);
      },
    }),
    defineRoute({
      method: "POST",
      path: `${base}/:id/reject`,
      summary: "Rejects a version that is not approved yet.",
      permission,
      params: versionParamsSchema,
      body: rejectSchema,
      reply: modelVersionDetailSchema,
      handler: async ({ params, body, caller }) => {
        const version = await versionOf(store, params);
        return await detail(needs, await store.reject(version.id, caller.identity, body.reason));
      },
    }),
    defineRoute({
      method: "POST",
      path: `${base}/:id/retire`,
      summary: "Ends a version that no alias points to.",
      permission,
      params: versionParamsSchema,
      body: rejectSchema,
      reply: modelVersionDetailSchema,
      handler: async ({ params, body, caller }) => {
        const version = await versionOf(store, params);
        return await detail(needs, await store.retire(version.id, caller.identity, body.reason));
      },
    }),
  ];
}

function uploadRoutes({ platform, store }: RegistryRouteNeeds): readonly Route[] {
  const permission = { scope: "project", action: "write" } as const;
  return [
    defineRoute({
      method: "PUT",
      path: "/api/v1/projects/:project/model-files/:name",
      summary: "Uploads a model file; the answer's objectKey registers it.",
      permission,
      params: projectSchema.extend({ name: fileNameSchema }),
      body: "stream",
      reply: z.object({ objectKey: z.string(), bytes: z.number(), sha256: z.string() }),
      handler: async ({ params, stream }) => {
        const key = `${modelFilePrefix(params.project)}${platform.newId()}/${params.name}`;
        return await storeModelFile(platform.objects, key, stream);
      },
    }),
    defineRoute({
      method: "POST",
      path: base,
      summary: "Registers an uploaded model file as a candidate, which is then evaluated like any other.",
      permission,
      params: z.object({ project: nameSchema }),
      body: newVersionSchema,
      reply: modelVersionSchema,
      handler: async ({ params, body, caller }) => {
        requireOwnFile(params.project, body.objectKey);
        const basis =
          body.basedOn === undefined ? null : await versionOf(store, { project: params.project, id: body.basedOn });
        const candidate = uploadedCandidate(body, basis, {
          id: platform.newId(),
          project: params.project,
          sha256: await hashObject(platform.objects, body.objectKey),
          identity: caller.identity,
        });
        return toWire(await store.register(candidate));
      },
    }),
  ];
}

/** A version of this project; another project's versions do not exist here. */
async function versionOf(
  store: RegistryStore,
  params: { readonly project: string; readonly id: string },
): Promise<ModelVersion> {
  const version = await store.get(params.id);
  if (version !== undefined && version.project === params.project) return version;
  throw new Fault(
    "registry.version-missing",
    `there is no model version with the id ${params.id} in project ${params.project}; list them with: millwright get model-versions`,
    { details: params },
  );
}

async function detail(needs: RegistryRouteNeeds, version: ModelVersion): Promise<ModelVersionDetail> {
  return {
    ...toWire(version),
    verdict: await needs.store.verdict(version.id),
    approvals: [...(await needs.store.approvals(version.id))],
    approvalsRequired: await approvalsRequired(needs, version),
  };
}

async function approvalsRequired({ platform }: RegistryRouteNeeds, version: ModelVersion): Promise<number> {
  const model = await platform.resources.get(modelKind, version.project, version.model);
  return model?.spec.approvals.required ?? 1;
}

function toWire(version: ModelVersion): z.infer<typeof modelVersionSchema> {
  return modelVersionSchema.parse(version);
}

function requireOwnFile(project: string, objectKey: string): void {
  if (objectKey.startsWith(modelFilePrefix(project)) && !objectKey.includes("..")) return;
  throw new Fault(
    "registry.file-invalid",
    `the file ${objectKey} was not uploaded to project ${project}; upload it first with PUT /api/v1/projects/${project}/model-files/NAME`,
    { details: { objectKey } },
  );
}

/** The dataset versions upstream of a model version, by `dataset@version`. */
async function readSources(datasets: Datasets, version: ModelVersion): Promise<ReadonlyMap<string, DatasetVersion>> {
  const found = new Map<string, DatasetVersion>();
  const waiting = [...version.lineage.datasets];
  const seen = new Set<string>();
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const name = parseDatasetName(next);
    if (name === undefined || seen.has(next) || seen.size >= datasetsInGraphMax) continue;
    seen.add(next);
    const dataset = await datasets.version(version.project, name.dataset, name.version);
    if (dataset === undefined) continue;
    found.set(next, dataset);
    waiting.push(...datasetsOf(dataset.madeFrom));
  }
  return found;
}
