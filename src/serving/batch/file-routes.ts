import { pipeline } from "node:stream/promises";
import * as z from "zod";
import { Fault } from "../../base/fault.ts";
import type { Platform } from "../../platform/platform.ts";
import { nameSchema } from "../../platform/resource.ts";
import { defineRoute, type Route, type RouteRequest, sent } from "../../platform/route.ts";
import type { readUpload } from "../drivers/read-upload.ts";
import { errorBody } from "../gateway/protocol/refusal.ts";
import { fileJson, fileKey, isStorable, maxFileBytes, type StoredFile } from "./batch-model.ts";
import type { FileStore } from "./file-store.ts";

/** What the routes of files need. */
export interface FileRouteNeeds {
  readonly platform: Pick<Platform, "objects" | "clock" | "newId">;
  readonly files: FileStore;
  readonly readUpload: typeof readUpload;
}

/** Bytes that a form may have beside its file. */
const formBytesMax = 1024 * 1024;

const filenameCharsMax = 255;

/** The only purpose of files that are uploaded here. */
const uploadPurpose = "batch";

const root = "/api/v1/projects/:project/openai/files";
const params = z.object({ project: nameSchema });
const fileParams = params.extend({ id: z.string().max(64) });

/** What a page of a listing asks for. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  after: z.string().max(64).nullish(),
});

/** OpenAI's Files: what batches read and write. */
export function fileRoutes(needs: FileRouteNeeds): readonly Route[] {
  return [createRoute(needs), ...readRoutes(needs), deleteRoute(needs)];
}

function createRoute(needs: FileRouteNeeds): Route {
  return defineRoute({
    method: "POST",
    path: root,
    summary: "Uploads a file for a batch, as multipart/form-data (OpenAI).",
    permission: { scope: "project", action: "write" },
    params,
    body: "stream",
    toError: errorBody,
    handler: async (request) => fileJson(await upload(needs, request.params.project, request)),
  });
}

async function upload(
  { platform, files, readUpload: read }: FileRouteNeeds,
  project: string,
  { headers, stream }: Pick<RouteRequest<unknown, unknown, unknown>, "headers" | "stream">,
): Promise<StoredFile> {
  const announced = Number(headers["content-length"] ?? 0);
  if (announced > maxFileBytes + formBytesMax) {
    throw new Fault("platform.body-too-large", `a file may have ${maxFileBytes} bytes, found a form of ${announced}`);
  }
  const { objects, clock, newId } = platform;
  const id = `file-${newId()}`;
  const objectKey = fileKey(id);
  try {
    const form = await read(headers, stream, maxFileBytes, async (content) => await objects.put(objectKey, content));
    const { purpose = "" } = form.fields;
    if (purpose !== uploadPurpose) {
      throw new Fault("serving.request-invalid", `a file wants purpose "${uploadPurpose}", found "${purpose}"`, {
        details: { param: "purpose" },
      });
    }
    const named = form.filename.slice(0, filenameCharsMax).toWellFormed();
    const filename = named !== "" && isStorable(named) ? named : "file.jsonl";
    const file = { id, project, filename, purpose, bytes: form.stored.bytes, objectKey, createdAt: clock.now() };
    await files.add(file);
    return file;
  } catch (error) {
    await objects.delete(objectKey);
    throw error;
  }
}

function readRoutes({ platform, files }: FileRouteNeeds): readonly Route[] {
  const common = { method: "GET", permission: { scope: "project", action: "read" }, toError: errorBody } as const;
  return [
    defineRoute({
      ...common,
      path: root,
      summary: "Lists files, newest first unless the order is asc (OpenAI).",
      params,
      query: pageQuery.extend({
        purpose: z.string().max(64).nullish(),
        order: z.enum(["asc", "desc"]).default("desc"),
      }),
      handler: async ({ params: { project }, query: { purpose, order, limit, after } }) => {
        const page = await files.list(project, purpose ?? null, order, { limit, after: after ?? null });
        return pageJson(page.files.map(fileJson), page.hasMore);
      },
    }),
    defineRoute({
      ...common,
      path: `${root}/:id`,
      summary: "Shows what is known of a file (OpenAI).",
      params: fileParams,
      handler: async ({ params: { project, id } }) => fileJson(await findFile(files, project, id)),
    }),
    defineRoute({
      ...common,
      path: `${root}/:id/content`,
      summary: "Streams the content of a file (OpenAI).",
      params: fileParams,
      handler: async ({ params: { project, id }, raw, signal }) => {
        const { objectKey } = await findFile(files, project, id);
        const { info, content } = await platform.objects.get(objectKey);
        raw.writeHead(200, {
          "content-type": "application/octet-stream",
          "content-length": info.bytes,
          "x-content-type-options": "nosniff",
        });
        await pipeline(content, raw, { signal }).catch((error: unknown) => {
          // Whoever has all it wants may leave before the end is written, or earlier.
          if (!signal.aborted) throw error;
        });
        return sent;
      },
    }),
  ];
}

function deleteRoute({ platform, files }: FileRouteNeeds): Route {
  return defineRoute({
    method: "DELETE",
    path: `${root}/:id`,
    summary: "Deletes a file that no open batch reads (OpenAI).",
    permission: { scope: "project", action: "write" },
    params: fileParams,
    toError: errorBody,
    handler: async ({ params: { project, id } }) => {
      const file = await files.remove(project, id);
      if (file === undefined) throw missingFile(project, id);
      await platform.objects.delete(file.objectKey);
      return { id, object: "file", deleted: true };
    },
  });
}

/** @throws {Fault} `serving.file-missing`. */
export async function findFile(files: FileStore, project: string, id: string): Promise<StoredFile> {
  const file = await files.get(project, id);
  if (file === undefined) throw missingFile(project, id);
  return file;
}

function missingFile(project: string, id: string): Fault {
  return new Fault("serving.file-missing", `project ${project} has no file "${id}"; list them with GET /v1/files`);
}

/** A page of a listing as OpenAI's clients read it. */
export function pageJson(
  data: readonly Readonly<Record<string, unknown>>[],
  hasMore: boolean,
): Readonly<Record<string, unknown>> {
  const [first] = data;
  return { object: "list", data, first_id: first?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: hasMore };
}
