import fc from "fast-check";
import { expect, test } from "vitest";
import { ada, ruleOf } from "../../fixtures/limit-rules.ts";
import { LimitLedger, type LimitTicket, type Reservation } from "./limit-ledger.ts";
import type { LimitRule, LimitSubject } from "./limit-rule.ts";
import { openSoleAccount } from "./sole-account.ts";

const minute = 60_000;
const day = 86_400_000;
const holdMs = 600_000;
const start = Date.UTC(2026, 0, 1, 12);

function ledgerOf(...rules: readonly LimitRule[]): LimitLedger {
  const ledger = new LimitLedger(openSoleAccount, holdMs);
  ledger.setRules(rules, start);
  return ledger;
}

function reserved(reservation: Reservation): LimitTicket {
  if (reservation.kind !== "reserved") throw new Error(`wanted a reservation, found ${JSON.stringify(reservation)}`);
  return reservation.ticket;
}

const none = { tokensIn: 0, tokensOut: 0, microMoney: 0 };

test("names the limit that refuses and the wait until enough is there", () => {
  const ledger = ledgerOf(ruleOf("requests", 60, { key: "key-1" }), ruleOf("tokens", 6_000, { team: "red" }));
  reserved(ledger.reserve({ subject: ada, tokens: 5_900, microMoney: 0 }, start));

  expect(ledger.reserve({ subject: ada, tokens: 200, microMoney: 0 }, start)).toMatchObject({
    kind: "refused",
    limit: { name: "tokens-of-red", amount: 6_000 },
    retryAfterMs: 1_000,
  });
  expect(ledger.reserve({ subject: ada, tokens: 6_001, microMoney: 0 }, start)).toMatchObject({ retryAfterMs: null });
});

test("of several limits that refuse, the one that lasts longest is named", () => {
  const ledger = ledgerOf(ruleOf("tokens", 60, { key: "key-1" }), ruleOf("money", 100, { project: "flights" }));
  reserved(ledger.reserve({ subject: ada, tokens: 60, microMoney: 100 }, start));

  const refusal = ledger.reserve({ subject: ada, tokens: 1, microMoney: 1 }, start);

  expect(refusal).toMatchObject({ kind: "refused", limit: { measure: "money" }, retryAfterMs: day / 2 });
});

test("the headers tell of the tightest limit, with resets as Go writes durations", () => {
  const ledger = ledgerOf(
    ruleOf("requests", 600, { team: "red" }),
    ruleOf("requests", 60, { key: "key-1" }),
    ruleOf("tokens", 6_000, { project: "flights" }),
  );
  const ticket = reserved(ledger.reserve({ subject: ada, tokens: 1_000, microMoney: 0 }, start));
  ledger.settle(ticket, { tokensIn: 200, tokensOut: 100, microMoney: 0 }, start);

  expect(ledger.headers(ada, start)).toEqual({
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-limit-tokens": "6000",
    "x-ratelimit-remaining-tokens": "5700",
    "x-ratelimit-reset-tokens": "3s",
  });
  expect(ledgerOf().headers(ada, start)).toEqual({});
});

test("a limit counts only the requests that its whole subject matches", () => {
  const ledger = ledgerOf(ruleOf("concurrency", 1, { identity: "ada", deployment: "chat" }));
  reserved(ledger.reserve({ subject: ada, tokens: 0, microMoney: 0 }, start));

  const others: readonly Partial<LimitSubject>[] = [{ identity: "bob" }, { deployment: "code" }];
  for (const other of others)
    reserved(ledger.reserve({ subject: { ...ada, ...other }, tokens: 0, microMoney: 0 }, start));
  expect(ledger.reserve({ subject: ada, tokens: 0, microMoney: 0 }, start)).toMatchObject({ kind: "refused" });
});

test("a limit that is changed goes on with what was taken of it", () => {
  const ledger = ledgerOf(ruleOf("requests", 10, { key: "key-1" }), ruleOf("concurrency", 5));
  const tickets = [1, 2, 3].map(() => reserved(ledger.reserve({ subject: ada, tokens: 0, microMoney: 0 }, start)));
  ledger.setRules([ruleOf("requests", 4, { key: "key-1" }), ruleOf("concurrency", 3)], start);

  expect(ledger.reserve({ subject: ada, tokens: 0, microMoney: 0 }, start)).toMatchObject({ kind: "refused" });
  for (const ticket of tickets) ledger.settle(ticket, none, start);
  expect(ledger.headers(ada, start)["x-ratelimit-remaining-requests"]).toBe("1");
});

test("a reservation that nobody settles lapses: what it reserved is used, its place is free", () => {
  const ledger = ledgerOf(ruleOf("concurrency", 1), ruleOf("money", 100, {}, "total"));
  const ticket = reserved(ledger.reserve({ subject: ada, tokens: 0, microMoney: 60 }, start));

  const later = start + holdMs;
  reserved(ledger.reserve({ subject: ada, tokens: 0, microMoney: 40 }, later));
  expect(ledger.openTickets).toBe(1);
  ledger.settle(ticket, { ...none, microMoney: 1 }, later);
  expect(ledger.reserve({ subject: ada, tokens: 0, microMoney: 1 }, later)).toMatchObject({ kind: "refused" });
  expect(() => ledger.settle(ticket, none, later)).toThrow(/ends once/);
});

