import fc from "fast-check";
import { expect, test } from "vitest";
import { ada, ruleOf } from "../../fixtures/limit-rules.ts";
import { LeaseBook, type LentMoney } from "./lease-book.ts";
import { leaseMs, shareMax } from "./lease.ts";
import { type LimitAsk, LimitLedger, type LimitTicket } from "./limit-ledger.ts";
import type { LimitRule } from "./limit-rule.ts";
import { ShareDesk } from "./share-desk.ts";

const minute = 60_000;
const holdMs = 600_000;
const start = Date.UTC(2026, 0, 1, 12);

/** One worker of a gateway: its ledger on leased shares. */
class Worker {
  readonly name: string;
  readonly desk: ShareDesk;
  readonly ledger: LimitLedger;

  constructor(name: string, rules: readonly LimitRule[], now: number) {
    this.name = name;
    this.desk = new ShareDesk(now);
    this.ledger = new LimitLedger(this.desk.open, holdMs);
    this.ledger.setRules(rules, now);
  }

  exchange(book: LeaseBook, now: number): readonly LentMoney[] {
    const { grants, lent } = book.lease(this.name, this.desk.report(now), now);
    this.desk.apply(grants, now);
    return lent;
  }

  /** Reserves as the request path does: asks the owner once when the share is used up. */
  reserve(book: LeaseBook, ask: LimitAsk, now: number): LimitTicket | null {
    const first = this.ledger.reserve(ask, now);
    if (first.kind === "lease-first") this.exchange(book, now);
    const answer = first.kind === "lease-first" ? this.ledger.reserve(ask, now) : first;
    return answer.kind === "reserved" ? answer.ticket : null;
  }
}

function bookOf(rules: readonly LimitRule[], now = start): LeaseBook {
  const book = new LeaseBook(now);
  book.setRules(rules, now);
  return book;
}

const one = (tokens: number, microMoney = 0): LimitAsk => ({ subject: ada, tokens, microMoney });

test("a worker takes only what it holds, and gets what a request needs from the owner", () => {
  const rules = [ruleOf("tokens", 1_000)];
  const book = bookOf(rules);
  const worker = new Worker("a", rules, start);

  expect(worker.ledger.reserve(one(600), start)).toEqual({ kind: "lease-first" });
  expect(worker.reserve(book, one(600), start)).not.toBeNull();
  expect(worker.reserve(book, one(600), start)).toBeNull();
  expect(worker.ledger.reserve(one(600), start)).toMatchObject({ kind: "refused", retryAfterMs: 12_000 });
  expect(worker.ledger.reserve(one(1_001), start)).toMatchObject({ kind: "refused", retryAfterMs: null });
});

test("what a worker does not use goes back, and another gets it", () => {
  const rules = [ruleOf("money", 1_000, {}, "total")];
  const book = bookOf(rules);
  const [first, second] = [new Worker("a", rules, start), new Worker("b", rules, start)];
  const ticket = first.reserve(book, one(0, 900), start);
  expect(second.reserve(book, one(0, 900), start)).toBeNull();

  if (ticket !== null) first.ledger.settle(ticket, { tokensIn: 0, tokensOut: 0, microMoney: 50 }, start);
  first.exchange(book, start);
  expect(second.reserve(book, one(0, 900), start + 499)).toBeNull();
  // For half a second a worker believes that there is not enough; and the first one keeps a share for what it expects.
  expect(second.reserve(book, one(0, 900), start + 500)).not.toBeNull();
  expect(second.reserve(book, one(0, 50), start + 500)).toBeNull();
  first.exchange(book, start + 10_000);
  expect(second.reserve(book, one(0, 51), start + 10_000)).toBeNull();
  expect(second.reserve(book, one(0, 50), start + 10_000)).not.toBeNull();
});

