import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as z from "zod";
import { Fault } from "../base/fault.ts";
import type { ObjectStore } from "../platform/ports.ts";
import { defineRoute, type Route, type RouteRequest, sent } from "../platform/route.ts";
import { type ArtifactEntry, listFolder } from "./artifact-listing.ts";
import { artifactKey, checkArtifactPath, proxiedPath } from "./artifact-path.ts";
import { attachmentOf, contentTypeOf } from "./content-type.ts";
import { trackingLimits } from "./limits.ts";
import { toMlflowError } from "./mlflow-error.ts";
import { apiPrefixes, boundProject, type MlflowCall, mlflowRoutes, runIdOf } from "./mlflow-route.ts";
import type { Wire } from "./mlflow-wire.ts";
import { invalidRequest, requestFields } from "./request-field.ts";
import { requireRun } from "./run-routes.ts";
import type { RunSearchStore } from "./run-search-store.ts";

export interface ArtifactRouteNeeds {
  readonly search: RunSearchStore;
  readonly objects: ObjectStore;
}

const starSchema = z.object({ "*": z.string() });
const anythingSchema = z.unknown();

/** MLflow's artifacts: listing by run, and the proxy through which clients read and write files. */
export function artifactRoutes(needs: ArtifactRouteNeeds): readonly Route[] {
  return [
    ...mlflowRoutes({
      method: "GET",
      path: "/artifacts/list",
      summary: "List a run's artifacts (MLflow).",
      action: "read",
      handler: (call) => listOfRun(needs, call),
    }),
    ...apiPrefixes.flatMap((prefix) => proxyRoutes(needs, `${prefix}/mlflow-artifacts`)),
  ];
}

function proxyRoutes({ objects }: ArtifactRouteNeeds, prefix: string): readonly Route[] {
  const artifact = { path: `${prefix}/artifacts/*`, params: starSchema, toError: toMlflowError } as const;
  return [
    defineRoute({
      method: "GET",
      path: `${prefix}/artifacts`,
      summary: "List artifacts below a path (MLflow).",
      permission: { scope: "bound", action: "read" },
      query: anythingSchema,
      toError: toMlflowError,
      async handler(request) {
        const path = checkArtifactPath(requestFields(request.query).text("path") ?? "");
        const entries = await listArtifacts(objects, boundProject(request), path);
        return { files: entries.map((entry) => toWireFile(entry.name, entry)) };
      },
    }),
    defineRoute({
      ...artifact,
      method: "GET",
      summary: "Download an artifact (MLflow).",
      permission: { scope: "bound", action: "read" },
      handler: async (request) =>
        await sendArtifact(objects, boundProject(request), checkArtifactPath(request.params["*"]), request),
    }),
    defineRoute({
      ...artifact,
      method: "PUT",
      summary: "Upload an artifact (MLflow).",
      permission: { scope: "bound", action: "write" },
      body: "stream",
      async handler(request) {
        await putArtifact(objects, boundProject(request), checkArtifactPath(request.params["*"]), request.stream);
        return {};
      },
    }),
    defineRoute({
      ...artifact,
      method: "DELETE",
      summary: "Delete an artifact or a folder of them (MLflow).",
      permission: { scope: "bound", action: "write" },
      async handler(request) {
        await deleteArtifacts(objects, boundProject(request), checkArtifactPath(request.params["*"]));
        return {};
      },
    }),
  ];
}

async function listOfRun(needs: ArtifactRouteNeeds, { project, fields }: MlflowCall): Promise<Wire> {
  const run = await requireRun(needs.search, project, runIdOf(fields));
  const below = checkArtifactPath(fields.text("path") ?? "");
  const path = proxiedPath(run.artifactUri, below);
  if (path === null) return { root_uri: run.artifactUri };
  const entries = await listArtifacts(needs.objects, project, path);
  return {
    root_uri: run.artifactUri,
    files: entries.map((entry) => toWireFile(below === "" ? entry.name : `${below}/${entry.name}`, entry)),
  };
}

function toWireFile(path: string, entry: ArtifactEntry): Wire {
  return { path, is_dir: entry.isFolder, ...(entry.bytes === null ? {} : { file_size: entry.bytes }) };
}

/** What lies right below a path of the project's artifacts; nothing when it is a file or is not there. */
export async function listArtifacts(
  objects: ObjectStore,
  project: string,
  path: string,
): Promise<readonly ArtifactEntry[]> {
  const folder = artifactKey(project, path);
  return listFolder(folder, await objects.list(`${folder}/`, trackingLimits.artifactsPerListing));
}

/** Streams an artifact to the client. @throws {Fault} `tracking.not-found`. */
export async function sendArtifact(
  objects: ObjectStore,
  project: string,
  path: string,
  request: Pick<RouteRequest<unknown, unknown, unknown>, "raw" | "signal">,
): Promise<typeof sent> {
  const key = artifactKey(project, path);
  if (path === "" || (await objects.head(key)) === undefined)
    throw new Fault("tracking.not-found", `There is no artifact ${path}`);
  const { info, content } = await objects.get(key);
  request.raw.writeHead(200, {
    "content-type": contentTypeOf(path),
    "content-length": info.bytes,
    "content-disposition": attachmentOf(path),
    "x-content-type-options": "nosniff",
  });
  await pipeline(content, request.raw, { signal: request.signal });
  return sent;
}

async function putArtifact(objects: ObjectStore, project: string, path: string, content: Readable): Promise<void> {
  if (path === "") throw invalidRequest("The path of an artifact is wanted, such as model/model.onnx");
  try {
    await objects.put(
      artifactKey(project, path),
      Readable.from(boundedBy(trackingLimits.artifactBytes, content), { objectMode: false }),
    );
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ENOTDIR" && code !== "EEXIST" && code !== "EISDIR") throw error;
    throw invalidRequest(
      `The path ${path} cannot hold an artifact: one part of it is a file already, or it is a folder`,
    );
  }
}

async function* boundedBy(bytesMax: number, content: Readable): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of content as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax)
      throw new Fault("platform.body-too-large", `an artifact may have at most ${bytesMax} bytes; upload it in parts`);
    yield chunk;
  }
}

async function deleteArtifacts(objects: ObjectStore, project: string, path: string): Promise<void> {
  if (path === "") throw invalidRequest("The path of an artifact is wanted; all artifacts cannot be deleted at once");
  const key = artifactKey(project, path);
  await objects.delete(key);
  for (const object of await objects.list(`${key}/`, trackingLimits.artifactsPerListing))
    await objects.delete(object.key);
}
