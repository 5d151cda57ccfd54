import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Clock } from "../../base/clock.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { OnlineFeatures } from "../../features/ports.ts";
import type { Log } from "../../platform/ports.ts";
import { type GatewayPath, parseGatewayPath } from "../gateway/gateway-path.ts";
import type { Outcome, OutcomesTaken } from "../gateway/messages.ts";
import { serverMetadata } from "../gateway/model-metadata.ts";
import type { MetricFamily } from "../gateway/observe/metric-family.ts";
import { openMetricsType, toOpenMetrics } from "../gateway/observe/open-metrics.ts";
import { type OpenAiPath, parseOpenAiPath } from "../gateway/protocol/openai-path.ts";
import { type Refusal, refusalOfFault } from "../gateway/protocol/refusal.ts";
import { toErrorJson } from "../infer-response.ts";
import { checkLoadingParameters } from "../loading-state.ts";
import { CallerAnswer } from "./caller-answer.ts";
import { faultStatus } from "./fault-status.ts";
import { forwardRequest } from "./forward-request.ts";
import { parseFeatureRows, parseOutcomes } from "./gateway-bodies.ts";
import { grpcMethods } from "./grpc-methods.ts";
import type { FrontExchange } from "./front-exchange.ts";
import { GatewayFront } from "./gateway-front.ts";
import { GrpcServer } from "./grpc-server.ts";
import { guardConnections } from "./guard-connections.ts";
import { type Found, type InferenceService, jsonBytesOf } from "./inference-service.ts";
import type { OpenAiServer } from "./openai-server.ts";
import { answerUnread } from "../../platform/lingering-end.ts";
import { Intake } from "./intake.ts";
import { NodeSink } from "./node-exchange.ts";
import { openDoor } from "./protocol-door.ts";
import { readBody, readBytes } from "./request-body.ts";
import type { RequestBytes } from "./request-bytes.ts";
import type { RequestObserver } from "./request-observer.ts";
import { requestIdHeader, requestIdOf } from "./request-id.ts";
import { type Reading, SlowBodies } from "./slow-bodies.ts";

/** Bytes of one request. */
export const maxBodyBytes = 16 * 1024 * 1024;

/** Requests under way at once; more are refused with 429. */
export const maxUnderWay = 4096;

/** How long a caller may take to send its headers, its whole request, and one that goes to the control plane, such as a file. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
const uploadTimeoutMs = 3_600_000;

/** How often those limits are looked after. */
const checkMs = 1_000;

/** How long an idle connection is kept. */
const keepAliveMs = 65_000;

/** Bytes of a request for the index. */
const maxIndexBytes = 64 * 1024;

/** What the gateway's HTTP surface needs. */
export interface GatewayGround {
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  readonly features: Pick<OnlineFeatures, "append">;
  readonly openai: Pick<OpenAiServer, "handle" | "generate">;
  /** Bytes of a request for a model. */
  readonly bodyBytes: number;
  readonly inference: InferenceService;
  /** The metrics of the whole gateway now. */
  readonly metrics: () => Promise<readonly MetricFamily[]>;
  /** Hears of every request that was refused before any replica was asked. */
  readonly refuse: RequestObserver["refuse"];
  /** Connections whose first headers are not there yet. */
  readonly unfinishedConnections: number;
  readonly takeOutcomes: (project: string, deployment: string, outcomes: readonly Outcome[]) => Promise<OutcomesTaken>;
  /** The Unix socket of the worker that holds the online features; null when it is this one. */
  readonly featuresElsewhere: () => Promise<string | null>;
}

/** How long a server that stops waits for connections that have said nothing yet. */
const doorGraceMs = 500;

/** How often a server that stops closes the connections that have become idle. */
const idleLookMs = 50;

