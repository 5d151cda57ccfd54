import type { IncomingMessage, ServerResponse } from "node:http";
import { Fault, isFault } from "../../base/fault.ts";
import type { Log } from "../../platform/ports.ts";
import type { Admission } from "../gateway/messages.ts";
import { keepsSlo, type RequestRecord } from "../gateway/observe/request-record.ts";
import { type ModelTarget, modelJson } from "../gateway/protocol/model-directory.ts";
import type { OpenAiOperation, OpenAiPath } from "../gateway/protocol/openai-path.ts";
import { type Refusal, refusalOfFault, serverRefusal } from "../gateway/protocol/refusal.ts";
import { type RequestScan, scanRequest } from "../gateway/protocol/request-scan.ts";
import { estimateTokens, expectedTokensOut, priceOf } from "../gateway/protocol/token-price.ts";
import { stickyCaller } from "../gateway/traffic-split.ts";
import type { LoadMeter } from "../gateway/load-meter.ts";
import type { LimitGate, LimitTicket } from "../gateway/request-parts.ts";
import { readBoundedBody } from "./bounded-body.ts";
import { CallerAnswer } from "./caller-answer.ts";
import type { Desks } from "./desks.ts";
import { faultStatus } from "./fault-status.ts";
import { shadowOf } from "./openai-shadow.ts";
import { Generation, type GenerationEnd, type GenerationGround } from "./generation.ts";
import type { KeyVerdicts } from "./key-verdicts.ts";
import { requestIdHeader, requestIdOf } from "./request-id.ts";

/** The header by which keys that are bound to no project choose one. */
export const projectHeader = "x-millwright-project";

/** The header that keeps the requests of a conversation together. */
const sessionHeader = "x-session-id";

/** What the server of the OpenAI API needs. */
export interface OpenAiGround extends Omit<GenerationGround, "deskOf"> {
  readonly log: Log;
  readonly newId: () => string;
  readonly verdicts: Pick<KeyVerdicts, "admit">;
  readonly desks: Desks;
  readonly gate: LimitGate;
  readonly loads: LoadMeter;
  /** Hears of every request once, when it has ended. */
  readonly observe: (record: RequestRecord) => void;
}

/** A request that runs: looked after once in a while. */
interface Running {
  readonly answer: CallerAnswer;
  readonly stop: () => void;
}

/** One request from its headers on. */
interface Arrived {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly startedAt: number;
}

/** A request whose model was found and whose place in the limits was taken. */
interface LetIn {
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
  readonly #generationGround: GenerationGround;
  readonly #running = new Set<Running>();
  #timer: NodeJS.Timeout | undefined;
  #count = 0;

  constructor(ground: OpenAiGround) {
    this.#ground = ground;
    this.#generationGround = { ...ground, deskOf: (project, deployment) => ground.desks.deskOf(project, deployment) };
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), this.#ground.limits.tickMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Answers one request; never throws. */
  async handle(request: IncomingMessage, response: ServerResponse, path: OpenAiPath | "unknown"): Promise<void> {
    const { clock, newId } = this.#ground;
    const requestId = requestIdOf(request, newId);
    const arrived: Arrived = { request, response, requestId, startedAt: clock.now() };
    try {
      if (path === "unknown") throw unknownPath(request);
      switch (path.kind) {
        case "list-models":
        case "get-model":
          await this.#models(arrived, path.kind === "get-model" ? path.model : null);
          return;
        case "wrong-method":
          this.#refuse(arrived, wrongMethod(request, path.wanted));
          return;
        case "generate":
          await this.#generate(arrived, path.operation);
      }
    } catch (error) {
      this.#refuse(arrived, this.#refusalOf(request, error));
    }
  }