test("a worker that has all requests at once gives way to one that has none", () => {
  const rules = [ruleOf("concurrency", 10)];
  const book = bookOf(rules);
  const [first, second] = [new Worker("a", rules, start), new Worker("b", rules, start)];
  const tickets = Array.from({ length: 10 }, () => first.reserve(book, one(0), start));
  expect(tickets).not.toContain(null);
  expect(second.reserve(book, one(0), start)).toBeNull();

  let now = start;
  let served = 0;
  for (let turn = 0; turn < 20; turn += 1) {
    now += 250;
    const ticket = tickets.shift();
    if (ticket !== null && ticket !== undefined) {
      first.ledger.settle(ticket, { tokensIn: 0, tokensOut: 0, microMoney: 0 }, now);
    }
    tickets.push(first.reserve(book, one(0), now));
    first.exchange(book, now);
    second.exchange(book, now);
    if (second.reserve(book, one(0), now) !== null) served += 1;
  }
  expect(served).toBe(5);
});

test("a worker that is not heard any more loses its requests at once, and its money stays spent", () => {
  const rules = [ruleOf("concurrency", 1), ruleOf("money", 100, {}, "day")];
  const book = bookOf(rules);
  expect(new Worker("dead", rules, start).reserve(book, one(0, 60), start)).not.toBeNull();

  const other = new Worker("b", rules, start);
  expect(other.reserve(book, one(0, 40), start + leaseMs)).toBeNull();
  expect(other.reserve(book, one(0, 41), start + leaseMs + 1)).toBeNull();
  const later = start + leaseMs + 501;
  expect(other.reserve(book, one(0, 40), later)).not.toBeNull();
});

test("while the owner is silent, workers serve on with their part of a rate", () => {
  const rules = [ruleOf("requests", 600)];
  const book = bookOf(rules);
  const workers = ["a", "b"].map((name) => new Worker(name, rules, start));
  for (const worker of workers) worker.reserve(book, one(0), start);
  for (const worker of workers) worker.exchange(book, start);

  let served = 0;
  for (let now = start + leaseMs; now < start + leaseMs + minute; now += 50) {
    for (const worker of workers) if (worker.ledger.reserve(one(0), now).kind === "reserved") served += 1;
  }
  expect(served).toBeGreaterThan(590);
  expect(served).toBeLessThanOrEqual(600 + 2 * shareMax(rules[0] ?? ruleOf("requests", 1)));

  const later = start + leaseMs + minute;
  for (const worker of workers) expect(worker.reserve(book, one(0), later)).not.toBeNull();
});

test("a gateway that starts while the owner is silent serves with a part of rates and a share at once, and no money", () => {
  const worker = new Worker("a", [ruleOf("requests", 480), ruleOf("concurrency", 40)], start);
  const poor = new Worker("b", [ruleOf("money", 100)], start);
  expect(worker.ledger.reserve(one(0), start + leaseMs).kind).toBe("lease-first");

  const later = start + leaseMs + minute;
  const kinds = Array.from({ length: 4 }, () => worker.ledger.reserve(one(0), later).kind);
  expect(kinds).toEqual(["reserved", "reserved", "lease-first", "lease-first"]);
  expect(poor.ledger.reserve(one(0, 1), later).kind).toBe("lease-first");
});

test("what a request uses beyond what it reserved is owed, and is taken from what is lent next", () => {
  const rules = [ruleOf("money", 1_000, {}, "total"), ruleOf("tokens", 1_000)];
  const book = bookOf(rules);
  const [first, second] = [new Worker("a", rules, start), new Worker("b", rules, start)];
  const ticket = first.reserve(book, one(100, 100), start);
  if (ticket === null) throw new Error("nothing was lent");
  first.ledger.settle(ticket, { tokensIn: 300, tokensOut: 100, microMoney: 400 }, start);
  first.exchange(book, start);

  // The first worker may keep a share of 50 for what it expects.
  expect(second.reserve(book, one(0, 601), start)).toBeNull();
  expect(second.reserve(book, one(601, 0), start)).toBeNull();
  expect(second.reserve(book, one(550, 550), start)).not.toBeNull();
});

test("a worker that was taken for dead and is not comes on top until its requests end", () => {
  const rules = [ruleOf("concurrency", 2)];
  const book = bookOf(rules);
  const first = new Worker("a", rules, start);
  const tickets = [first.reserve(book, one(0), start), first.reserve(book, one(0), start)];
  const later = start + leaseMs + 1;
  const second = new Worker("b", rules, later);
  expect(second.reserve(book, one(0), later)).not.toBeNull();

  const [ticket] = tickets;
  if (ticket === null || ticket === undefined) throw new Error("nothing was lent");
  first.ledger.settle(ticket, { tokensIn: 0, tokensOut: 0, microMoney: 0 }, later);
  first.exchange(book, later);
  expect(first.reserve(book, one(0), later)).toBeNull();
  expect(second.reserve(book, one(0), later)).toBeNull();
});