/** The data plane's HTTP server: Open Inference Protocol v2, outcomes and feature rows. */
export class GatewayServer {
  readonly #ground: GatewayGround;
  readonly #server: Server;
  readonly #grpc: GrpcServer;
  /** Connections that were accepted elsewhere and handed over. */
  readonly #handedOver = new Set<Socket>();
  readonly #intake = new Intake();
  readonly #slowBodies: SlowBodies;
  readonly #front: GatewayFront;
  #bodyLooks: NodeJS.Timeout | undefined;
  /** Connections that have said nothing yet. */
  readonly #atDoor = new Set<Socket>();
  #underWay = 0;
  #isStopping = false;

  constructor(ground: GatewayGround) {
    this.#ground = ground;
    this.#server = createServer(
      { keepAliveTimeout: keepAliveMs, connectionsCheckingInterval: checkMs },
      (request, response) => this.#intake.enter(() => void this.#answer(request, response)),
    );
    this.#grpc = new GrpcServer({
      log: ground.log,
      methods: grpcMethods({ ...ground, messageBytes: maxBodyBytes }),
      messageBytes: maxBodyBytes,
    });
    this.#server.headersTimeout = headersTimeoutMs;
    this.#server.requestTimeout = uploadTimeoutMs;
    this.#slowBodies = new SlowBodies(ground.clock, requestTimeoutMs);
    this.#server.once("listening", () => {
      this.#bodyLooks = setInterval(() => this.#slowBodies.look(), checkMs);
      this.#front.start();
    });
    this.#front = this.#openDoors();
  }

  /**
   * Every connection passes the door, whether it was accepted here or elsewhere: behind it are HTTP/1 and gRPC. Of HTTP/1 the front
   * serves what is common, Node's server the rest.
   */
  #openDoors(): GatewayFront {
    const serve = this.#server.listeners("connection");
    this.#server.removeAllListeners("connection");
    const guard = guardConnections(this.#server, this.#ground.unfinishedConnections);
    const front = new GatewayFront({
      clock: this.#ground.clock,
      bodyBytes: this.#ground.bodyBytes,
      bodyMs: requestTimeoutMs,
      keptMs: keepAliveMs,
      serve: (exchange, socket) => {
        guard.release(socket);
        this.#intake.enter(() => void this.#generate(exchange));
      },
      handOver: (socket) => {
        for (const each of serve) Reflect.apply(each, this.#server, [socket]);
      },
    });
    const doors = {
      http1: (socket: Socket) => {
        this.#atDoor.delete(socket);
        front.accept(socket);
      },
      http2: (socket: Socket) => {
        this.#atDoor.delete(socket);
        guard.release(socket);
        this.#grpc.accept(socket);
      },
    };
    this.#server.on("connection", (socket: Socket) => {
      this.#atDoor.add(socket);
      socket.once("close", () => this.#atDoor.delete(socket));
      openDoor(socket, doors, headersTimeoutMs);
    });
    return front;
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
    this.#handedOver.add(socket);
    socket.once("close", () => this.#handedOver.delete(socket));
    this.#server.emit("connection", socket);
  }

  /** So many more connections are about to be handed over, before any request is answered. */
  expect(connections: number): void {
    this.#intake.expect(connections);
  }

  /** Takes no new connections, lets requests under way end, at most `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    this.#intake.stop();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    this.#front.stop();
    // One that was handed over a moment ago is about to send its first request.
    const doorTimer = setTimeout(() => this.#closeDoors(), Math.min(graceMs, doorGraceMs));
    // A connection whose answer has just left becomes idle; nobody else would close it.
    const looks = setInterval(() => this.#server.closeIdleConnections(), idleLookMs);
    const timer = setTimeout(() => {
      this.#server.closeAllConnections();
      this.#front.destroy();
    }, graceMs);
    await Promise.all([closed, this.#grpc.stop(graceMs)]);
    for (const socket of this.#handedOver) if (!socket.destroyed) await once(socket, "close");
    clearInterval(looks);
    clearInterval(this.#bodyLooks);
    clearTimeout(timer);
    clearTimeout(doorTimer);
  }

  #closeDoors(): void {
    for (const socket of this.#atDoor) socket.destroy();
  }

  async #generate(exchange: FrontExchange): Promise<void> {
    this.#underWay += 1;
    await this.#ground.openai.generate(exchange, exchange.operation);
    this.#underWay -= 1;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#underWay += 1;
    const openAiPath = openAiPathOf(request);
    let reading: Reading | null = isUpload(openAiPath) ? null : this.#slowBodies.enter(request, response);
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
      if (isMetricsPath(request)) {
        await this.#answerMetrics(request, response);
        return;
      }
      const body = await this.#handle(request, response);
      if (response.headersSent || response.destroyed) return;
      // With its length known the answer leaves in one write, without chunks.
      response
        .writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) })
        .end(body);
    } catch (error) {
      this.#answerError(request, response, error);
    } finally {
      // Of what was passed on and answered, the rest may take no longer than that of any other request.
      reading ??= this.#slowBodies.enter(request, response);
      this.#slowBodies.leave(reading);
      this.#underWay -= 1;
    }
  }

  /** Metrics name every project's models and callers: from elsewhere they want a key with a right on the whole platform. */
  async #answerMetrics(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isFromHere(request)) await this.#ground.inference.admit(request.headers, "administer", null);
    const body = toOpenMetrics(await this.#ground.metrics());
    response.writeHead(200, { "content-type": openMetricsType, "content-length": Buffer.byteLength(body) }).end(body);
  }

  #answerError(request: IncomingMessage, response: ServerResponse, error: unknown, found: Found | null = null): void {
    if (response.destroyed || response.headersSent) return;
    const fault = isFault(error) ? error : undefined;
    if (fault === undefined) {
      this.#ground.log.error("gateway request failed", {
        url: request.url,
        error: error instanceof Error ? error.stack : String(error),
      });
    }
    const status = fault === undefined ? 500 : faultStatus(fault.kind);
    if (fault !== undefined) this.#countRefusal(request, refusalOfFault(fault, status), found);
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (status === 429 || status === 503) headers["retry-after"] = "1";
    if (!request.complete) headers.connection = "close";
    const message = fault?.message ?? "the gateway met an unexpected error; see the server's log";
    const body = toErrorJson(message);
    answerUnread(response, status, { ...headers, "content-length": Buffer.byteLength(body) }, body);
  }

  #countRefusal(request: IncomingMessage, refusal: Refusal, found: Found | null): void {
    const { clock, newId, refuse } = this.#ground;
    const requestId = requestIdOf(request, newId);
    const deployment = found?.route.deployment ?? "";
    refuse(
      { requestId, protocol: "v2", startedAt: clock.now(), admission: found?.admission ?? null, deployment },
      refusal,
    );
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<string> {
    const path = parseGatewayPath(request.method ?? "GET", request.url ?? "/");
    const { inference } = this.#ground;
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
        return JSON.stringify({ models: await inference.modelNames(request.headers) });
      case "model":
        return JSON.stringify(await inference.metadata(request.headers, path.model, path.version));
      case "model-ready":
        await inference.checkReady(request.headers, path.model, path.version);
        return JSON.stringify({ name: path.model, ready: true });
      case "index":
        return await this.#index(request);
      case "repository":
        return await this.#changeLoading(request, response, path);
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
    const { inference } = this.#ground;
    const reading = readBytes(request, maxBodyBytes);
    reading.catch(() => undefined);
    const found = await inference.find(request.headers, path.model);
    try {
      await this.#inferAt(request, response, path, found, await reading);
    } catch (error) {
      this.#answerError(request, response, error, found);
    }
    return "";
  }

  async #inferAt(
    request: IncomingMessage,
    response: ServerResponse,
    path: Extract<GatewayPath, { kind: "infer" }>,
    found: Found,
    body: RequestBytes,
  ): Promise<void> {
    const { clock, newId, inference } = this.#ground;
    const { route } = found;
    const holdsViews = route.kind === "tabular" && route.views.length > 0;
    if (holdsViews && (await this.#forward(request, response, body.whole()))) return;
    const requestId = requestIdOf(request, newId);
    const answer = new CallerAnswer(
      new NodeSink(response),
      { [requestIdHeader]: requestId },
      false,
      clock.now(),
      tensorRefusal,
    );
    const { headers } = request;
    const jsonBytes = jsonBytesOf(headers);
    await inference.infer({
      ...found,
      requestId,
      protocol: "v2",
      version: path.version,
      headers,
      body,
      jsonBytes,
      answer,
    });
  }

  async #index(request: IncomingMessage): Promise<string> {
    const reading = readBody(request, maxIndexBytes);
    reading.catch(() => undefined);
    await this.#ground.inference.admit(request.headers, "read");
    return JSON.stringify(await this.#ground.inference.index(request.headers, wantsReadyOnly(await reading)));
  }

  async #changeLoading(
    request: IncomingMessage,
    response: ServerResponse,
    { model, change }: Extract<GatewayPath, { kind: "repository" }>,
  ): Promise<string> {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    checkLoadingBody(await readBody(request, maxIndexBytes));
    try {
      await this.#ground.inference.changeLoading(request.headers, model, change, gone.signal);
    } catch (error) {
      // Nobody hears any more what became of it.
      if (!gone.signal.aborted) throw error;
    }
    return "{}";
  }

  async #takeOutcomes(request: IncomingMessage, path: Extract<GatewayPath, { kind: "outcomes" }>): Promise<string> {
    const { project } = await this.#ground.inference.admit(request.headers, "write", path.project);
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
    const { project } = await this.#ground.inference.admit(request.headers, "write", path.project);
    const body = await readBody(request, maxBodyBytes);
    if (await this.#forward(request, response, body)) return "";
    const rows = parseFeatureRows(body);
    await this.#ground.features.append(project, path.view, rows);
    return JSON.stringify({ taken: rows.length });
  }
}

