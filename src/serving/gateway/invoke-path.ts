import { Fault } from "../../base/fault.ts";

/** What of the gateway is reached through a deployment. */
export type InvokePath =
  | { readonly kind: "openai"; readonly path: string }
  | { readonly kind: "v2"; readonly path: string };

const openAiPaths = ["v1/chat/completions", "v1/completions", "v1/embeddings", "v1/responses"] as const;
const tensorPattern = /^v2\/models\/([a-z0-9-]+)(?:\/versions\/[A-Za-z0-9._-]+)?(\/infer|\/ready)?$/;

/**
 * Reads which of the gateway's paths is asked of a deployment; those of other deployments are refused.
 *
 * @param rest without the slash at its beginning.
 * @throws {Fault} `platform.not-found`.
 */
export function invokePath(method: "GET" | "POST", rest: string, deployment: string): InvokePath {
  if (method === "POST" && openAiPaths.some((path) => path === rest)) return { kind: "openai", path: `/${rest}` };
  const [, model, action] = tensorPattern.exec(rest) ?? [];
  if (model === deployment && (action === "/infer") === (method === "POST")) return { kind: "v2", path: `/${rest}` };
  const message = `${deployment} takes POST ${openAiPaths.join(", ")}, and GET v2/models/${deployment} and POST v2/models/${deployment}/infer; found ${method} ${rest.slice(0, 200)}`;
  throw new Fault("platform.not-found", message);
}

/**
 * The body of a request of the OpenAI API, for this deployment whatever model it names; an adapter of it
 * (`NAME:ADAPTER`) or a version (`NAME@VERSION`) may be named.
 *
 * @throws {Fault} `serving.request-invalid` when the body is no JSON object.
 */
export function withModel(body: string, deployment: string): string {
  const asked = parsed(body);
  if (typeof asked !== "object" || asked === null || Array.isArray(asked)) {
    throw new Fault("serving.request-invalid", `the body wants a JSON object, found ${body.slice(0, 80) || "nothing"}`);
  }
  const named = "model" in asked && typeof asked.model === "string" ? asked.model : "";
  return JSON.stringify({ ...asked, model: isOf(named, deployment) ? named : deployment });
}

function isOf(model: string, deployment: string): boolean {
  return model.startsWith(`${deployment}:`) || model.startsWith(`${deployment}@`);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