test("an owner that takes over counts what was lent to workers that are gone", () => {
  const rules = [ruleOf("money", 1_000, {}, "total")];
  const lent = { limit: "/money", window: 0, worker: "gone", granted: 900, returned: 300, spent: 10, given: 0 };
  const book = bookOf(rules);
  book.restore([lent], start);

  const worker = new Worker("a", rules, start);
  expect(worker.reserve(book, one(0, 401), start)).toBeNull();
  expect(worker.reserve(book, one(0, 400), start)).not.toBeNull();
});

test("tokens that were reserved and not used can be had again, but not once they have run off the owner's books", () => {
  const rules = [ruleOf("tokens", 6_000)];
  const book = bookOf(rules);
  const worker = new Worker("a", rules, start);
  const [young, old] = [worker.reserve(book, one(3_000), start), worker.reserve(book, one(3_000), start)];
  if (young === null || old === null) throw new Error("nothing was lent");
  const settle = (ticket: LimitTicket, now: number): void => {
    worker.ledger.settle(ticket, { tokensIn: 0, tokensOut: 0, microMoney: 0 }, now);
    worker.exchange(book, now);
  };

  settle(young, start + 1_000);
  expect(worker.reserve(book, one(3_101), start + 1_000)).toBeNull();
  const second = worker.reserve(book, one(3_100), start + 1_000);
  expect(second).not.toBeNull();
  // A minute later all has run off by itself: giving the old one back must not make it more than a minute's worth.
  const later = start + 62_000;
  worker.exchange(book, later);
  const third = worker.reserve(book, one(6_000), later);
  expect(third).not.toBeNull();
  settle(old, later);
  expect(worker.reserve(book, one(1), later)).toBeNull();
});

