import { expect, test, vi } from "vitest";
import { testClock } from "../../../test/platform.ts";
import { silentLog } from "../../platform/log.ts";
import { ruleOf } from "../fixtures/limit-rules.ts";
import { LeaseBook } from "../gateway/limits/lease-book.ts";
import type { LimitRule } from "../gateway/limits/limit-rule.ts";
import { ShareDesk } from "../gateway/limits/share-desk.ts";
import { type GateAnswer, type GateAsk, LimitGate } from "./limit-gate.ts";
import { LimitLeases } from "./limit-leases.ts";

const clock = testClock();

function gateOn(book: LeaseBook, rules: readonly LimitRule[], isDown = false): LimitGate {
  book.setRules(rules, clock.now());
  const desk = new ShareDesk(clock.now());
  const owner = {
    lease: async (...[worker, reports, now]: Parameters<LeaseBook["lease"]>) => {
      if (isDown) throw new Error("the connection is closed");
      return book.lease(worker, reports, now).grants;
    },
  };
  const leases = new LimitLeases({ worker: clock.now().toString(), desk, owner, clock, log: silentLog });
  const gate = new LimitGate(desk, leases, clock, 600_000);
  gate.setTable({ rules, teams: { flights: "red" } }, clock.now());
  return gate;
}

const ask: GateAsk = {
  subject: { identity: "ada", project: "flights", deployment: "chat" },
  tokens: 400,
  microMoney: 200_000,
};

function ticketOf(answer: GateAnswer) {
  if (answer.kind !== "reserved") throw new Error(`wanted a reservation, found ${JSON.stringify(answer)}`);
  return answer.ticket;
}

test("waits for the owner only when the worker's share is used up, and counts by the project's team", async () => {
  const gate = gateOn(new LeaseBook(clock.now()), [ruleOf("requests", 100, { team: "red" })]);

  const first = gate.reserve(ask, clock.now());
  expect(first).toBeInstanceOf(Promise);
  const { headers } = ticketOf(await first);
  expect(headers).toMatchObject({ "x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": "99" });
  expect(gate.reserve({ ...ask, subject: { ...ask.subject, project: "trains" } }, clock.now())).toMatchObject({
    kind: "reserved",
    ticket: { headers: {} },
  });
  expect(gate.reserve(ask, clock.now())).toMatchObject({ kind: "reserved" });
  expect(gate.reserve(ask, clock.now())).toBeInstanceOf(Promise);
});

test("a burst at a worker that holds nothing yet is let in as far as the limit allows, in one question to the owner", async () => {
  const book = new LeaseBook(clock.now());
  const gate = gateOn(book, [ruleOf("concurrency", 40), ruleOf("requests", 100)]);
  const answers = await Promise.all(Array.from({ length: 50 }, async () => await gate.reserve(ask, clock.now())));

  expect(answers.filter(({ kind }) => kind === "reserved")).toHaveLength(40);
  expect(answers.at(-1)).toMatchObject({ kind: "refused", limit: "concurrency-of-" });
});

test("a request is not refused while its limits have room, though others take what the owner gave it, limit after limit", async () => {
  const rules = ["concurrency", "requests", "tokens"] as const;
  const desk = new ShareDesk(clock.now());
  const limits = rules.map((measure) => ruleOf(measure, 1_000_000));
  const book = new LeaseBook(clock.now());
  book.setRules(limits, clock.now());
  let asked = 0;
  const ask3 = async (): Promise<void> => {
    const measure = rules[asked];
    asked += 1;
    // Each answer brings what one limit lacks, while that of the others is taken by somebody else.
    const reports = desk.report(clock.now()).filter(({ limit }) => asked > rules.length || limit === `/${measure}`);
    desk.apply(book.lease("worker", reports, clock.now()).grants, clock.now());
  };
  const gate = new LimitGate(desk, { ask: ask3 }, clock, 600_000);
  gate.setTable({ rules: limits, teams: {} }, clock.now());

  expect(await gate.reserve(ask, clock.now())).toMatchObject({ kind: "reserved" });
  expect(asked).toBeGreaterThan(2);
});

