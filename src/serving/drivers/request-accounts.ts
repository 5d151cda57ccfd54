import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../platform/ports.ts";
import type { LoadMeter } from "../gateway/load-meter.ts";
import { limitReason, refusalReason } from "../gateway/observe/refusal-reason.ts";
import { keepsSlo, type RequestRecord } from "../gateway/observe/request-record.ts";
import { longestKeptPauseMs, serverRefusal } from "../gateway/protocol/refusal.ts";
import { priceOf } from "../gateway/protocol/token-price.ts";
import type { LimitAnswer, LimitGate, LimitTicket } from "../gateway/request-parts.ts";
import type { Route } from "../gateway/routing-table.ts";
import { errorRefusal } from "./error-refusal.ts";
import { type KnownRequest, textIn } from "./known-request.ts";
import type { ModelAnswer } from "./model-answer.ts";
import { failedEnd, type RequestEnd } from "./request-end.ts";
import type { RequestObserver } from "./request-observer.ts";

/** What keeping the accounts of requests needs. */
export interface RequestAccountsGround {
  readonly clock: Clock;
  readonly log: Log;
  readonly gate: LimitGate;
  readonly loads: LoadMeter;
  /** Hears of every request once, when it has ended. */
  readonly observe: (record: RequestRecord, body: () => Uint8Array) => void;
  /** Hears of every request that a limit refused. */
  readonly refuse: RequestObserver["refuse"];
}

/** A request whose caller is known and whose deployment was found, as far as its account goes. */
export interface AccountedRequest extends KnownRequest {
  readonly route: Pick<Route, "project" | "deployment" | "price" | "slo">;
  readonly isStream: boolean;
  /** The most tokens of all answers together; none where rows or tensors are sent. */
  readonly tokensOut: number;
  /** Rows of a tabular request, else none. */
  readonly rows: number;
  readonly answer: Pick<ModelAnswer, "addHeaders" | "refuse">;
}

/** Takes what a request may use from its limits, has it served, settles what it did use and tells who watches; each exactly once. */
export class RequestAccounts {
  readonly #ground: RequestAccountsGround;

  constructor(ground: RequestAccountsGround) {
    this.#ground = ground;
  }

  /** Serves one request to its end, or refuses it by a limit; the caller has its answer then. Never throws. */
  async carry(asked: AccountedRequest, serve: () => Promise<RequestEnd>): Promise<void> {
    const { gate, clock, loads } = this.#ground;
    const { route, tokensIn, tokensOut, rows, answer } = asked;
    const { identity, key } = asked.admission;
    const ask = {
      subject: { identity, key: key ?? null, project: route.project, deployment: route.deployment },
      tokens: tokensIn + tokensOut,
      microMoney: priceOf(route.price, { tokensIn, tokensOut, rows }),
    };
    const reserving = gate.reserve(ask, clock.now());
    const reserved = reserving instanceof Promise ? await reserving : reserving;
    if (reserved.kind === "refused") {
      this.#refuseByLimit(asked, reserved);
      return;
    }
    let end: RequestEnd = failedEnd;
    const carried = loads.enter(route.project, route.deployment, ask.tokens, clock.now());
    try {
      answer.addHeaders(reserved.ticket.headers);
      end = await serve();
    } catch (error) {
      const { requestId } = asked;
      const { project, deployment } = route;
      const refusal = errorRefusal(error, this.#ground.log, { requestId, project, deployment });
      end = { ...failedEnd, refusal };
      answer.refuse(refusal);
    } finally {
      const isGood = this.#settle(asked, reserved.ticket, end);
      loads.leave(carried, isGood, clock.now());
    }
  }

  #refuseByLimit(
    { requestId, protocol, startedAt, admission, route, answer }: AccountedRequest,
    { message, retryAfterMs, headers, measure }: Extract<LimitAnswer, { readonly kind: "refused" }>,
  ): void {
    const plain = serverRefusal(429, "rate_limit_exceeded", message, retryAfterMs);
    const refusal = { ...plain, headers, reason: limitReason(measure) };
    const isInVain = retryAfterMs === null || retryAfterMs > longestKeptPauseMs;
    answer.refuse(isInVain ? { ...refusal, shouldRetry: false } : refusal);
    const { project, deployment } = route;
    const { identity } = admission;
    this.#ground.refuse({ requestId, protocol, startedAt, admission: { project, identity }, deployment }, refusal);
  }

  /** @returns whether the request kept the deployment's SLO; null when it is not judged by one. */
  #settle(asked: AccountedRequest, ticket: LimitTicket, end: RequestEnd): boolean | null {
    const { gate, clock, observe } = this.#ground;
    const now = clock.now();
    const { route } = asked;
    // Who leaves while a replica works on it has used it.
    const wasLeft = end.kind === "aborted" && end.servedBy !== "";
    const reached = end.kind === "done" || end.usage !== null || end.frames > 0 || wasLeft;
    const tokensIn = end.usage?.tokensIn ?? (reached ? asked.tokensIn : 0);
    const tokensOut = end.usage?.tokensOut ?? end.frames;
    const microMoney = priceOf(route.price, { tokensIn, tokensOut, rows: reached ? asked.rows : 0 });
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
        isStream: asked.isStream,
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
}
