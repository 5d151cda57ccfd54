import { Readable } from "node:stream";
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type * as z from "zod";
import { Fault } from "../base/fault.ts";
import type { FaultCode } from "../base/fault-codes.ts";
import { isConnectionError } from "./database.ts";
import { httpStatusOfKind } from "./http-status.ts";
import { answerUnread } from "./lingering-end.ts";
import type { Caller, Gatekeeper, Log } from "./ports.ts";
import { type Route, type RouteRequest, sent } from "./route.ts";

/** Largest JSON body; streams (artifacts) have their own limits. */
const jsonBodyBytesMax = 16 * 1024 * 1024;
/** Largest streamed body: one artifact. */
const streamBodyBytesMax = 8 * 1024 ** 3;
/** A client that is told "unavailable" may try again after this. */
const retryAfterSeconds = 1;

const nobody: Caller = Object.freeze({ identity: "nobody", project: null });

export interface HttpServerOptions {
  readonly routes: readonly Route[];
  readonly gatekeeper: Gatekeeper;
  readonly log: Log;
  readonly newId: () => string;
  /** The project of a `bound` route when the key is bound to none. */
  readonly defaultProject: string;
}

/**
 * The control plane's HTTP surface: parses what comes in by the route's schemas, asks the gatekeeper, and turns
 * faults into answers. `inject()` serves it without a socket.
 */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit: jsonBodyBytesMax,
    genReqId: options.newId,
    requestIdHeader: false,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 500 },
  });
  // An empty body with a JSON content type is a request without a body (as many clients send).
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, text, done) => {
    try {
      done(null, text === "" ? undefined : JSON.parse(String(text)));
    } catch (error) {
      done(
        new Fault(
          "platform.request-invalid",
          `the body is no JSON: ${error instanceof Error ? error.message : String(error)}`,
          { cause: error },
        ),
      );
    }
  });
  app.addHook("onSend", async (request, reply) => {
    reply.headers(ownHeaders(request));
  });
  app.setErrorHandler((error: FastifyError, request, reply) =>
    answerError(error, request, reply, options.log, undefined),
  );
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?")[0] ?? "";
    const fault = new Fault(
      "platform.not-found",
      `there is nothing at ${request.method} ${path}; the API is described at /api/v1/openapi.json`,
    );
    return answerError(fault, request, reply, options.log, undefined);
  });
  for (const route of options.routes.filter((each) => each.body !== "stream")) addRoute(app, route, options);
  app.register(async (streams: FastifyInstance) => {
    streams.removeAllContentTypeParsers();
    streams.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    for (const route of options.routes.filter((each) => each.body === "stream")) addRoute(streams, route, options);
  });
  return app;
}

function addRoute(app: FastifyInstance, route: Route, options: HttpServerOptions): void {
  app.route({
    method: route.method,
    url: route.path,
    ...(route.body === "stream" ? { bodyLimit: streamBodyBytesMax } : {}),
    errorHandler: (error, request, reply) => answerError(error, request, reply, options.log, route),
    handler: async (request, reply) => await handle(route, request, reply, options),
  });
}

async function handle(
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  options: HttpServerOptions,
): Promise<unknown> {
  const caller =
    route.permission.scope === "open" ? nobody : await options.gatekeeper.authenticate(bearerToken(request));
  const params = parsePart(route.params, request.params, "path");
  const project = await admit(route, request, caller, options);
  const isStream = route.body === "stream";
  const gone = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  const parsed: RouteRequest<unknown, unknown, unknown> = {
    params,
    query: parsePart(route.query, request.query, "query"),
    body: route.body === undefined || route.body === "stream" ? undefined : parsePart(route.body, request.body, "body"),
    caller,
    project,
    headers: request.headers,
    stream: isStream && request.body instanceof Readable ? request.body : isStream ? request.raw : Readable.from([]),
    signal: gone.signal,
    raw: reply.raw,
  };
  const answer = await route.handler(parsed);
  if (answer === sent) {
    reply.hijack();
    return reply;
  }
  return answer ?? {};
}