const rules: readonly LimitRule[] = [
  ruleOf("tokens", 6_000, { key: "key-1" }),
  ruleOf("requests", 100, { project: "flights" }),
  ruleOf("concurrency", 12, { team: "red" }),
  ruleOf("money", 4_000, { project: "flights" }, "total"),
];
const askMax = { tokens: 300, microMoney: 300 };
const workersMax = 4;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("reserve" as const),
      worker: fc.nat(workersMax - 1),
      tokens: fc.nat(askMax.tokens),
      microMoney: fc.nat(askMax.microMoney),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("settle" as const),
      which: fc.nat(1_000),
      part: fc.integer({ min: 0, max: 100 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("exchange" as const),
      worker: fc.nat(workersMax - 1),
      isLost: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.oneof(fc.nat(200), fc.nat(2_000)) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("kill" as const), worker: fc.nat(workersMax - 1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart-owner" as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

interface Made {
  readonly at: number;
  readonly worker: Worker;
  readonly ticket: LimitTicket;
  readonly taken: { readonly tokens: number; readonly money: number };
  tokens: number;
  money: number;
  isOpen: boolean;
}

/** Workers of a gateway, the owner of the limits, and what of it is durable. */
class Fleet {
  now = start;
  book = bookOf(rules);
  readonly durable = new Map<string, LentMoney>();
  readonly made: Made[] = [];
  readonly workers: Worker[];
  born = 0;
  restarts = 0;

  constructor() {
    this.workers = Array.from({ length: workersMax }, () => this.newWorker());
  }

  newWorker(): Worker {
    this.born += 1;
    return new Worker(`worker-${this.born}`, rules, this.now);
  }

  exchange(worker: Worker, isLost: boolean): void {
    const { grants, lent } = this.book.lease(worker.name, worker.desk.report(this.now), this.now);
    for (const each of lent) this.durable.set(`${each.limit}/${each.window}/${each.worker}`, each);
    if (!isLost) worker.desk.apply(grants, this.now);
  }

  reserve(worker: Worker, ask: LimitAsk): void {
    let answer = worker.ledger.reserve(ask, this.now);
    if (answer.kind === "lease-first") {
      this.exchange(worker, false);
      answer = worker.ledger.reserve(ask, this.now);
    }
    if (answer.kind !== "reserved") return;
    const taken = { tokens: ask.tokens, money: ask.microMoney };
    this.made.push({ at: this.now, worker, ticket: answer.ticket, taken, ...taken, isOpen: true });
  }

  settle(which: number, part: number): void {
    const open = this.made.filter((each) => each.isOpen);
    const chosen = open[which % Math.max(1, open.length)];
    if (chosen === undefined) return;
    chosen.isOpen = false;
    chosen.tokens = Math.floor((chosen.taken.tokens * part) / 100);
    chosen.money = Math.floor((chosen.taken.money * part) / 100);
    chosen.worker.ledger.settle(
      chosen.ticket,
      { tokensIn: chosen.tokens, tokensOut: 0, microMoney: chosen.money },
      this.now,
    );
  }

  /** As kill -9: what it had reserved counts as used in full, and it tells nobody. */
  kill(at: number): void {
    const dead = this.workers[at];
    for (const each of this.made) if (each.worker === dead) each.isOpen = false;
    this.workers[at] = this.newWorker();
  }

  restartOwner(): void {
    this.restarts += 1;
    this.book = new LeaseBook(this.now + leaseMs);
    this.book.setRules(rules, this.now);
    this.book.restore([...this.durable.values()], this.now);
    for (const worker of this.workers) this.exchange(worker, false);
  }

  wait(ms: number): void {
    this.now += ms;
    for (const worker of this.workers) this.exchange(worker, false);
  }

  apply(each: Step): void {
    const worker = "worker" in each ? this.workers[each.worker] : undefined;
    if (each.kind === "wait") this.wait(each.ms);
    else if (each.kind === "settle") this.settle(each.which, each.part);
    else if (each.kind === "restart-owner") this.restartOwner();
    else if (each.kind === "kill") this.kill(each.worker);
    else if (worker === undefined) return;
    else if (each.kind === "exchange") this.exchange(worker, each.isLost);
    else this.reserve(worker, { subject: ada, tokens: each.tokens, microMoney: each.microMoney });
  }

  sum(measure: "money" | "tokens"): number {
    return this.made.reduce((sum, each) => sum + each[measure], 0);
  }
}

test("money is never overspent, and requests at once never exceed their limit, whoever dies and whatever is lost", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: "max" }), (steps) => {
      const fleet = new Fleet();
      for (const each of steps) {
        fleet.apply(each);
        expect(fleet.sum("money")).toBeLessThanOrEqual(4_000);
        expect(fleet.made.filter((one) => one.isOpen).length).toBeLessThanOrEqual(12);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("in every span, rates are exceeded by at most one share and one request a worker", () => {
  const perWorker = shareMax(ruleOf("tokens", 6_000)) + askMax.tokens;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: "max" }), (steps) => {
      const fleet = new Fleet();
      for (const each of steps) fleet.apply(each);
      const { made, restarts, born } = fleet;
      // A new owner knows nothing of the minute before it: that minute's worth may be given once more.
      const slack = restarts * 6_000 + born * perWorker;
      for (let from = 0; from < made.length; from += 1) {
        let used = 0;
        for (const each of made.slice(from)) {
          used += each.tokens;
          const spanMs = each.at - (made[from]?.at ?? 0);
          expect(used).toBeLessThanOrEqual(6_000 * (1 + spanMs / minute) + slack);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});

test("once all has ended and was told, everything can be had again but for what was spent", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: "max" }), (steps) => {
      const fleet = new Fleet();
      for (const each of steps) if (each.kind !== "kill" && each.kind !== "restart-owner") fleet.apply(each);
      while (fleet.made.some((each) => each.isOpen)) fleet.settle(0, 50);
      for (let turn = 0; turn < 70; turn += 1) fleet.wait(1_000);

      expect(fleet.workers.map((worker) => worker.ledger.openTickets)).toEqual([0, 0, 0, 0]);
      const next = new Worker("next", rules, fleet.now);
      const left = 4_000 - fleet.sum("money");
      expect(next.reserve(fleet.book, { subject: ada, tokens: 0, microMoney: left + 1 }, fleet.now)).toBeNull();
      expect(next.reserve(fleet.book, { subject: ada, tokens: 6_000, microMoney: left }, fleet.now)).not.toBeNull();
    }),
    { numRuns: 500 },
  );
});
