import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Fault, isFault } from "../../base/fault.ts";
import type { Action, Log } from "../../platform/ports.ts";
import { type GatewayPath, parseGatewayPath } from "../gateway/gateway-path.ts";
import type { Admission, Outcome, OutcomesTaken } from "../gateway/messages.ts";
import type { LoadMeter } from "../gateway/load-meter.ts";
import { modelMetadata, serverMetadata } from "../gateway/model-metadata.ts";
import { isRouteOf, type Route, type RoutingTable, type TabularRoute } from "../gateway/routing-table.ts";
import { jsonLengthHeader, parseInferRequest } from "../infer-request.ts";
import { toErrorJson, toInferJson } from "../infer-response.ts";
import { type OpenAiPath, parseOpenAiPath } from "../gateway/protocol/openai-path.ts";
import { faultStatus } from "./fault-status.ts";
import { forwardRequest } from "./forward-request.ts";
import { type InferGround, serveInference } from "./gateway-infer.ts";
import { parseFeatureRows, parseOutcomes } from "./gateway-bodies.ts";
import type { KeyVerdicts } from "./key-verdicts.ts";
import { type OpenAiServer, projectHeader } from "./openai-server.ts";
import { readBody } from "./request-body.ts";

/** Bytes of one request. */
export const maxBodyBytes = 16 * 1024 * 1024;

/** Requests under way at once; more are refused with 429. */
export const maxUnderWay = 4096;

/** How long a caller may take to send its headers, and its whole request. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;

/** How long an idle connection is kept. */
const keepAliveMs = 65_000;

/** What the gateway's HTTP surface needs. */
export interface GatewayGround extends InferGround {
  readonly log: Log;
  readonly verdicts: Pick<KeyVerdicts, "admit">;
  readonly openai: Pick<OpenAiServer, "handle">;
  readonly loads: LoadMeter;
  readonly table: () => RoutingTable;
  readonly takeOutcomes: (project: string, deployment: string, outcomes: readonly Outcome[]) => Promise<OutcomesTaken>;
  /** The Unix socket of the worker that holds the online features; null when it is this one. */
  readonly featuresElsewhere: () => Promise<string | null>;
}

/** How often a server that stops closes the connections that have become idle. */
const idleLookMs = 50;

/** The data plane's HTTP server: Open Inference Protocol v2, outcomes and feature rows. */
export class GatewayServer {
  readonly #ground: GatewayGround;
  readonly #server: Server;
  /** Connections that were accepted elsewhere and handed over. */
  readonly #handedOver = new Set<Socket>();
  #underWay = 0;
  #isStopping = false;

  constructor(ground: GatewayGround) {
    this.#ground = ground;
    this.#server = createServer(
      { keepAliveTimeout: keepAliveMs },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.headersTimeout = headersTimeoutMs;
    this.#server.requestTimeout = requestTimeoutMs;
  }

