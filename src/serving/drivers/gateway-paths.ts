import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../base/clock.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { OnlineFeatures } from "../../features/ports.ts";
import { answerUnread } from "../../platform/lingering-end.ts";
import type { Log } from "../../platform/ports.ts";
import { type GatewayPath, parseGatewayPath } from "../gateway/gateway-path.ts";
import type { Outcome, OutcomesTaken } from "../gateway/messages.ts";
import { serverMetadata } from "../gateway/model-metadata.ts";
import { type Refusal, refusalOfFault, serverRefusal } from "../gateway/protocol/refusal.ts";
import { toErrorJson } from "../infer-response.ts";
import { checkLoadingParameters } from "../loading-state.ts";
import { CallerAnswer } from "./caller-answer.ts";
import { faultStatus } from "./fault-status.ts";
import { forwardRequest } from "./forward-request.ts";
import { parseFeatureRows, parseOutcomes } from "./gateway-bodies.ts";
import { type Found, type InferenceService, jsonBytesOf } from "./inference-service.ts";
import { NodeSink } from "./node-exchange.ts";
import { readBody, readBytes } from "./request-body.ts";
import type { RequestBytes } from "./request-bytes.ts";
import { requestIdHeader, requestIdOf } from "./request-id.ts";
import type { RequestObserver } from "./request-observer.ts";

/** Bytes of one request. */
export const maxBodyBytes = 16 * 1024 * 1024;

/** Bytes of a request for the index. */
const maxIndexBytes = 64 * 1024;

/** What answering the gateway's own paths needs. */
export interface GatewayPathsGround {
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  readonly features: Pick<OnlineFeatures, "append">;
  readonly inference: InferenceService;
  /** Hears of every request that was refused before any replica was asked. */
  readonly refuse: RequestObserver["refuse"];
  readonly takeOutcomes: (project: string, deployment: string, outcomes: readonly Outcome[]) => Promise<OutcomesTaken>;
  /** The Unix socket of the worker that holds the online features; null when it is this one. */
  readonly featuresElsewhere: () => Promise<string | null>;
}

/** Answers the paths of the gateway that are not the OpenAI API's: the Open Inference Protocol v2, outcomes and feature rows. */
export class GatewayPaths {
  readonly #ground: GatewayPathsGround;

  constructor(ground: GatewayPathsGround) {
    this.#ground = ground;
  }

  /** Answers one request, or throws what it is to be refused by. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#identify(request, response);
    const body = await this.#handle(request, response);
    if (response.headersSent || response.destroyed) return;
    // With its length known the answer leaves in one write, without chunks.
    response
      .writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) })
      .end(body);
  }

  /** Tells the caller what went wrong, in the protocol's own shape. */
  answerError(request: IncomingMessage, response: ServerResponse, error: unknown, found: Found | null = null): void {
    if (response.destroyed || response.headersSent) return;
    const fault = isFault(error) ? error : undefined;
    if (fault === undefined) {
      this.#ground.log.error("gateway request failed", {
        url: request.url,
        error: error instanceof Error ? error.stack : String(error),
      });
    }
    const status = fault === undefined ? 500 : faultStatus(fault.kind);
    const requestId = this.#identify(request, response);
    if (fault !== undefined) this.#countRefusal(requestId, refusalOfFault(fault, status), found);
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (status === 429 || status === 503) headers["retry-after"] = "1";
    if (!request.complete) headers.connection = "close";
    const message = fault?.message ?? "the gateway met an unexpected error; see the server's log";
    const body = toErrorJson(message);
    answerUnread(response, status, { ...headers, "content-length": Buffer.byteLength(body) }, body);
  }

  /** Every answer names its request. @returns the name, which stays the same. */
  #identify(request: IncomingMessage, response: ServerResponse): string {
    const known = response.getHeader(requestIdHeader);
    if (typeof known === "string") return known;
    const requestId = requestIdOf(request, this.#ground.newId);
    response.setHeader(requestIdHeader, requestId);
    return requestId;
  }

  #refuseMethod(
    request: IncomingMessage,
    response: ServerResponse,
    { allow, url }: Extract<GatewayPath, { kind: "wrong-method" }>,
  ): string {
    const message = `${url.slice(0, 200)} wants ${allow}, found ${request.method}`;
    this.#countRefusal(
      this.#identify(request, response),
      { ...serverRefusal(405, "method_not_allowed", message), headers: { allow } },
      null,
    );
    const body = toErrorJson(message);
    const headers = { allow, "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    answerUnread(response, 405, request.complete ? headers : { ...headers, connection: "close" }, body);
    return "";
  }

  #countRefusal(requestId: string, refusal: Refusal, found: Found | null): void {
    const { clock, refuse } = this.#ground;
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
      case "wrong-method":
        return this.#refuseMethod(request, response, path);
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
      this.answerError(request, response, error, found);
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
    const { clock, inference } = this.#ground;
    const { route } = found;
    const holdsViews = route.kind === "tabular" && route.views.length > 0;
    if (holdsViews && (await this.#forward(request, response, body.whole()))) return;
    const requestId = this.#identify(request, response);
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
