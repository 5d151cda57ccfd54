import { expect, test } from "vitest";
import { describeSubject, limitRules } from "./limit-rules.ts";
import { trafficLimitKind, type TrafficLimitSpec } from "./model.ts";

const parse = (spec: unknown): TrafficLimitSpec => trafficLimitKind.spec.parse(spec);

test("a declared limit becomes one rule for each thing that it limits, kept under ids of its own", () => {
  const spec = parse({
    subject: { team: "red", deployment: "chat", project: "flights" },
    requestsPerMinute: 60,
    tokensPerMinute: 100_000,
    concurrentRequests: 8,
    budget: { amount: 12.5, per: "day", currency: "EUR" },
  });
  const subject = { identity: null, key: null, project: "flights", team: "red", deployment: "chat" };
  const base = { name: "red-chat", subject };

  expect(limitRules({ uid: "u1", name: "red-chat", spec })).toEqual([
    { ...base, id: "u1/requests", measure: "requests", amount: 60 },
    { ...base, id: "u1/tokens", measure: "tokens", amount: 100_000 },
    { ...base, id: "u1/concurrency", measure: "concurrency", amount: 8 },
    { ...base, id: "u1/money/day", measure: "money", amount: 12_500_000, per: "day" },
  ]);
  expect(describeSubject(spec)).toBe("team red, project flights, deployment chat");
});

test("a budget is in dollars a month unless it says otherwise", () => {
  expect(parse({ subject: { key: "k" }, budget: { amount: 1 } }).budget).toEqual({
    amount: 1,
    currency: "USD",
    per: "month",
  });
});

test.each<readonly [string, Record<string, unknown>, string]>([
  ["nobody", { subject: {}, requestsPerMinute: 1 }, "say whom the limit is for"],
  ["nothing", { subject: { team: "red" } }, "limit something"],
  [
    "a deployment of no project",
    { subject: { deployment: "chat" }, requestsPerMinute: 1 },
    "name the deployment's project",
  ],
  ["no requests at all", { subject: { team: "red" }, requestsPerMinute: 0 }, "write at least 1"],
  ["fewer than none", { subject: { team: "red" }, concurrentRequests: -1 }, "write at least 1"],
  ["half a token", { subject: { team: "red" }, tokensPerMinute: 0.5 }, "write a whole number of tokens"],
  ["absurdly many", { subject: { team: "red" }, tokensPerMinute: 1e12 }, "write at most 1,000,000,000"],
  ["no money", { subject: { team: "red" }, budget: { amount: 0 } }, "write more than 0"],
  ["a currency in words", { subject: { team: "red" }, budget: { amount: 1, currency: "euros" } }, "currency's code"],
])("refuses a limit of %s", (_, spec, message) => {
  const parsed = trafficLimitKind.spec.safeParse(spec);

  expect(parsed.error?.issues.map((issue) => issue.message).join("; ")).toContain(message);
});
