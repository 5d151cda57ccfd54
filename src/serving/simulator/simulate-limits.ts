import type { Instant, Millis } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { LeaseBook } from "../gateway/limits/lease-book.ts";
import type { ShareReport } from "../gateway/limits/lease.ts";
import { type LimitAsk, LimitLedger, type Reservation } from "../gateway/limits/limit-ledger.ts";
import type { LimitRule } from "../gateway/limits/limit-rule.ts";
import { ShareDesk } from "../gateway/limits/share-desk.ts";

/** How often a worker tells the owner what it used, how often it asks for one request, and when a caller that gets nothing
 * comes again: as in the gateway. */
const reportMs: Millis = 500;
const asksMax = 2;
const soonMs: Millis = 500;

/** Longer than any simulated request takes. */
const holdMs: Millis = 600_000;

/** One limit, the workers that share it, and their callers. */
export interface LimitedWorkers {
  readonly rule: LimitRule;
  readonly ask: LimitAsk;
  /** How many callers each worker has; each sends the next request when it has its answer. */
  readonly callers: readonly number[];
  /** A request is served for half to one and a half of it. */
  readonly serviceMs: Millis;
  /** How long a refused caller waits; null: as long as it was told, in whole seconds. */
  readonly pauseMs: Millis | null;
  /** From a worker to the owner and back. */
  readonly roundTripMs: Millis;
  readonly runMs: Millis;
}

/** What came of it. */
export interface LimitedUse {
  /** When requests were let in, rising. */
  readonly letInAt: readonly Instant[];
  readonly refused: number;
  /** Requests under way, on average over the time, and at most. */
  readonly meanAtOnce: number;
  readonly mostAtOnce: number;
  /** Questions to the owner, and requests that waited for an answer. */
  readonly exchanges: number;
  readonly waited: number;
}

interface Due {
  readonly at: Instant;
  readonly run: () => void;
}

/** Runs what is due in order of time. */
class Agenda {
  now: Instant = 0;
  readonly #due: Due[] = [];

  after(delayMs: Millis, run: () => void): void {
    const at = this.now + delayMs;
    let low = 0;
    let high = this.#due.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#due[middle]?.at ?? 0) > at) low = middle + 1;
      else high = middle;
    }
    this.#due.splice(low, 0, { at, run });
  }

  runUntil(end: Instant): void {
    for (let next = this.#due.at(-1); next !== undefined && next.at <= end; next = this.#due.at(-1)) {
      this.#due.pop();
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }
}

/** Counts requests under way over the time. */
class AtOnce {
  most = 0;
  #count = 0;
  #area = 0;
  #since: Instant = 0;

  change(by: number, now: Instant): void {
    this.#area += this.#count * (now - this.#since);
    this.#since = now;
    this.#count += by;
    this.most = Math.max(this.most, this.#count);
  }

  meanUntil(now: Instant): number {
    this.change(0, now);
    return now === 0 ? 0 : this.#area / now;
  }
}

/** A worker with its ledger on leased shares, and its conversation with the owner: one question at a time. */
class SimulatedWorker {
  exchanges = 0;
  readonly ledger: LimitLedger;
  readonly #desk = new ShareDesk(0);
  readonly #agenda: Agenda;
  readonly #answer: (reports: readonly ShareReport[]) => ReturnType<LeaseBook["lease"]>["grants"];
  readonly #roundTripMs: Millis;
  #isAsking = false;
  #waiting: (() => void)[] = [];

  constructor(name: string, { rule, roundTripMs }: LimitedWorkers, book: LeaseBook, agenda: Agenda) {
    this.ledger = new LimitLedger(this.#desk.open, holdMs);
    this.ledger.setRules([rule], 0);
    this.#agenda = agenda;
    this.#roundTripMs = roundTripMs;
    this.#answer = (reports) => book.lease(name, reports, agenda.now).grants;
  }

  start(firstMs: Millis): void {
    const tick = (): void => {
      this.exchange(() => undefined);
      this.#agenda.after(reportMs, tick);
    };
    this.#agenda.after(firstMs, tick);
  }

  /** What a request that has ended does. */
  ended(): void {
    if (this.#desk.isPressed) this.exchange(() => undefined);
  }

  /** Asks the owner; a question that comes while another is under way joins the one after it. */
  exchange(then: () => void): void {
    this.#waiting.push(then);
    if (!this.#isAsking) this.#ask();
  }

  #ask(): void {
    this.#isAsking = true;
    this.exchanges += 1;
    const told = this.#waiting;
    this.#waiting = [];
    const reports = this.#desk.report(this.#agenda.now);
    this.#agenda.after(this.#roundTripMs / 2, () => {
      const grants = this.#answer(reports);
      this.#agenda.after(this.#roundTripMs / 2, () => {
        this.#desk.apply(grants, this.#agenda.now);
        this.#isAsking = false;
        if (this.#waiting.length > 0) this.#ask();
        for (const each of told) each();
      });
    });
  }
}