test("what a request that another limit refuses would have needed stays with the others", async () => {
  const book = new LeaseBook(clock.now());
  const rules = [ruleOf("requests", 1, { identity: "ada" }), ruleOf("concurrency", 40)];
  const gate = gateOn(book, rules);
  await gate.reserve(ask, clock.now());
  const refused = await Promise.all(Array.from({ length: 50 }, async () => await gate.reserve(ask, clock.now())));
  expect(refused.every((each) => each.kind === "refused" && each.limit === "requests-of-ada")).toBe(true);

  const other = { limit: "/concurrency", window: 0, spent: 0, returned: 0, held: 0, want: 0 };
  const { grants } = book.lease("other", [{ ...other, need: 1, waiting: 37 }], clock.now());
  expect(grants[0]?.granted).toBe(37);
});

test("a refusal says which limit, what it allows, what was wanted and when to come again", async () => {
  const rules = [
    ruleOf("tokens", 1_000, { identity: "ada" }),
    ruleOf("money", 500_000, { project: "flights" }, "month"),
  ];
  const gate = gateOn(new LeaseBook(clock.now()), rules);
  const ticket = ticketOf(await gate.reserve(ask, clock.now()));
  ticketOf(await gate.reserve(ask, clock.now()));

  const cheap = { ...ask, microMoney: 0 };
  expect(await gate.reserve(cheap, clock.now())).toMatchObject({
    kind: "refused",
    limit: "tokens-of-ada",
    message:
      "the limit tokens-of-ada allows 1,000 tokens a minute; this request may take 400, and fewer are left; try again in 12.0s",
    retryAfterMs: 12_000,
    headers: { "x-ratelimit-limit-tokens": "1000", "x-ratelimit-remaining-tokens": "200" },
  });
  gate.settle(ticket, { tokensIn: 100, tokensOut: 100, microMoney: 100_000 }, clock.now());
  expect(() => gate.abandon(ticket, clock.now())).toThrow(/ends once/);
  clock.advance(60_000);
  expect(await gate.reserve({ ...ask, microMoney: 200_001 }, clock.now())).toMatchObject({
    limit: "money-of-flights",
    message:
      "the limit money-of-flights allows 0.5 a month; this request may cost 0.200001, and less is left; try again in 30d23h",
  });
  expect(await gate.reserve({ ...ask, tokens: 1_001 }, clock.now())).toMatchObject({
    retryAfterMs: null,
    message: expect.stringContaining("no waiting will help"),
  });
});

test("requests at once and a total budget are refused in their own words", async () => {
  const rules = [ruleOf("concurrency", 1), ruleOf("money", 300_000, {}, "total"), ruleOf("requests", 2)];
  const gate = gateOn(new LeaseBook(clock.now()), rules);
  const ticket = ticketOf(await gate.reserve(ask, clock.now()));
  const cheap = { ...ask, microMoney: 0 };

  expect(await gate.reserve(cheap, clock.now())).toMatchObject({
    message: expect.stringMatching(/allows 1 requests at once/),
  });
  gate.abandon(ticket, clock.now());
  const again = ticketOf(await gate.reserve(ask, clock.now()));
  gate.settle(again, { tokensIn: 1, tokensOut: 1, microMoney: 200_000 }, clock.now());
  expect(await gate.reserve(ask, clock.now())).toMatchObject({ message: expect.stringMatching(/allows 0.3 in all/) });
});

test("without an owner that answers, what is not leased is refused for a moment", async () => {
  const gate = gateOn(new LeaseBook(clock.now()), [ruleOf("money", 500_000)], true);

  expect(await gate.reserve(ask, clock.now())).toMatchObject({ kind: "refused", retryAfterMs: 500 });
  expect(gate.reserve({ ...ask, microMoney: 0 }, clock.now())).toMatchObject({ kind: "reserved" });
});

test("a request waits for an owner that is slow as long as a share is lent, and no longer", async () => {
  vi.useFakeTimers();
  try {
    const rules = [ruleOf("requests", 10)];
    const gate = new LimitGate(new ShareDesk(clock.now()), { ask: () => new Promise(() => undefined) }, clock, 600_000);
    gate.setTable({ rules, teams: {} }, clock.now());
    const answers: GateAnswer[] = [];
    const waiting = Promise.resolve(gate.reserve(ask, clock.now())).then((answer) => answers.push(answer));

    await vi.advanceTimersByTimeAsync(4_999);
    expect(answers).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await waiting;
    expect(answers).toMatchObject([{ kind: "refused", retryAfterMs: 500 }]);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
