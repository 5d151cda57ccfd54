import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Action, Log } from "../../platform/ports.ts";
import type { GatewayLimits } from "../gateway/gateway-limits.ts";
import type { Admission } from "../gateway/messages.ts";
import { listedModel, type ModelTarget, modelJson } from "../gateway/protocol/model-directory.ts";
import type { ControlPath } from "../gateway/protocol/control-path.ts";
import type { OpenAiOperation, OpenAiPath } from "../gateway/protocol/openai-path.ts";
import { type Refusal, serverRefusal } from "../gateway/protocol/refusal.ts";
import { type RequestScan, scanRequest } from "../gateway/protocol/request-scan.ts";
import { estimateTokens, expectedTokensOut } from "../gateway/protocol/token-price.ts";
import { cacheSalt, hashBlocks } from "../gateway/routing/hash-blocks.ts";
import { CallerAnswer } from "./caller-answer.ts";
import { checkUtf8 } from "./check-utf8.ts";
import type { CallerExchange } from "./caller-exchange.ts";
import type { ControlForwarder } from "./control-forwarder.ts";
import type { Desks } from "./desks.ts";
import { errorRefusal } from "./error-refusal.ts";
import type { KeyVerdicts } from "./key-verdicts.ts";
import type { ModelRequests } from "./model-requests.ts";
import { NodeExchange } from "./node-exchange.ts";
import { openAiCall } from "./openai-call.ts";
import { shadowOf, type ShadowGround } from "./model-shadow.ts";
import type { RequestObserver } from "./request-observer.ts";
import { requestIdHeader, requestIdOf } from "./request-id.ts";

/** The header by which keys that are bound to no project choose one. */
export const projectHeader = "x-millwright-project";

/** What the server of the OpenAI API needs. */
export interface OpenAiGround extends Omit<ShadowGround, "clock" | "desks"> {
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  readonly limits: GatewayLimits;
  readonly verdicts: Pick<KeyVerdicts, "admit" | "fresh">;
  readonly desks: Desks;
  /** Has the control plane answer what is its own. */
  readonly control: Pick<ControlForwarder, "forward">;
  readonly requests: Pick<ModelRequests, "carry">;
  /** Hears of every request that was refused before it was carried to a model. */
  readonly refuse: RequestObserver["refuse"];
}

/** One request from its headers on. */
interface Arrived {
  readonly exchange: CallerExchange;
  readonly requestId: string;
  readonly startedAt: number;
  /** Who asks, once the key was let in. */
  admission: Admission | null;
}

/** A request whose caller is known and whose model was found. */
interface Understood {
  readonly arrived: Arrived;
  readonly operation: OpenAiOperation;
  readonly admission: Admission;
  readonly body: Uint8Array;
  readonly scan: RequestScan;
  readonly target: ModelTarget;
}

/** Answers the OpenAI API: lists models and carries requests to them. */
export class OpenAiServer {
  readonly #ground: OpenAiGround;
  #heldBodyBytes = 0;

  constructor(ground: OpenAiGround) {
    this.#ground = ground;
  }

  /** Answers one request; never throws. */
  async handle(request: IncomingMessage, response: ServerResponse, path: OpenAiPath | "unknown"): Promise<void> {
    const arrived = this.#arrive(new NodeExchange(request, response, this.#ground.limits.lingerMs));
    try {
      if (path === "unknown") throw unknownPath(arrived.exchange);
      switch (path.kind) {
        case "list-models":
        case "get-model":
          await this.#models(arrived, path.kind === "get-model" ? path.model : null);
          return;
        case "wrong-method":
          this.#refuse(arrived, wrongMethod(arrived.exchange, path.wanted));
          return;
        case "generate":
          await this.#generate(arrived, path.operation);
          return;
        case "control":
          await this.#passToControl(arrived, request, response, path);
      }
    } catch (error) {
      this.#refuseFor(arrived, error);
    }
  }

  /** Answers one request that makes something, whichever server reads it; never throws. */
  async generate(exchange: CallerExchange, operation: OpenAiOperation): Promise<void> {
    const arrived = this.#arrive(exchange);
    try {
      await this.#generate(arrived, operation);
    } catch (error) {
      this.#refuseFor(arrived, error);
    }
  }