/** Authorises by the route's permission; answers with the project that was authorised. */
async function admit(
  route: Route,
  request: FastifyRequest,
  caller: Caller,
  options: HttpServerOptions,
): Promise<string | null> {
  const { permission } = route;
  switch (permission.scope) {
    case "open":
    case "any":
      return null;
    case "platform":
      await options.gatekeeper.authorise(caller, permission.action, null);
      return null;
    case "project": {
      const project = projectOf(request.params);
      await options.gatekeeper.authorise(caller, permission.action, project);
      return project;
    }
    case "bound": {
      const named = request.headers["x-mlflow-workspace"];
      const project = caller.project ?? (typeof named === "string" && named !== "" ? named : options.defaultProject);
      await options.gatekeeper.authorise(caller, permission.action, project);
      return project;
    }
  }
}

function projectOf(params: unknown): string {
  const project = typeof params === "object" && params !== null && "project" in params ? params.project : undefined;
  if (typeof project !== "string") throw new Error("a route of scope `project` lacks the parameter :project");
  return project;
}

function bearerToken(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  const [scheme, value] = header.split(" ", 2);
  if (scheme?.toLowerCase() === "bearer") return value;
  // Clients that only know user and password send the key as the password.
  if (scheme?.toLowerCase() === "basic" && value !== undefined)
    return Buffer.from(value, "base64").toString("utf8").split(":").slice(1).join(":");
  return undefined;
}

function parsePart(schema: z.ZodType | undefined, value: unknown, part: string): unknown {
  if (schema === undefined) return value;
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  throw new Fault("platform.request-invalid", `the ${part} is not as wanted: ${describeIssues(result.error)}`, {
    details: {
      part,
      issues: result.error.issues.slice(0, 20).map(({ path, message }) => ({ path: path.join("."), message })),
    },
  });
}

/** Says in one line what a schema found wrong, with the place of each finding. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`))
    .join("; ");
}

/** Work that ended because the caller went away before its answer: nobody waits for words, and nothing failed. */
function isLeft(error: unknown, { raw }: FastifyReply): boolean {
  return error instanceof Error && error.name === "AbortError" && raw.destroyed && !raw.writableFinished;
}

function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
  route: Route | undefined,
): unknown {
  if (isLeft(error, reply)) return reply.hijack();
  const { status, code, message, details } = toAnswer(error);
  if (code === "platform.internal") {
    log.error("request failed", {
      requestId: request.id,
      method: request.method,
      path: request.url.split("?")[0],
      error: String(error),
      stack: error instanceof Error ? error.stack : undefined,
    });
  }
  if (reply.raw.headersSent) {
    reply.raw.destroy();
    return reply.hijack();
  }
  if (status === 503) reply.header("retry-after", String(retryAfterSeconds));
  if (status === 401) reply.header("www-authenticate", 'Bearer realm="millwright"');
  const body = route?.toError?.(status, code, message) ?? { error: { code, message, details, requestId: request.id } };
  if (route?.body !== "stream" || request.raw.complete) return reply.code(status).send(body);
  const text = JSON.stringify(body);
  reply.raw.setHeaders(new Headers(ownHeaders(request)));
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.hijack();
  answerUnread(reply.raw, status, { ...jsonHeaders(text), connection: "close" }, text);
  return reply;
}

/** Headers of every answer. */
function ownHeaders(request: FastifyRequest): Record<string, string> {
  return { "x-request-id": request.id, "x-content-type-options": "nosniff" };
}

function jsonHeaders(text: string): Record<string, string | number> {
  return { "content-type": "application/json; charset=utf-8", "content-length": Buffer.byteLength(text) };
}

interface ErrorAnswer {
  readonly status: number;
  readonly code: FaultCode | "platform.internal";
  readonly message: string;
  readonly details: unknown;
}

function toAnswer(error: unknown): ErrorAnswer {
  if (error instanceof Fault)
    return { status: httpStatusOfKind[error.kind], code: error.code, message: error.message, details: error.details };
  if (isConnectionError(error)) {
    return {
      status: 503,
      code: "platform.database-unavailable",
      message: "the database cannot be reached right now; try again in a moment",
      details: {},
    };
  }
  const status =
    error instanceof Error && "statusCode" in error && typeof error.statusCode === "number" ? error.statusCode : 500;
  if (status === 413) {
    return {
      status,
      code: "platform.body-too-large",
      message: `the body is larger than ${jsonBodyBytesMax} bytes; send it in parts`,
      details: {},
    };
  }
  if (status < 500 && error instanceof Error)
    return { status, code: "platform.request-invalid", message: error.message, details: {} };
  return {
    status: 500,
    code: "platform.internal",
    message: "this is a bug in Millwright; the server's log has more under the request id",
    details: {},
  };
}