/** Paths under `/v1` are the OpenAI API's, but for those of the platform's own projects. */
function openAiPathOf({ method = "GET", url = "/" }: IncomingMessage): OpenAiPath | "unknown" | undefined {
  const known = parseOpenAiPath(method, url);
  if (known !== undefined || !url.startsWith("/v1/") || url.startsWith("/v1/projects/")) return known;
  return "unknown";
}

function isUpload(path: OpenAiPath | "unknown" | undefined): boolean {
  return typeof path === "object" && path.kind === "control";
}

/** Refusals as the Open Inference Protocol v2 writes them. */
function tensorRefusal({ message }: Refusal): string {
  return toErrorJson(message);
}

/** What the body of a request for the index may say: `{"ready": true}` leaves out what cannot be asked. */
function wantsReadyOnly(body: Uint8Array): boolean {
  if (body.byteLength === 0) return false;
  const wanted = 'the body wants nothing or JSON such as {"ready": true}';
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
    if (typeof value === "object" && value !== null) return "ready" in value && value.ready === true;
  } catch (cause) {
    throw new Fault("serving.request-invalid", wanted, { cause });
  }
  throw new Fault("serving.request-invalid", wanted);
}

/** Clients may send parameters. */
function checkLoadingBody(body: Uint8Array): void {
  if (body.byteLength === 0) return;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString("utf8"));
  } catch (cause) {
    throw new Fault("serving.request-invalid", "the body wants nothing or a JSON object", { cause });
  }
  const parameters = typeof value === "object" && value !== null && "parameters" in value ? value.parameters : null;
  checkLoadingParameters(typeof parameters === "object" && parameters !== null ? Object.keys(parameters) : []);
}

function isMetricsPath({ method, url = "" }: IncomingMessage): boolean {
  return method === "GET" && (url === "/metrics" || url.startsWith("/metrics?"));
}

/** Whether a request comes from this machine itself and was not passed on by a proxy on it. */
function isFromHere({ socket, headers }: IncomingMessage): boolean {
  const address = socket.remoteAddress ?? "";
  const isLoopback = address === "::1" || address.startsWith("127.") || address.startsWith("::ffff:127.");
  return isLoopback && headers["x-forwarded-for"] === undefined && headers.forwarded === undefined;
}