  async #models({ request, response, requestId }: Arrived, name: string | null): Promise<void> {
    const { project } = await this.#admit(request);
    const { directory } = this.#ground.desks;
    let body: object;
    if (name === null) {
      body = { object: "list", data: directory.list(project).map((model) => modelJson(model, project)) };
    } else {
      const { route } = directory.resolve(project, name);
      body = modelJson({ id: name, parent: name === route.deployment ? null : route.deployment }, project);
    }
    new CallerAnswer(response, { [requestIdHeader]: requestId }, false, this.#ground.clock.now()).sendWhole(
      200,
      "application/json",
      JSON.stringify(body),
    );
  }

  async #generate(arrived: Arrived, operation: OpenAiOperation): Promise<void> {
    const { limits, desks } = this.#ground;
    const reading = readBoundedBody(arrived.request, limits.bodyBytes, limits.lingerMs);
    reading.catch(() => undefined);
    const admission = await this.#admit(arrived.request);
    const body = await reading;
    const scan = scanRequest(body);
    const target = desks.directory.resolve(admission.project, scan.model);
    await this.#letIn({ arrived, operation, admission, body, scan, target });
  }

  /** Takes from the limits, runs the request, and settles once whatever happens. */
  async #letIn(letIn: LetIn): Promise<void> {
    const { gate, clock, loads } = this.#ground;
    const { route } = letIn.target;
    const tokensIn = tokensInOf(letIn.scan);
    const tokensOut = (letIn.scan.maxTokens ?? expectedTokensOut) * letIn.scan.choices;
    const ask = {
      subject: { identity: letIn.admission.identity, project: route.project, deployment: route.deployment },
      tokens: tokensIn + tokensOut,
      microMoney: priceOf(route.price, tokensIn, tokensOut),
    };
    const reserving = gate.reserve(ask, clock.now());
    const reserved = reserving instanceof Promise ? await reserving : reserving;
    if (reserved.kind === "refused") {
      const { message, retryAfterMs, headers } = reserved;
      const refusal = { ...serverRefusal(429, "rate_limit_exceeded", message, retryAfterMs), headers };
      this.#refuse(letIn.arrived, retryAfterMs === null ? { ...refusal, shouldRetry: false } : refusal);
      return;
    }
    let end: GenerationEnd = failedEnd;
    const carried = loads.enter(route.project, route.deployment, ask.tokens, clock.now());
    try {
      end = await this.#run(letIn, reserved.ticket);
    } catch (error) {
      const refusal = this.#refusalOf(letIn.arrived.request, error);
      end = { ...failedEnd, refusal };
      this.#refuse(letIn.arrived, refusal);
    } finally {
      const isGood = this.#settle(letIn, reserved.ticket, end);
      loads.leave(carried, isGood, clock.now());
    }
  }

  async #run(letIn: LetIn, ticket: LimitTicket): Promise<GenerationEnd> {
    const { desks, clock } = this.#ground;
    const { arrived, admission, target, scan, body, operation } = letIn;
    const { request, response, requestId } = arrived;
    const desk = desks.deskOf(target.route.project, target.route.deployment);
    if (desk === undefined) throw new Fault("serving.model-missing", `deployment ${target.route.deployment} is gone`);
    const headers = { [requestIdHeader]: requestId, ...ticket.headers };
    const answer = new CallerAnswer(response, headers, scan.isStream, clock.now());
    this.#count += 1;
    const { identity } = admission;
    const caller = stickyCaller(target.route.sticky, { requestId, identity, header: (name) => textOf(request, name) });
    const copied = { requestId, operation, body, scan, target };
    const sendCopy = shadowOf(this.#ground, desk, copied, answer);
    const generation = new Generation(this.#generationGround, {
      id: String(this.#count),
      requestId,
      operation,
      identity,
      target,
      body,
      scan,
      blocks: null,
      splitKey: caller ?? requestId,
      caller,
      session: textOf(request, sessionHeader) ?? null,
      traceparent: textOf(request, "traceparent") ?? null,
      answer,
    });
    const running: Running = { answer, stop: () => generation.abort() };
    this.#running.add(running);
    const onClose = (): void => {
      if (!response.writableFinished) generation.abort();
    };
    response.once("close", onClose);
    try {
      if (response.destroyed) generation.abort();
      const end = await generation.run(desk);
      sendCopy?.(end);
      return end;
    } finally {
      this.#running.delete(running);
      response.removeListener("close", onClose);
    }
  }

  /** @returns whether the request kept the deployment's SLO; null when it is not judged by one. */
  #settle(letIn: LetIn, ticket: LimitTicket, end: GenerationEnd): boolean | null {
    const { gate, clock, observe } = this.#ground;
    const { arrived, operation, admission, target, scan } = letIn;
    const now = clock.now();
    const { route } = target;
    const reached = end.kind === "done" || end.usage !== null || end.frames > 0;
    const tokensIn = end.usage?.tokensIn ?? (reached ? tokensInOf(scan) : 0);
    const tokensOut = end.usage?.tokensOut ?? end.frames;
    const microMoney = priceOf(route.price, tokensIn, tokensOut);
    if (reached) gate.settle(ticket, { tokensIn, tokensOut, microMoney }, now);
    else gate.abandon(ticket, now);
    const ttftMs = end.firstByteAt === null ? null : end.firstByteAt - arrived.startedAt;
    const measured = { outcome: end.kind, ttftMs, durationMs: now - arrived.startedAt, tokensOut };
    const isGood = route.slo === null || end.kind === "aborted" ? null : keepsSlo(measured, route.slo);
    observe({
      requestId: arrived.requestId,
      operation,
      project: route.project,
      identity: admission.identity,
      deployment: route.deployment,
      servedBy: end.servedBy,
      version: end.version,
      isStream: scan.isStream,
      status: end.kind === "aborted" ? 499 : (end.refusal?.status ?? 200),
      errorCode: end.refusal?.code ?? null,
      startedAt: arrived.startedAt,
      queueMs: end.queueMs,
      tokensIn,
      tokensCached: end.usage?.tokensCached ?? 0,
      microMoney,
      retries: end.retries,
      isGood,
      ...measured,
    });
    return isGood;
  }

  #admit(request: IncomingMessage): Promise<Admission> {
    const [scheme, token] = (request.headers.authorization ?? "").split(" ");
    const project = textOf(request, projectHeader) ?? null;
    return this.#ground.verdicts.admit(scheme?.toLowerCase() === "bearer" ? token : undefined, "read", project);
  }

  #refuse({ response, requestId }: Arrived, refusal: Refusal): void {
    new CallerAnswer(response, { [requestIdHeader]: requestId }, false, this.#ground.clock.now()).refuse(refusal);
  }

  #refusalOf(request: IncomingMessage, error: unknown): Refusal {
    if (isFault(error)) return refusalOfFault(error, faultStatus(error.kind));
    this.#ground.log.error("gateway request failed", {
      url: request.url,
      error: error instanceof Error ? error.stack : String(error),
    });
    return serverRefusal(500, "internal_error", "the gateway met an unexpected error; see the server's log");
  }

  #tick(): void {
    const { clock, limits, places } = this.#ground;
    const now = clock.now();
    places.tick(now);
    for (const { answer, stop } of this.#running) {
      const overrun = answer.tick(now, limits);
      if (overrun === null) continue;
      if (overrun === "stalled") answer.breakOff();
      else answer.refuse(serverRefusal(504, "request_timeout", `a request may take ${limits.totalMs} ms in all`));
      stop();
    }
  }
}

const failedEnd: GenerationEnd = {
  kind: "failed",
  refusal: null,
  usage: null,
  frames: 0,
  servedBy: "",
  version: "",
  queueMs: 0,
  firstByteAt: null,
  retries: 0,
};

function tokensInOf(scan: RequestScan): number {
  return estimateTokens(scan.prompt === null ? 0 : scan.prompt.end - scan.prompt.start);
}

function textOf(request: IncomingMessage, header: string): string | undefined {
  const value = request.headers[header];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function unknownPath(request: IncomingMessage): Fault {
  const path = (request.url ?? "/").slice(0, 200);
  return new Fault(
    "platform.not-found",
    `the gateway has no ${request.method ?? "GET"} ${path}; it has /v1/models, /v1/chat/completions, /v1/completions, /v1/embeddings and /v1/responses`,
  );
}

function wrongMethod(request: IncomingMessage, wanted: string): Refusal {
  const message = `this path wants ${wanted}, found ${request.method ?? "GET"}`;
  return { ...serverRefusal(405, "method_not_allowed", message), headers: { allow: wanted } };
}
