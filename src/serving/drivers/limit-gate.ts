import type { Clock, Instant, Millis } from "../../base/clock.ts";
import {
  type LimitAsk,
  LimitLedger,
  type LimitRefusal,
  type LimitTicket,
  type LimitUse,
} from "../gateway/limits/limit-ledger.ts";
import { describeRefusal } from "../gateway/limits/describe-refusal.ts";
import type { LimitMeasure } from "../gateway/limits/limit-rule.ts";
import type { LimitTable } from "../gateway/limits/limit-table.ts";
import type { ShareDesk } from "../gateway/limits/share-desk.ts";
import type { LimitLeases } from "./limit-leases.ts";

/**
 * How often the owner of the limits is asked for one request before it is refused: of each question others may take what it gave, and
 * in a burst each of several limits runs out in its turn.
 */
const asksMax = 8;

/** How often of these it may leave a question unanswered. */
const silencesMax = 2;

/**
 * How long a request waits for the owner's answer each time: in all as long as a share is lent, after which that of a rate refills by
 * itself. Less refused whole bursts, since a worker that takes in a thousand connections at once hears the answer late.
 */
const askMs: Millis = 2_500;

/** What a refused request is told when the owner gave its word, but others took what it gave. */
const soonMs: Millis = 500;

/** Who asks for what, as a gateway knows it; the team is that of the project. */
export interface GateSubject {
  readonly identity: string;
  /** The id of the API key, where it is known. */
  readonly key?: string | null;
  readonly project: string;
  readonly deployment: string;
}

/** What a request may use at most. */
export interface GateAsk extends Omit<LimitAsk, "subject"> {
  readonly subject: GateSubject;
}

/** What was taken from the limits of one request, for exactly one `settle` or `abandon`. */
export interface GateTicket {
  readonly ticket: LimitTicket;
  /** Headers of the answer that tell what is left. */
  readonly headers: Readonly<Record<string, string>>;
}

export type GateAnswer =
  | { readonly kind: "reserved"; readonly ticket: GateTicket }
  | {
      readonly kind: "refused";
      /** The limit's name. */
      readonly limit: string;
      /** What it counts; null when the worker's share was used up and its owner not heard. */
      readonly measure: LimitMeasure | null;
      readonly message: string;
      /** Null when it will never be there. */
      readonly retryAfterMs: Millis | null;
      readonly headers: Readonly<Record<string, string>>;
    };

interface RefusingLimit {
  readonly name: string;
  readonly measure: LimitMeasure | null;
}

/** A worker's limits: reserves at once from what it holds, and waits for the owner only when that is used up. */
export class LimitGate {
  readonly #ledger: LimitLedger;
  readonly #desk: ShareDesk;
  readonly #leases: Pick<LimitLeases, "ask">;
  readonly #clock: Clock;
  #teams: Readonly<Record<string, string>> = {};

  /** @param holdMs longer than any request may take; a reservation that is not settled until then counts as used. */
  constructor(desk: ShareDesk, leases: Pick<LimitLeases, "ask">, clock: Clock, holdMs: Millis) {
    this.#desk = desk;
    this.#leases = leases;
    this.#clock = clock;
    this.#ledger = new LimitLedger(desk.open, holdMs);
  }

  /** Takes the limits in force. */
  setTable({ rules, teams }: LimitTable, now: Instant): void {
    this.#teams = teams;
    this.#ledger.setRules(rules, now);
    this.#desk.retain(new Set(rules.map((rule) => rule.id)));
  }

  reserve(ask: GateAsk, now: Instant): GateAnswer | Promise<GateAnswer> {
    const { identity, key = null, project, deployment } = ask.subject;
    const subject = { identity, key, project, team: this.#teams[project] ?? "", deployment };
    const full: LimitAsk = { subject, tokens: ask.tokens, microMoney: ask.microMoney };
    return this.#answer(full, now) ?? this.#askOwner(full);
  }

  settle(ticket: GateTicket, use: LimitUse, now: Instant): void {
    this.#ledger.settle(ticket.ticket, use, now);
    this.#giveBackAtOnce();
  }

  /** Nothing was used: the request never reached a model. */
  abandon(ticket: GateTicket, now: Instant): void {
    this.#ledger.abandon(ticket.ticket, now);
    this.#giveBackAtOnce();
  }

  /** Where others wait for what has just fallen free, it is not kept until the next report. */
  #giveBackAtOnce(): void {
    if (this.#desk.isPressed) this.#leases.ask().catch(() => undefined);
  }

  async #askOwner(ask: LimitAsk): Promise<GateAnswer> {
    let silences = 0;
    for (let asked = 0; asked < asksMax && silences < silencesMax; asked += 1) {
      if (!(await this.#askInTime())) silences += 1;
      const answer = this.#answer(ask, this.#clock.now());
      if (answer !== null) return answer;
    }
    const message = "the share of the limits that this gateway holds is used up, and their owner gave no more in time";
    return this.#refuse(ask, { name: "traffic limits", measure: null }, message, soonMs);
  }

  /** @returns whether the question ended in time. */
  async #askInTime(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), askMs);
    });
    const isInTime = await Promise.race([this.#leases.ask().then(() => true), tooLate]);
    clearTimeout(timer);
    return isInTime;
  }

  /** Null when the owner must be asked. */
  #answer(ask: LimitAsk, now: Instant): GateAnswer | null {
    const answer = this.#ledger.reserve(ask, now);
    switch (answer.kind) {
      case "reserved":
        return { kind: "reserved", ticket: { ticket: answer.ticket, headers: this.#ledger.headers(ask.subject, now) } };
      case "refused":
        return this.#refuseFor(ask, answer);
      case "lease-first":
        return null;
    }
  }

  #refuseFor(ask: LimitAsk, refusal: LimitRefusal): GateAnswer {
    return this.#refuse(ask, refusal.limit, describeRefusal(ask, refusal), refusal.retryAfterMs);
  }

  #refuse(ask: LimitAsk, limit: RefusingLimit, message: string, retryAfterMs: Millis | null): GateAnswer {
    const headers = this.#ledger.headers(ask.subject, this.#clock.now());
    return { kind: "refused", limit: limit.name, measure: limit.measure, message, retryAfterMs, headers };
  }
}