  #arrive(exchange: CallerExchange): Arrived {
    const { clock, newId } = this.#ground;
    return { exchange, requestId: requestIdOf(exchange, newId), startedAt: clock.now(), admission: null };
  }

  async #models({ exchange, requestId }: Arrived, name: string | null): Promise<void> {
    const { project } = await this.#admit(exchange);
    const { directory } = this.#ground.desks;
    let body: object;
    if (name === null) {
      body = { object: "list", data: directory.list(project).map((model) => modelJson(model, project)) };
    } else {
      const { route } = directory.resolve(project, name);
      body = modelJson(listedModel(name, route), project);
    }
    new CallerAnswer(exchange.sink, { [requestIdHeader]: requestId }, false, this.#ground.clock.now()).sendWhole(
      200,
      "application/json",
      JSON.stringify(body),
    );
  }

  /** The control plane judges the key again: what is asked here only finds the project. */
  async #passToControl(
    { exchange, requestId }: Arrived,
    request: IncomingMessage,
    response: ServerResponse,
    { action, path }: ControlPath,
  ): Promise<void> {
    const { project } = await this.#admit(exchange, action);
    const full = `/api/v1/projects/${encodeURIComponent(project)}/openai${path}`;
    await this.#ground.control.forward(request, response, full, requestId);
  }

  async #generate(arrived: Arrived, operation: OpenAiOperation): Promise<void> {
    const { limits, desks } = this.#ground;
    const { exchange } = arrived;
    const bytes = announcedBytes(exchange, limits.bodyBytes);
    if (this.#heldBodyBytes + bytes > limits.heldBodyBytes) throw tooManyBytes(this.#heldBodyBytes);
    this.#heldBodyBytes += bytes;
    try {
      const reading = exchange.readBody(limits.bodyBytes);
      if (reading instanceof Promise) reading.catch(() => undefined);
      const admitting = this.#admit(exchange);
      const admission = admitting instanceof Promise ? await admitting : admitting;
      arrived.admission = admission;
      const body = reading instanceof Promise ? await reading : reading;
      checkUtf8(body);
      const scan = scanRequest(body);
      const target = desks.directory.resolve(admission.project, scan.model);
      await this.#carry({ arrived, operation, admission, body, scan, target });
    } finally {
      this.#heldBodyBytes -= bytes;
    }
  }

  #carry(understood: Understood): Promise<void> {
    const { arrived, operation, admission, body, scan, target } = understood;
    const { exchange, requestId, startedAt } = arrived;
    const call = openAiCall(operation, body, scan);
    const answer = new CallerAnswer(
      exchange.sink,
      { [requestIdHeader]: requestId },
      scan.isStream,
      this.#ground.clock.now(),
    );
    const onEnd = shadowOf(this.#ground, { requestId, target, call }, answer);
    return this.#ground.requests.carry({
      requestId,
      operation,
      protocol: "openai",
      startedAt,
      admission,
      target,
      versionId: null,
      headers: exchange.headers,
      tokensIn: estimateTokens(scan.prompt === null ? 0 : scan.prompt.end - scan.prompt.start),
      tokensOut: scan.maxTokens ?? expectedTokensOut,
      choices: scan.choices,
      blocks: promptBlocks(understood),
      body: () => body,
      call,
      answer,
      ...(onEnd === null ? {} : { onEnd }),
    });
  }

  #admit(exchange: CallerExchange, action: Action = "read"): Admission | Promise<Admission> {
    const { verdicts } = this.#ground;
    const [scheme, token] = (textOf(exchange, "authorization") ?? "").split(" ");
    const project = textOf(exchange, projectHeader) ?? null;
    if (token === undefined || scheme?.toLowerCase() !== "bearer") return verdicts.admit(undefined, action, project);
    return verdicts.fresh(token, action, project) ?? verdicts.admit(token, action, project);
  }

  #refuseFor(arrived: Arrived, error: unknown): void {
    this.#refuse(arrived, errorRefusal(error, this.#ground.log, { url: arrived.exchange.url }));
  }

  #refuse({ exchange, requestId, startedAt, admission }: Arrived, refusal: Refusal): void {
    this.#ground.refuse({ requestId, protocol: "openai", startedAt, admission, deployment: "" }, refusal);
    new CallerAnswer(exchange.sink, { [requestIdHeader]: requestId }, false, this.#ground.clock.now()).refuse(refusal);
  }
}

/** What balancers compare prompts by; null where there is one replica only, or no prompt. */
function promptBlocks({ body, scan: { prompt }, target }: Understood): readonly number[] | null {
  const { project, deployment, versions, routing } = target.route;
  const isChoice = versions.some((version) => version.replicas.length > 1);
  if (prompt === null || !isChoice || (routing.policy !== "auto" && routing.policy !== "prefix")) return null;
  return hashBlocks(body.subarray(prompt.start, prompt.end), cacheSalt(deployment, target.adapter, project));
}

function textOf({ headers }: CallerExchange, header: string): string | undefined {
  const value = headers[header];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** What a body counts as while it is held; one that is over the limit is not held at all. */
function announcedBytes({ headers }: CallerExchange, maxBytes: number): number {
  const announced = Number(headers["content-length"] ?? maxBytes);
  return announced <= maxBytes ? announced : 0;
}

function tooManyBytes(held: number): Fault {
  return new Fault(
    "serving.overloaded",
    `the gateway holds ${held} bytes of requests and takes no more; try again in a second`,
  );
}

function unknownPath({ method, url }: CallerExchange): Fault {
  const path = url.slice(0, 200);
  return new Fault(
    "platform.not-found",
    `the gateway has no ${method} ${path}; it has /v1/models, /v1/chat/completions, /v1/completions, /v1/embeddings, /v1/responses, /v1/files and /v1/batches`,
  );
}

function wrongMethod({ method }: CallerExchange, wanted: string): Refusal {
  const message = `this path wants ${wanted}, found ${method}`;
  return { ...serverRefusal(405, "method_not_allowed", message), headers: { allow: wanted } };
}
