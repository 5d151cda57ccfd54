import * as z from "zod";
import { Fault } from "../../base/fault.ts";
import type { Platform } from "../../platform/platform.ts";
import { nameSchema } from "../../platform/resource.ts";
import { defineRoute, type Route } from "../../platform/route.ts";
import { errorBody } from "../gateway/protocol/refusal.ts";
import { type Batch, batchJson, createBatchSchema, windowMs } from "./batch-model.ts";
import type { BatchStore } from "./batch-store.ts";
import { findFile, pageJson, pageQuery } from "./file-routes.ts";
import type { FileStore } from "./file-store.ts";

/** What the routes of batches need. */
export interface BatchRouteNeeds {
  readonly platform: Pick<Platform, "clock" | "newId">;
  readonly files: FileStore;
  readonly store: BatchStore;
}

const root = "/api/v1/projects/:project/openai/batches";
const params = z.object({ project: nameSchema });
const batchParams = params.extend({ id: z.string().max(64) });

/** OpenAI's Batches: many requests in one file, made when there is room. */
export function batchRoutes(needs: BatchRouteNeeds): readonly Route[] {
  return [createRoute(needs), cancelRoute(needs), ...readRoutes(needs)];
}

function createRoute({ platform, files, store }: BatchRouteNeeds): Route {
  return defineRoute({
    method: "POST",
    path: root,
    summary: "Begins a batch over a file that was uploaded (OpenAI).",
    permission: { scope: "project", action: "write" },
    params,
    body: createBatchSchema,
    toError: errorBody,
    handler: async ({ params: { project }, body, caller }) => {
      const input = await findFile(files, project, body.input_file_id);
      if (input.purpose !== "batch") {
        throw new Fault("serving.request-invalid", `a batch reads files of purpose "batch", found "${input.purpose}"`);
      }
      const now = platform.clock.now();
      const batch: Batch = {
        id: `batch_${platform.newId()}`,
        project,
        identity: caller.identity,
        boundTo: caller.project,
        endpoint: body.endpoint,
        inputFileId: input.id,
        completionWindow: body.completion_window,
        metadata: body.metadata ?? {},
        createdAt: now,
        expiresAt: now + windowMs(body.completion_window),
        ...beginning,
      };
      await store.add(batch);
      return batchJson(batch);
    },
  });
}

/** Of every batch when it is made. */
const beginning = {
  status: "validating",
  endsAs: null,
  problems: [],
  total: 0,
  completed: 0,
  failed: 0,
  outputFileId: null,
  errorFileId: null,
  startedAt: null,
  finalizingAt: null,
  endedAt: null,
  cancellingAt: null,
} as const;

function cancelRoute({ platform, store }: BatchRouteNeeds): Route {
  return defineRoute({
    method: "POST",
    path: `${root}/:id/cancel`,
    summary: "Ends a batch early; what was answered by then is kept (OpenAI).",
    permission: { scope: "project", action: "write" },
    params: batchParams,
    toError: errorBody,
    handler: async ({ params: { project, id }, caller }) => {
      const batch = await store.cancel(project, id, caller.identity, platform.clock.now());
      if (batch === undefined) throw missingBatch(project, id);
      return batchJson(batch);
    },
  });
}

function readRoutes({ store }: BatchRouteNeeds): readonly Route[] {
  const common = { method: "GET", permission: { scope: "project", action: "read" }, toError: errorBody } as const;
  return [
    defineRoute({
      ...common,
      path: root,
      summary: "Lists batches, newest first (OpenAI).",
      params,
      query: pageQuery,
      handler: async ({ params: { project }, query: { limit, after } }) => {
        const page = await store.list(project, { limit, after: after ?? null });
        return pageJson(page.batches.map(batchJson), page.hasMore);
      },
    }),
    defineRoute({
      ...common,
      path: `${root}/:id`,
      summary: "Shows how far a batch is (OpenAI).",
      params: batchParams,
      handler: async ({ params: { project, id } }) => {
        const batch = await store.get(project, id);
        if (batch === undefined) throw missingBatch(project, id);
        return batchJson(batch);
      },
    }),
  ];
}

function missingBatch(project: string, id: string): Fault {
  return new Fault("serving.batch-missing", `project ${project} has no batch "${id}"; list them with GET /v1/batches`);
}
