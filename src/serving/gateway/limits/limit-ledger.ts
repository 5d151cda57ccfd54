import type { Instant, Millis } from "../../../base/clock.ts";
import { leaseFirst, type LimitAccount, type LimitHold } from "./limit-account.ts";
import { type LimitMeasure, type LimitRule, type LimitSubject, matchesSubject } from "./limit-rule.ts";
import { rateLimitHeaders } from "./rate-limit-headers.ts";

/** Callers whose limits are remembered; the oldest go first. */
const callersMax = 10_000;

/** What one request would use at most. */
export interface LimitAsk {
  readonly subject: LimitSubject;
  /** Tokens of input and the most of output. */
  readonly tokens: number;
  /** The most that it costs, in millionths of the currency's unit. */
  readonly microMoney: number;
}

/** What it did use. */
export interface LimitUse {
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly microMoney: number;
}

/** What a request reserved of its limits; to be settled or abandoned, once. */
export class LimitTicket {
  readonly accounts: readonly LimitAccount[];
  readonly holds: readonly LimitHold[];
  readonly lapsesAt: Instant;
  state: "open" | "settled" | "abandoned" | "lapsed" = "open";
  older: LimitTicket | null;
  younger: LimitTicket | null = null;

  constructor(
    accounts: readonly LimitAccount[],
    holds: readonly LimitHold[],
    lapsesAt: Instant,
    older: LimitTicket | null,
  ) {
    this.accounts = accounts;
    this.holds = holds;
    this.lapsesAt = lapsesAt;
    this.older = older;
  }
}

/** Why a request must wait: the limit that will have enough last. */
export interface LimitRefusal {
  readonly kind: "refused";
  readonly limit: LimitRule;
  /** Until enough is there of every limit; null when that will never be. */
  readonly retryAfterMs: Millis | null;
}

/**
 * The answer to a reservation. `lease-first`: the worker's share is used up, and the owner of the limit may have more;
 * reserve again once it was asked.
 */
export type Reservation =
  | { readonly kind: "reserved"; readonly ticket: LimitTicket }
  | LimitRefusal
  | { readonly kind: "lease-first" };

/** Opens the books of a limit: the whole of it, or a worker's share. */
export type OpenAccount = (rule: LimitRule, now: Instant) => LimitAccount;

/**
 * Debits all limits of a request together, or none.
 *
 * A reservation that nobody settles lapses after `holdMs`: what it reserved counts as used, since nobody knows better, and
 * its place among the requests at once is free again. Cost: O(limits of the request), no allocation but the ticket's.
 */
export class LimitLedger {
  readonly #open: OpenAccount;
  readonly #holdMs: Millis;
  #accounts = new Map<string, LimitAccount>();
  readonly #callers = new Map<string, readonly LimitAccount[]>();
  /** Whose limits were looked up last: mostly they are asked for several times in a row. */
  #lastSubject: LimitSubject | null = null;
  #lastAccounts: readonly LimitAccount[] = [];
  #oldest: LimitTicket | null = null;
  #youngest: LimitTicket | null = null;
  #openTickets = 0;

  /** @param holdMs longer than any request may take. */
  constructor(open: OpenAccount, holdMs: Millis) {
    this.#open = open;
    this.#holdMs = holdMs;
  }

  /** Reservations that are neither settled nor abandoned nor lapsed. */
  get openTickets(): number {
    return this.#openTickets;
  }

