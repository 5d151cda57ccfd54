import type { Instant } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { type Listed, Roster } from "../../base/roster.ts";
import type { Log } from "../../platform/ports.ts";
import { bandFor } from "../gateway/admission/band.ts";
import type { LoadMeter } from "../gateway/load-meter.ts";
import type { Admission } from "../gateway/messages.ts";
import { limitReason, refusalReason } from "../gateway/observe/refusal-reason.ts";
import { keepsSlo, type RequestRecord } from "../gateway/observe/request-record.ts";
import type { ModelTarget } from "../gateway/protocol/model-directory.ts";
import { longestKeptPauseMs, type Refusal, serverRefusal } from "../gateway/protocol/refusal.ts";
import { priceOf } from "../gateway/protocol/token-price.ts";
import { stickyCaller } from "../gateway/traffic-split.ts";
import type { RequestObserver } from "./request-observer.ts";
import type { LimitAnswer, LimitGate, LimitTicket } from "../gateway/request-parts.ts";
import type { RoutingAsk } from "../gateway/routing/balancer.ts";
import type { Desks } from "./desks.ts";
import { errorRefusal } from "./error-refusal.ts";
import { Generation, type GenerationEnd, type GenerationGround } from "./generation.ts";
import type { ModelAnswer } from "./model-answer.ts";
import type { ModelCall } from "./model-call.ts";

/** The headers by which a caller says how urgent its request is: interactive, default or bulk; the first one counts. */
const priorityHeader = "x-priority";
const bandHeader = "x-millwright-band";

/** The header that keeps the requests of a conversation together. */
const sessionHeader = "x-session-id";

/** What carrying requests of any protocol to models needs. */
export interface ModelRequestGround extends Omit<GenerationGround, "deskOf"> {
  readonly log: Log;
  readonly desks: Desks;
  readonly gate: LimitGate;
  readonly loads: LoadMeter;
  /** Hears of every request once, when it has ended. */
  readonly observe: (record: RequestRecord, body: () => Uint8Array) => void;
  /** Hears of every request that a limit refused. */
  readonly refuse: RequestObserver["refuse"];
}

/** A request that was understood, whose caller is known and whose model was found. */
export interface ModelRequest {
  readonly requestId: string;
  readonly operation: RequestRecord["operation"];
  readonly protocol: RequestRecord["protocol"];
  readonly startedAt: Instant;
  readonly admission: Admission;
  readonly target: ModelTarget;
  /** The version that the caller wants, and no other. */
  readonly versionId: string | null;
  readonly headers: RequestHeaders;
  /** Tokens of the prompt. */
  readonly tokensIn: number;
  /** Tokens that one answer may have, and how many answers are wanted. */
  readonly tokensOut: number;
  readonly choices: number;
  readonly blocks: RoutingAsk["blocks"];
  /** As the caller sent it. */
  readonly body: () => Uint8Array;
  readonly call: ModelCall;
  readonly answer: ModelAnswer;
  /** Hears of the end, once the caller has its answer. */
  readonly onEnd?: (end: GenerationEnd) => void;
}

/** Headers of a request, by lower-case name. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A request that runs: looked after once in a while. */
interface Running extends Listed<Running> {
  readonly answer: ModelAnswer;
  readonly generation: Generation;
}

/** Carries requests to models whatever their protocol: takes from the limits, runs each, and settles it exactly once. */
export class ModelRequests {
  readonly #ground: ModelRequestGround;
  readonly #generationGround: GenerationGround;
  readonly #running = new Roster<Running>();
  #timer: NodeJS.Timeout | undefined;
  #count = 0;

  constructor(ground: ModelRequestGround) {
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

  /** Runs one request to its end; the caller has its answer then. Never throws. */
  async carry(asked: ModelRequest): Promise<void> {
    const { gate, clock, loads } = this.#ground;
    const { target, tokensIn, answer } = asked;
    const { identity, key } = asked.admission;
    const { route } = target;
    const tokensOut = asked.tokensOut * asked.choices;
    const ask = {
      subject: { identity, key: key ?? null, project: route.project, deployment: route.deployment },
      tokens: tokensIn + tokensOut,
      microMoney: priceOf(route.price, tokensIn, tokensOut),
    };
    const reserving = gate.reserve(ask, clock.now());
    const reserved = reserving instanceof Promise ? await reserving : reserving;
    if (reserved.kind === "refused") {
      this.#refuseByLimit(asked, reserved);
      return;
    }
    let end: GenerationEnd = failedEnd;
    const carried = loads.enter(route.project, route.deployment, ask.tokens, clock.now());
    try {
      answer.addHeaders(reserved.ticket.headers);
      end = await this.#run(asked);
    } catch (error) {
      const refusal = this.#refusalOf(asked, error);
      end = { ...failedEnd, refusal };
      answer.refuse(refusal);
    } finally {
      const isGood = this.#settle(asked, reserved.ticket, end);
      loads.leave(carried, isGood, clock.now());
    }
  }

  #refuseByLimit(
    { requestId, protocol, startedAt, admission, target, answer }: ModelRequest,
    { message, retryAfterMs, headers, measure }: Extract<LimitAnswer, { readonly kind: "refused" }>,
  ): void {
    const plain = serverRefusal(429, "rate_limit_exceeded", message, retryAfterMs);
    const refusal = { ...plain, headers, reason: limitReason(measure) };
    const isInVain = retryAfterMs === null || retryAfterMs > longestKeptPauseMs;
    answer.refuse(isInVain ? { ...refusal, shouldRetry: false } : refusal);
    const { project, deployment } = target.route;
    const { identity } = admission;
    this.#ground.refuse({ requestId, protocol, startedAt, admission: { project, identity }, deployment }, refusal);
  }