/** Callers of one worker, and what they meet. */
class Callers {
  waited = 0;
  refused = 0;
  readonly #asked: LimitedWorkers;
  readonly #worker: SimulatedWorker;
  readonly #agenda: Agenda;
  readonly #random: Random;
  readonly #letIn: Instant[];
  readonly #atOnce: AtOnce;

  constructor(
    asked: LimitedWorkers,
    worker: SimulatedWorker,
    parts: {
      readonly agenda: Agenda;
      readonly random: Random;
      readonly letIn: Instant[];
      readonly atOnce: AtOnce;
    },
  ) {
    this.#asked = asked;
    this.#worker = worker;
    this.#agenda = parts.agenda;
    this.#random = parts.random;
    this.#letIn = parts.letIn;
    this.#atOnce = parts.atOnce;
  }

  send(asked = 0): void {
    const answer = this.#worker.ledger.reserve(this.#asked.ask, this.#agenda.now);
    if (answer.kind === "reserved") this.#serve(answer);
    else if (answer.kind === "refused") this.#pause(answer.retryAfterMs ?? soonMs);
    else if (asked >= asksMax) this.#pause(soonMs);
    else {
      this.waited += asked === 0 ? 1 : 0;
      this.#worker.exchange(() => this.send(asked + 1));
    }
  }

  #serve({ ticket }: Extract<Reservation, { kind: "reserved" }>): void {
    const { now } = this.#agenda;
    this.#letIn.push(now);
    this.#atOnce.change(1, now);
    this.#agenda.after(this.#asked.serviceMs * (0.5 + this.#random.next()), () => {
      this.#atOnce.change(-1, this.#agenda.now);
      const { tokens, microMoney } = this.#asked.ask;
      this.#worker.ledger.settle(ticket, { tokensIn: tokens, tokensOut: 0, microMoney }, this.#agenda.now);
      this.#worker.ended();
      this.send();
    });
  }

  #pause(toldMs: Millis): void {
    this.refused += 1;
    const { pauseMs } = this.#asked;
    this.#agenda.after(pauseMs ?? Math.max(1_000, Math.ceil(toldMs / 1_000) * 1_000), () => this.send());
  }
}

/**
 * Runs workers that share one lent limit under callers that always want more: what the books, shares and ledgers of the gateway
 * do, with the time that questions to the owner take, on a clock of its own.
 */
export function simulateLimits(asked: LimitedWorkers, random: Random): LimitedUse {
  const agenda = new Agenda();
  const atOnce = new AtOnce();
  const letIn: Instant[] = [];
  const book = new LeaseBook(0);
  book.setRules([asked.rule], 0);
  const workers = asked.callers.map((_, place) => new SimulatedWorker(`worker-${place}`, asked, book, agenda));
  const groups = workers.map((worker) => new Callers(asked, worker, { agenda, random, letIn, atOnce }));
  for (const worker of workers) worker.start(random.next() * reportMs);
  for (const [place, group] of groups.entries()) {
    for (let caller = 0; caller < (asked.callers[place] ?? 0); caller += 1) {
      agenda.after(random.next() * 1_000, () => group.send());
    }
  }
  agenda.runUntil(asked.runMs);
  const sum = (of: readonly number[]): number => of.reduce((total, each) => total + each, 0);
  return {
    letInAt: letIn,
    refused: sum(groups.map((group) => group.refused)),
    meanAtOnce: atOnce.meanUntil(asked.runMs),
    mostAtOnce: atOnce.most,
    exchanges: sum(workers.map((worker) => worker.exchanges)),
    waited: sum(groups.map((group) => group.waited)),
  };
}
