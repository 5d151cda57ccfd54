import { Fault } from "../../base/fault.ts";

/** What a request to the gateway asks for. */
export type GatewayPath =
  /** There is such a path for another method; `url` without its query. */
  | { readonly kind: "wrong-method"; readonly allow: "GET" | "POST"; readonly url: string }
  | { readonly kind: "live" }
  | { readonly kind: "ready" }
  | { readonly kind: "server" }
  | { readonly kind: "models" }
  | { readonly kind: "model"; readonly model: string; readonly version: string | null }
  | { readonly kind: "model-ready"; readonly model: string; readonly version: string | null }
  | { readonly kind: "infer"; readonly model: string; readonly version: string | null }
  | { readonly kind: "index" }
  | { readonly kind: "repository"; readonly model: string; readonly change: "load" | "unload" }
  | { readonly kind: "outcomes"; readonly project: string; readonly deployment: string }
  | { readonly kind: "feature-rows"; readonly project: string; readonly view: string };

const modelPattern = /^\/v2\/models\/([a-z0-9-]+)(?:\/versions\/([A-Za-z0-9._-]+))?(\/infer|\/ready)?$/;
const repositoryPattern = /^\/v2\/repository\/models\/([a-z0-9-]+)\/(load|unload)$/;
const projectPattern = /^\/v1\/projects\/([a-z0-9-]+)\/(deployments|feature-views)\/([a-z0-9-]+)\/(outcomes|rows)$/;

/**
 * Reads method and path of a request.
 *
 * @throws {Fault} `platform.not-found` when the gateway has no such path.
 */
export function parseGatewayPath(method: string, url: string): GatewayPath {
  const query = url.indexOf("?");
  const whole = query === -1 ? url : url.slice(0, query);
  const path = whole.length > 1 && whole.endsWith("/") ? whole.slice(0, -1) : whole;
  const found = method === "POST" ? parsePost(path) : method === "GET" ? parseGet(path) : undefined;
  if (found !== undefined) return found;
  if (parsePost(path) !== undefined) return { kind: "wrong-method", allow: "POST", url: path };
  if (parseGet(path) !== undefined) return { kind: "wrong-method", allow: "GET", url: path };
  throw new Fault(
    "platform.not-found",
    `the gateway has no ${method} ${path.slice(0, 200)}; it speaks the Open Inference Protocol v2, such as POST /v2/models/NAME/infer, and the OpenAI API, such as POST /v1/chat/completions`,
  );
}

function parseGet(path: string): GatewayPath | undefined {
  if (path === "/v2/health/live") return { kind: "live" };
  if (path === "/v2/health/ready") return { kind: "ready" };
  if (path === "/v2") return { kind: "server" };
  if (path === "/v2/models") return { kind: "models" };
  const match = modelPattern.exec(path);
  if (match?.[1] === undefined || match[3] === "/infer") return undefined;
  return { kind: match[3] === "/ready" ? "model-ready" : "model", model: match[1], version: match[2] ?? null };
}

function parsePost(path: string): GatewayPath | undefined {
  const model = modelPattern.exec(path);
  if (model?.[1] !== undefined && model[3] === "/infer") {
    return { kind: "infer", model: model[1], version: model[2] ?? null };
  }
  if (path === "/v2/repository/index") return { kind: "index" };
  const repository = repositoryPattern.exec(path);
  if (repository?.[1] !== undefined) {
    return { kind: "repository", model: repository[1], change: repository[2] === "load" ? "load" : "unload" };
  }
  const match = projectPattern.exec(path);
  const [, project, collection, name, action] = match ?? [];
  if (project === undefined || name === undefined) return undefined;
  if (collection === "deployments" && action === "outcomes") return { kind: "outcomes", project, deployment: name };
  if (collection === "feature-views" && action === "rows") return { kind: "feature-rows", project, view: name };
  return undefined;
}