  /** @returns the port on which it listens. */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port, host, backlog: 1024 }, () => resolve());
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Listens on a Unix socket that the account alone can open. */
  async listenOnPath(path: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ path, backlog: 1024 }, () => resolve());
    });
  }

  /** Serves a connection that was accepted elsewhere; the server must listen, too, for its time limits to hold. */
  accept(socket: Socket): void {
    if (this.#isStopping) {
      socket.destroy();
      return;
    }
    this.#handedOver.add(socket);
    socket.once("close", () => this.#handedOver.delete(socket));
    this.#server.emit("connection", socket);
    socket.resume();
  }

  /** Takes no new connections, lets requests under way end, at most `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    // A connection whose answer has just left becomes idle; nobody else would close it.
    const looks = setInterval(() => this.#server.closeIdleConnections(), idleLookMs);
    const timer = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await closed;
    for (const socket of this.#handedOver) if (!socket.destroyed) await once(socket, "close");
    clearInterval(looks);
    clearTimeout(timer);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#underWay += 1;
    const openAiPath = openAiPathOf(request);
    try {
      if (this.#isStopping) response.setHeader("connection", "close");
      if (openAiPath !== undefined) {
        await this.#ground.openai.handle(request, response, openAiPath);
        return;
      }
      if (this.#underWay > maxUnderWay) {
        throw new Fault(
          "serving.overloaded",
          `the gateway takes ${maxUnderWay} requests at once; try again in a second`,
        );
      }
      const body = await this.#handle(request, response);
      if (response.headersSent) return;
      // With its length known the answer leaves in one write, without chunks.
      response
        .writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) })
        .end(body);
    } catch (error) {
      this.#answerError(request, response, error);
    } finally {
      this.#underWay -= 1;
    }
  }

  #answerError(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (response.destroyed || response.headersSent) return;
    const fault = isFault(error) ? error : undefined;
    if (fault === undefined) {
      this.#ground.log.error("gateway request failed", {
        url: request.url,
        error: error instanceof Error ? error.stack : String(error),
      });
    }
    const status = fault === undefined ? 500 : faultStatus(fault.kind);
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (status === 429 || status === 503) headers["retry-after"] = "1";
    if (!request.complete) headers.connection = "close";
    const message = fault?.message ?? "the gateway met an unexpected error; see the server's log";
    response.writeHead(status, headers).end(toErrorJson(message));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<string> {
    const path = parseGatewayPath(request.method ?? "GET", request.url ?? "/");
    switch (path.kind) {
      case "live":
        return JSON.stringify({ live: true });
      case "ready":
        return JSON.stringify({ ready: true });
      case "server":
        return JSON.stringify(serverMetadata);
      case "infer":
        return await this.#infer(request, response, path);
      case "models":
        return JSON.stringify({ models: await this.#modelNames(request) });
      case "model":
        return JSON.stringify(modelMetadata(tabular(await this.#routeFor(request, path.model)), path.version));
      case "model-ready":
        return JSON.stringify({ name: path.model, ready: isReady(await this.#routeFor(request, path.model)) });
      case "outcomes":
        return await this.#takeOutcomes(request, path);
      case "feature-rows":
        return await this.#takeFeatureRows(request, response, path);
    }
  }

  async #infer(
    request: IncomingMessage,
    response: ServerResponse,
    path: Extract<GatewayPath, { kind: "infer" }>,
  ): Promise<string> {
    const reading = readBody(request, maxBodyBytes);
    reading.catch(() => undefined);
    const { identity, ...found } = await this.#find(request, path.model);
    const route = tabular(found.route);
    const jsonBytes = request.headers[jsonLengthHeader];
    const body = await reading;
    if (route.views.length > 0 && (await this.#forward(request, response, body))) return "";
    const asked = parseInferRequest(body, jsonBytes === undefined ? null : Number(jsonBytes));
    const abort = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) abort.abort();
    });
    const ask = { request: asked, version: path.version, identity, header: (name: string) => headerOf(request, name) };
    const { loads, clock } = this.#ground;
    const carried = loads.enter(route.project, route.deployment, 0, clock.now());
    try {
      return toInferJson(await serveInference(this.#ground, route, ask, abort.signal));
    } finally {
      loads.leave(carried, null, clock.now());
    }
  }

  async #routeFor(request: IncomingMessage, model: string): Promise<Route> {
    return (await this.#find(request, model)).route;
  }

  async #find(request: IncomingMessage, model: string): Promise<{ readonly route: Route; readonly identity: string }> {
    const { project, identity } = await this.#admit(request, "read", chosenProject(request));
    const route = this.#ground.table().routes.find((each) => isRouteOf(each, project, model));
    if (route !== undefined) return { route, identity };
    throw new Fault(
      "serving.model-missing",
      `project ${project} has no deployment "${model}" that serves; list them with GET /v2/models, choose another project with the header ${projectHeader}`,
    );
  }

  async #modelNames(request: IncomingMessage): Promise<readonly string[]> {
    const { project } = await this.#admit(request, "read", chosenProject(request));
    return this.#ground
      .table()
      .routes.filter((route) => route.project === project)
      .map((route) => route.deployment);
  }

  async #takeOutcomes(request: IncomingMessage, path: Extract<GatewayPath, { kind: "outcomes" }>): Promise<string> {
    const { project } = await this.#admit(request, "write", path.project);
    const outcomes = parseOutcomes(await readBody(request, maxBodyBytes), this.#ground.clock.now());
    return JSON.stringify(await this.#ground.takeOutcomes(project, path.deployment, outcomes));
  }

  /** Lets the worker that holds the online features answer, where that is another one; answers whether it did. */
  async #forward(request: IncomingMessage, response: ServerResponse, body: Uint8Array): Promise<boolean> {
    const holder = await this.#ground.featuresElsewhere();
    if (holder === null) return false;
    await forwardRequest(holder, request, body, response);
    return true;
  }

  async #takeFeatureRows(
    request: IncomingMessage,
    response: ServerResponse,
    path: Extract<GatewayPath, { kind: "feature-rows" }>,
  ): Promise<string> {
    const { project } = await this.#admit(request, "write", path.project);
    const body = await readBody(request, maxBodyBytes);
    if (await this.#forward(request, response, body)) return "";
    const rows = parseFeatureRows(body);
    await this.#ground.features.append(project, path.view, rows);
    return JSON.stringify({ taken: rows.length });
  }

  #admit(request: IncomingMessage, action: Action, project: string | null): Promise<Admission> {
    const [scheme, token] = (request.headers.authorization ?? "").split(" ");
    return this.#ground.verdicts.admit(scheme?.toLowerCase() === "bearer" ? token : undefined, action, project);
  }
}

/** Paths under `/v1` are the OpenAI API's, but for those of the platform's own projects. */
function openAiPathOf({ method = "GET", url = "/" }: IncomingMessage): OpenAiPath | "unknown" | undefined {
  const known = parseOpenAiPath(method, url);
  if (known !== undefined || !url.startsWith("/v1/") || url.startsWith("/v1/projects/")) return known;
  return "unknown";
}

function chosenProject(request: IncomingMessage): string | null {
  return headerOf(request, projectHeader) ?? null;
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function tabular(route: Route): TabularRoute {
  if (route.kind === "tabular") return route;
  throw new Fault(
    "serving.request-invalid",
    `${route.deployment} speaks the OpenAI API; send its requests to paths such as /v1/chat/completions`,
  );
}

function isReady(route: Route): boolean {
  if (route.versions.some(({ replicas }: { readonly replicas: readonly unknown[] }) => replicas.length > 0))
    return true;
  throw new Fault("serving.model-not-ready", `${route.deployment} has no replica that is ready`);
}
