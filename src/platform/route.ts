import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type * as z from "zod";
import type { Action, Caller } from "./ports.ts";

/**
 * Who may call a route. `project` takes the project from `params.project`; `bound` from the key (or `default`);
 * `platform` asks for a right on the whole platform; `open` needs no key at all (health, the UI's files);
 * `any` needs a valid key, and the handler narrows what it shows by `readableProjects`.
 */
export type Permission =
  | { readonly scope: "project"; readonly action: Action }
  | { readonly scope: "bound"; readonly action: Action }
  | { readonly scope: "platform"; readonly action: Action }
  | { readonly scope: "any" }
  | { readonly scope: "open" };

/** A request whose parts were parsed by the route's schemas. */
export interface RouteRequest<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly caller: Caller;
  /** For `project` and `bound` routes: the project that was authorised; else null. */
  readonly project: string | null;
  readonly headers: IncomingMessage["headers"];
  /** The unread body of a route with `body: "stream"`. */
  readonly stream: Readable;
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
  /** For server-sent events and downloads only: the handler answers by itself and returns `sent`. */
  readonly raw: ServerResponse;
}

/** Returned by a handler that wrote its own answer to `raw`. */
export const sent = Symbol("sent");

/** One HTTP route: what it takes, what it answers, who may call it. Without a permission it does not compile. */
export interface Route<Params = unknown, Query = unknown, Body = unknown, Reply = unknown> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With `:name` and `*` parts, as Fastify writes them. */
  readonly path: string;
  /** One sentence for OpenAPI. */
  readonly summary: string;
  readonly permission: Permission;
  readonly params?: z.ZodType<Params>;
  readonly query?: z.ZodType<Query>;
  /** A schema for JSON, or `stream` for a body that the handler reads itself. */
  readonly body?: z.ZodType<Body> | "stream";
  /** Documented in OpenAPI; not checked at run time. */
  readonly reply?: z.ZodType<Reply>;
  /** Turns a fault into another protocol's error shape (MLflow's, for example). */
  readonly toError?: (status: number, code: string, message: string) => unknown;
  readonly handler: (request: RouteRequest<Params, Query, Body>) => Promise<Reply | typeof sent>;
}

/** Declares a route; the handler's types follow from the schemas. Returned as the general type, for lists. */
export function defineRoute<Params, Query, Body, Reply>(route: Route<Params, Query, Body, Reply>): Route {
  return route as unknown as Route;
}