const rules: readonly LimitRule[] = [
  ruleOf("requests", 20, { key: "key-1" }),
  ruleOf("tokens", 3_000, { key: "key-1" }),
  ruleOf("tokens", 4_000, { project: "flights" }),
  ruleOf("concurrency", 6, { team: "red" }),
  ruleOf("money", 900, { project: "flights" }, "day"),
  ruleOf("money", 5_000, { team: "red" }, "total"),
  ruleOf("requests", 25, { deployment: "chat" }),
];
const subjects: readonly LimitSubject[] = [
  ada,
  { ...ada, identity: "bob", key: "key-2" },
  { ...ada, project: "trains", deployment: "code" },
];

interface Made {
  readonly at: number;
  readonly subject: LimitSubject;
  readonly ticket: LimitTicket;
  readonly taken: { readonly tokens: number; readonly money: number };
  used: { tokens: number; money: number; requests: number };
  isOpen: boolean;
}

/** Whether the requests so far keep the limit, judged from the whole past by brute force. */
function keepsLimit(rule: LimitRule, made: readonly Made[], now: number): boolean {
  const counted = made.filter(
    (each) =>
      (rule.subject.key ?? each.subject.key) === each.subject.key &&
      (rule.subject.project ?? each.subject.project) === each.subject.project &&
      (rule.subject.team ?? each.subject.team) === each.subject.team &&
      (rule.subject.deployment ?? each.subject.deployment) === each.subject.deployment,
  );
  if (rule.measure === "concurrency") return counted.filter((each) => each.isOpen).length <= rule.amount;
  if (rule.measure === "money") {
    const isNow = (at: number): boolean => rule.per === "total" || Math.floor(at / day) === Math.floor(now / day);
    return counted.filter((each) => isNow(each.at)).reduce((sum, each) => sum + each.used.money, 0) <= rule.amount;
  }
  const measure = rule.measure;
  return counted.every((first, from) => {
    let used = 0;
    return counted.slice(from).every((each) => {
      used += each.used[measure];
      return used * minute <= rule.amount * (minute + each.at - first.at);
    });
  });
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("reserve" as const),
      subject: fc.constantFrom(...subjects),
      tokens: fc.nat(1_500),
      microMoney: fc.nat(200),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("settle" as const, "abandon" as const),
      which: fc.nat(1_000),
      part: fc.integer({ min: 0, max: 100 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.oneof(fc.nat(200), fc.nat(20_000), fc.nat(holdMs * 2), fc.nat(day)),
    }),
  },
);

test("whatever the order of events: never over any limit, all limits or none, nothing stays reserved", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
      const ledger = ledgerOf(...rules);
      const made: Made[] = [];
      let now = start;
      const lapse = (): void => {
        for (const each of made) if (each.at + holdMs <= now) each.isOpen = false;
      };
      for (const each of steps) {
        if (each.kind === "wait") {
          now += each.ms;
          ledger.sweep(now);
          lapse();
        } else if (each.kind === "reserve") {
          const before = subjects.map((subject) => ledger.headers(subject, now));
          const answer = ledger.reserve(each, now);
          if (answer.kind === "reserved") {
            const taken = { tokens: each.tokens, money: each.microMoney };
            const used = { ...taken, requests: 1 };
            made.push({ at: now, subject: each.subject, ticket: answer.ticket, taken, used, isOpen: true });
          } else expect(subjects.map((subject) => ledger.headers(subject, now))).toEqual(before);
        } else {
          const open = made.filter((one) => one.isOpen);
          const chosen = open[each.which % Math.max(1, open.length)];
          if (chosen === undefined) continue;
          chosen.isOpen = false;
          if (each.kind === "abandon") {
            chosen.used = { tokens: 0, money: 0, requests: 0 };
            ledger.abandon(chosen.ticket, now);
          } else {
            const tokens = Math.floor((chosen.taken.tokens * each.part) / 100);
            const money = Math.floor((chosen.taken.money * each.part) / 100);
            chosen.used = { tokens, money, requests: 1 };
            ledger.settle(chosen.ticket, { tokensIn: tokens, tokensOut: 0, microMoney: money }, now);
          }
          expect(() => ledger.abandon(chosen.ticket, now)).toThrow(/ends once/);
        }
        expect(ledger.openTickets).toBe(made.filter((one) => one.isOpen).length);
        for (const rule of rules) expect(keepsLimit(rule, made, now)).toBe(true);
      }
      now += day + holdMs;
      ledger.sweep(now);
      expect(ledger.openTickets).toBe(0);
      expect(ledger.headers(ada, now)).toMatchObject({
        "x-ratelimit-remaining-requests": "20",
        "x-ratelimit-remaining-tokens": "3000",
      });
    }),
    { numRuns: 1_500 },
  );
});

test("whoever waits as long as the refusal says is served, and not a millisecond before", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(1_500), fc.nat(150), fc.nat(4_000)), { maxLength: 40, size: "max" }),
      (asks) => {
        const timed = rules.filter((rule) => rule.measure !== "concurrency" && rule.id !== "red/money");
        const ledger = ledgerOf(...timed);
        let now = start;
        for (const [tokens, microMoney, ms] of asks) {
          const ask = { subject: ada, tokens, microMoney };
          const answer = ledger.reserve(ask, now);
          if (answer.kind === "refused" && answer.retryAfterMs !== null) {
            expect(ledger.reserve(ask, now + answer.retryAfterMs - 1).kind).toBe("refused");
            expect(ledger.reserve(ask, now + answer.retryAfterMs).kind).toBe("reserved");
            return;
          }
          now += ms;
        }
      },
    ),
    { numRuns: 1_000 },
  );
});
