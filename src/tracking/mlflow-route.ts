import * as z from "zod";
import type { Action, Caller } from "../platform/ports.ts";
import { defineRoute, type Route, type RouteRequest } from "../platform/route.ts";
import { toMlflowError } from "./mlflow-error.ts";
import type { Wire } from "./mlflow-wire.ts";
import { invalidRequest, type RequestFields, requestFields } from "./request-field.ts";

/** One call of MLflow's API, parsed. */
export interface MlflowCall {
  /** The project that the caller's key (or the workspace header) names. */
  readonly project: string;
  readonly caller: Caller;
  readonly fields: RequestFields;
  /** Parts of the path. */
  readonly params: Readonly<Record<string, string>>;
}

/** One endpoint of MLflow's API. */
export interface MlflowEndpoint {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below `/api/2.0/mlflow`. */
  readonly path: string;
  readonly summary: string;
  readonly action: Action;
  readonly handler: (call: MlflowCall) => Promise<Wire>;
}

/** Clients call the first, MLflow's own UI the second. */
export const apiPrefixes = ["/api/2.0", "/ajax-api/2.0"] as const;

const anythingSchema = z.unknown();
const paramsSchema = z.record(z.string(), z.string());

/** Mounts an endpoint under both prefixes. */
export function mlflowRoutes(endpoint: MlflowEndpoint): readonly Route[] {
  return apiPrefixes.map((prefix) =>
    defineRoute({
      method: endpoint.method,
      path: `${prefix}/mlflow${endpoint.path}`,
      summary: endpoint.summary,
      permission: { scope: "bound", action: endpoint.action },
      params: paramsSchema,
      query: anythingSchema,
      body: anythingSchema,
      toError: toMlflowError,
      handler: async (request) => await endpoint.handler(toCall(endpoint.method, request)),
    }),
  );
}

function toCall(
  method: MlflowEndpoint["method"],
  request: RouteRequest<Readonly<Record<string, string>>, unknown, unknown>,
): MlflowCall {
  const isInBody = method !== "GET" && !isEmpty(request.body);
  return {
    project: boundProject(request),
    caller: request.caller,
    fields: requestFields(isInBody ? request.body : request.query),
    params: request.params,
  };
}

function isEmpty(body: unknown): boolean {
  return body === undefined || body === null || (typeof body === "object" && Object.keys(body).length === 0);
}

/** The project of a `bound` route. */
export function boundProject(request: { readonly project: string | null }): string {
  if (request.project === null) throw new Error("a bound route came without its project");
  return request.project;
}

/** The run that a request names, under its new or its old name. */
export function runIdOf(fields: RequestFields): string {
  const runId = fields.text("run_id") ?? fields.text("run_uuid") ?? "";
  return runId === "" ? fields.wantedText("run_id") : runId;
}

/** Reads how many rows a search shall answer with. @throws {Fault} `tracking.request-invalid`. */
export function pageSizeOf(fields: RequestFields, limits: { readonly max: number; readonly unless: number }): number {
  const asked = fields.integer("max_results") ?? limits.unless;
  if (asked >= 1 && asked <= limits.max) return asked;
  throw invalidRequest(
    `Invalid value ${asked} for parameter 'max_results' supplied: It must be between 1 and ${limits.max}.`,
  );
}