  async #run(asked: ModelRequest): Promise<GenerationEnd> {
    const { answer, target, headers, tokensIn, tokensOut, blocks } = asked;
    const desk = this.#ground.desks.deskOf(target.route.project, target.route.deployment);
    if (desk === undefined) throw new Fault("serving.model-missing", `deployment ${target.route.deployment} is gone`);
    this.#count += 1;
    const { requestId } = asked;
    const { identity } = asked.admission;
    const caller = stickyCaller(target.route.sticky, { requestId, identity, header: (name) => textIn(headers, name) });
    const generation = new Generation(this.#generationGround, {
      id: String(this.#count),
      requestId,
      identity,
      band: bandFor(textIn(headers, priorityHeader) ?? textIn(headers, bandHeader), asked.admission.mostUrgent),
      target,
      ask: { tokensIn, tokensOut, blocks, session: textIn(headers, sessionHeader) ?? null, adapter: target.adapter },
      call: asked.call,
      splitKey: caller ?? requestId,
      caller,
      versionId: asked.versionId ?? target.versionId ?? null,
      traceparent: textIn(headers, "traceparent") ?? null,
      answer,
    });
    const running: Running = { answer, generation, older: null, younger: null };
    this.#running.add(running);
    const stopListening = answer.onGone(() => generation.abort());
    try {
      const end = await generation.run(desk);
      asked.onEnd?.(end);
      return end;
    } finally {
      this.#running.remove(running);
      stopListening();
    }
  }

  /** @returns whether the request kept the deployment's SLO; null when it is not judged by one. */
  #settle(asked: ModelRequest, ticket: LimitTicket, end: GenerationEnd): boolean | null {
    const { gate, clock, observe } = this.#ground;
    const now = clock.now();
    const { route } = asked.target;
    // Who leaves while a replica works on the prompt has used it.
    const wasLeft = end.kind === "aborted" && end.servedBy !== "";
    const reached = end.kind === "done" || end.usage !== null || end.frames > 0 || wasLeft;
    const tokensIn = end.usage?.tokensIn ?? (reached ? asked.tokensIn : 0);
    const tokensOut = end.usage?.tokensOut ?? end.frames;
    const microMoney = priceOf(route.price, tokensIn, tokensOut);
    if (reached) gate.settle(ticket, { tokensIn, tokensOut, microMoney }, now);
    else gate.abandon(ticket, now);
    const ttftMs = end.firstByteAt === null ? null : end.firstByteAt - asked.startedAt;
    const measured = { outcome: end.kind, ttftMs, durationMs: now - asked.startedAt, tokensOut };
    const isGood = route.slo === null || end.kind === "aborted" ? null : keepsSlo(measured, route.slo);
    observe(
      {
        requestId: asked.requestId,
        operation: asked.operation,
        protocol: asked.protocol,
        project: route.project,
        identity: asked.admission.identity,
        deployment: route.deployment,
        servedBy: end.servedBy,
        version: end.version,
        isStream: asked.call.isStream,
        status: end.kind === "aborted" ? 499 : (end.refusal?.status ?? 200),
        errorCode: end.refusal?.code ?? null,
        // What no replica was asked about was refused by the gateway itself.
        refused: end.refusal === null || end.servedBy !== "" ? null : refusalReason(end.refusal),
        startedAt: asked.startedAt,
        queueMs: end.queueMs,
        heldMs: end.heldMs,
        tokensIn,
        tokensCached: end.usage?.tokensCached ?? 0,
        microMoney,
        retries: end.retries,
        isGood,
        traceparent: textIn(asked.headers, "traceparent") ?? null,
        ...measured,
      },
      asked.body,
    );
    return isGood;
  }

  #refusalOf({ requestId, target }: ModelRequest, error: unknown): Refusal {
    const { project, deployment } = target.route;
    return errorRefusal(error, this.#ground.log, { requestId, project, deployment });
  }

  #tick(): void {
    const { clock, limits, places } = this.#ground;
    const now = clock.now();
    places.tick(now);
    let next = this.#running.oldest;
    while (next !== null) {
      const { answer, generation, younger } = next;
      next = younger;
      const overrun = answer.tick(now, limits);
      if (overrun === null) continue;
      if (overrun === "stalled") answer.breakOff();
      else answer.refuse(serverRefusal(504, "request_timeout", `a request may take ${limits.totalMs} ms in all`));
      generation.abort();
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
  heldMs: null,
  firstByteAt: null,
  retries: 0,
};

function textIn(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}
