import type { Readable } from "node:stream";
import * as z from "zod";
import { Fault } from "../base/fault.ts";
import { nameSchema } from "../platform/resource.ts";
import { defineRoute, type Route, type RouteRequest, sent } from "../platform/route.ts";
import { invokePath, withModel } from "./gateway/invoke-path.ts";
import type { RelayToGateway } from "./ports.ts";

/** Bytes of one request: what people type, not what batches send. */
const bodyBytesMax = 4 * 1024 * 1024;

const paramsSchema = z.object({ project: nameSchema, name: nameSchema, "*": z.string().max(500) });

type InvokeRequest = RouteRequest<z.output<typeof paramsSchema>, unknown, unknown>;

const path = "/api/v1/projects/:project/deployments/:name/invoke/*";

/** A deployment asked through the control plane, in the caller's own name: pages may reach no other server. */
export function invokeRoutes(relay: RelayToGateway): readonly Route[] {
  return (["GET", "POST"] as const).map((method) =>
    defineRoute({
      method,
      path,
      summary: "Passes a request on to the gateway's path for this deployment, and the answer back as it comes.",
      permission: { scope: "project", action: "read" },
      params: paramsSchema,
      ...(method === "POST" ? { body: "stream" as const } : {}),
      handler: async (request: InvokeRequest) => await invoke(relay, method, request),
    }),
  );
}

async function invoke(relay: RelayToGateway, method: "GET" | "POST", request: InvokeRequest): Promise<typeof sent> {
  const { project, name, "*": rest } = request.params;
  const found = invokePath(method, rest, name);
  const text = method === "POST" ? await readText(request.stream) : null;
  const body = text !== null && found.kind === "openai" ? withModel(text, name) : text;
  const { authorization, accept } = request.headers;
  const headers = {
    "x-millwright-project": project,
    "content-type": "application/json",
    accept: accept ?? "application/json",
    ...(authorization === undefined ? {} : { authorization }),
  };
  await relay({ method, path: found.path, body, headers }, request.raw, request.signal);
  return sent;
}

async function readText(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax) {
      throw new Fault(
        "platform.body-too-large",
        `a body wants at most ${bodyBytesMax} bytes here; ask the gateway itself`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
