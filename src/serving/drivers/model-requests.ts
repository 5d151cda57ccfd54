import { Fault } from "../../base/fault.ts";
import { type Listed, Roster } from "../../base/roster.ts";
import { bandFor } from "../gateway/admission/band.ts";
import type { ModelTarget } from "../gateway/protocol/model-directory.ts";
import { serverRefusal } from "../gateway/protocol/refusal.ts";
import { stickyCaller } from "../gateway/traffic-split.ts";
import type { RoutingAsk } from "../gateway/routing/balancer.ts";
import type { Desks } from "./desks.ts";
import { Generation, type GenerationGround } from "./generation.ts";
import type { ModelAnswer } from "./model-answer.ts";
import type { ModelCall } from "./model-call.ts";
import { type KnownRequest, textIn } from "./known-request.ts";
import type { AccountedRequest, RequestAccounts } from "./request-accounts.ts";
import type { RequestEnd } from "./request-end.ts";

/** The headers by which a caller says how urgent its request is: interactive, default or bulk; the first one counts. */
const priorityHeader = "x-priority";
const bandHeader = "x-millwright-band";

/** The header that keeps the requests of a conversation together. */
const sessionHeader = "x-session-id";

/** What carrying requests of any protocol to models needs. */
export interface ModelRequestGround extends Omit<GenerationGround, "deskOf"> {
  readonly desks: Desks;
  readonly accounts: Pick<RequestAccounts, "carry">;
}

/** A request whose model was found. */
export interface ModelRequest extends KnownRequest {
  readonly target: ModelTarget;
  /** The version that the caller wants, and no other. */
  readonly versionId: string | null;
  /** Tokens that one answer may have, and how many answers are wanted. */
  readonly tokensOut: number;
  readonly choices: number;
  readonly blocks: RoutingAsk["blocks"];
  readonly call: ModelCall;
  readonly answer: ModelAnswer;
  /** Hears of the end, once the caller has its answer. */
  readonly onEnd?: (end: RequestEnd) => void;
}

/** A request that runs: looked after once in a while. */
interface Running extends Listed<Running> {
  readonly answer: ModelAnswer;
  readonly generation: Generation;
}

/** Carries requests to models whatever their protocol: runs each on its account, and looks after those that run. */
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
    const account: AccountedRequest = {
      requestId: asked.requestId,
      operation: asked.operation,
      protocol: asked.protocol,
      startedAt: asked.startedAt,
      admission: asked.admission,
      route: asked.target.route,
      headers: asked.headers,
      isStream: asked.call.isStream,
      tokensIn: asked.tokensIn,
      tokensOut: asked.tokensOut * asked.choices,
      rows: 0,
      body: asked.body,
      answer: asked.answer,
    };
    await this.#ground.accounts.carry(account, () => this.#run(asked));
  }

  async #run(asked: ModelRequest): Promise<RequestEnd> {
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