  /** Takes the limits in force; what was taken of those that stay remains taken. */
  setRules(rules: readonly LimitRule[], now: Instant): void {
    const accounts = new Map<string, LimitAccount>();
    for (const rule of rules) {
      const known = this.#accounts.get(rule.id);
      known?.setRule(rule, now);
      accounts.set(rule.id, known ?? this.#open(rule, now));
    }
    this.#accounts = accounts;
    this.#callers.clear();
    this.#lastSubject = null;
  }

  reserve(ask: LimitAsk, now: Instant): Reservation {
    this.sweep(now);
    const accounts = this.#accountsOf(ask.subject);
    let longestMs = 0;
    let last: LimitAccount | null = null;
    let isLeaseWanted = false;
    for (const account of accounts) {
      const waitMs = account.waitMs(amountOf(account.rule.measure, ask), now);
      if (waitMs === leaseFirst) isLeaseWanted = true;
      else if (waitMs > longestMs) {
        longestMs = waitMs;
        last = account;
      }
    }
    if (last !== null) {
      const retryAfterMs = longestMs === Number.POSITIVE_INFINITY ? null : longestMs;
      return { kind: "refused", limit: last.rule, retryAfterMs };
    }
    if (isLeaseWanted) {
      missWhatLacks(accounts, ask, now);
      return { kind: "lease-first" };
    }
    const holds = accounts.map((account) => account.take(amountOf(account.rule.measure, ask), now));
    return { kind: "reserved", ticket: this.#issue(accounts, holds, now) };
  }

  /** Keeps what was used and gives the rest back. */
  settle(ticket: LimitTicket, used: LimitUse, now: Instant): void {
    if (!this.#close(ticket, "settled")) return;
    const { accounts, holds } = ticket;
    const asked = { tokens: used.tokensIn + used.tokensOut, microMoney: used.microMoney };
    for (let index = 0; index < holds.length; index += 1) {
      const measure = accounts[index]?.rule.measure ?? "requests";
      holds[index]?.settle(amountOf(measure, asked), now);
    }
  }

  /** Gives everything back: the request was never served. */
  abandon(ticket: LimitTicket, now: Instant): void {
    if (!this.#close(ticket, "abandoned")) return;
    for (const hold of ticket.holds) hold.settle(0, now);
  }

  /** Ends the reservations whose time is over; `reserve` does it too. */
  sweep(now: Instant): void {
    for (let ticket = this.#oldest; ticket !== null && ticket.lapsesAt <= now; ticket = this.#oldest) {
      this.#unlink(ticket);
      ticket.state = "lapsed";
      for (const hold of ticket.holds) hold.settle(hold.taken, now);
    }
  }

  /** The headers that tell a caller how much is left: `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`. */
  headers(subject: LimitSubject, now: Instant): Readonly<Record<string, string>> {
    return rateLimitHeaders(this.#accountsOf(subject), now);
  }

  #issue(accounts: readonly LimitAccount[], holds: readonly LimitHold[], now: Instant): LimitTicket {
    const ticket = new LimitTicket(accounts, holds, now + this.#holdMs, this.#youngest);
    if (this.#youngest === null) this.#oldest = ticket;
    else this.#youngest.younger = ticket;
    this.#youngest = ticket;
    this.#openTickets += 1;
    return ticket;
  }

  /** @returns false when the ticket had lapsed, so that nothing is left to do. */
  #close(ticket: LimitTicket, state: "settled" | "abandoned"): boolean {
    const before = ticket.state;
    if (before !== "open" && before !== "lapsed") {
      throw new Error(`a reservation ends once, and this one was ${before} before it was ${state}`);
    }
    ticket.state = state;
    if (before === "open") this.#unlink(ticket);
    return before === "open";
  }

  #unlink(ticket: LimitTicket): void {
    const { older, younger } = ticket;
    if (older === null) this.#oldest = younger;
    else older.younger = younger;
    if (younger === null) this.#youngest = older;
    else younger.older = older;
    ticket.older = null;
    ticket.younger = null;
    this.#openTickets -= 1;
  }

  #accountsOf(subject: LimitSubject): readonly LimitAccount[] {
    const last = this.#lastSubject;
    if (last !== null && isSame(last, subject)) return this.#lastAccounts;
    this.#lastAccounts = this.#findAccounts(subject);
    this.#lastSubject = subject;
    return this.#lastAccounts;
  }

  #findAccounts(subject: LimitSubject): readonly LimitAccount[] {
    const { identity, key, project, team, deployment } = subject;
    const caller = `${identity}\n${key ?? ""}\n${project}\n${team}\n${deployment}`;
    const known = this.#callers.get(caller);
    if (known !== undefined) return known;
    const accounts = [...this.#accounts.values()].filter((account) => matchesSubject(account.rule.subject, subject));
    if (this.#callers.size >= callersMax) this.#callers.delete(this.#callers.keys().next().value ?? "");
    this.#callers.set(caller, accounts);
    return accounts;
  }
}

/** Has the owner asked for it only now, since a request that another limit refuses waits for nothing. */
function missWhatLacks(accounts: readonly LimitAccount[], ask: LimitAsk, now: Instant): void {
  for (const account of accounts) {
    const amount = amountOf(account.rule.measure, ask);
    if (account.waitMs(amount, now) === leaseFirst) account.miss?.(amount, now);
  }
}

function isSame(one: LimitSubject, other: LimitSubject): boolean {
  return (
    one.identity === other.identity &&
    one.key === other.key &&
    one.project === other.project &&
    one.team === other.team &&
    one.deployment === other.deployment
  );
}

function amountOf(measure: LimitMeasure, ask: { readonly tokens: number; readonly microMoney: number }): number {
  switch (measure) {
    case "requests":
    case "concurrency":
      return 1;
    case "tokens":
      return ask.tokens;
    case "money":
      return ask.microMoney;
  }
}
