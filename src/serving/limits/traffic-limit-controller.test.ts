import { afterAll, beforeAll, expect, test } from "vitest";
import { type FreshPlatform, freshPlatform } from "../../../test/platform.ts";
import { until } from "../../../test/until.ts";
import type { LimitTable } from "../gateway/limits/limit-table.ts";
import { projectKind } from "../../tenancy/model.ts";
import { budgetId } from "./limit-rules.ts";
import { LimitStore } from "./limit-store.ts";
import { trafficLimitKind } from "./model.ts";
import { TrafficLimitController } from "./traffic-limit-controller.ts";

let platform: FreshPlatform;
let store: LimitStore;
let { rules, teams }: LimitTable = { rules: [], teams: {} };

beforeAll(async () => {
  platform = await freshPlatform();
  store = new LimitStore(platform.database as never, platform.clock);
  const { resources, clock } = platform;
  const onTable = async (next: LimitTable): Promise<void> => {
    ({ rules, teams } = next);
  };
  await platform.run([new TrafficLimitController({ resources, store, clock, onTable })]);
});
afterAll(async () => await platform.close());

const apply = async (name: string, spec: unknown): Promise<void> => {
  const { kind } = trafficLimitKind;
  await platform.resources.apply("tester", { kind, name, spec: trafficLimitKind.spec.parse(spec) });
};
const phaseOf = async (name: string, phase: string) =>
  await until(`limit ${name} is ${phase}`, async () => {
    const limit = await platform.resources.get(trafficLimitKind, null, name);
    return limit?.status.phase === phase && limit;
  });

test("a limit is told to whoever lends from it, and shows what was spent in its window and when that ends", async () => {
  await apply("plain", { subject: { identity: "ada" }, requestsPerMinute: 60 });
  await apply("money", { subject: { team: "red" }, budget: { amount: 2, per: "month" } });
  const limit = await phaseOf("money", "active");
  expect((await phaseOf("plain", "active")).status).toMatchObject({ subject: "identity ada", budget: null });
  expect(limit.status.budget).toEqual({
    spent: 0,
    lent: 0,
    left: 2,
    spentMicros: 0,
    lentMicros: 0,
    leftMicros: 2_000_000,
    countedAt: Date.UTC(2026, 0, 1),
    windowStartsAt: Date.UTC(2026, 0, 1),
    resetsAt: Date.UTC(2026, 1, 1),
    resets: "2026-02-01T00:00:00.000Z",
  });
  expect(rules.map((rule) => `${rule.name} ${rule.measure} ${rule.amount}`).toSorted()).toEqual([
    "money money 2000000",
    "plain requests 60",
  ]);

  const lent = { window: Date.UTC(2026, 0, 1), worker: "w", granted: 2_000_000, returned: 0, spent: 500_000 };
  await store.record([{ ...lent, limit: budgetId(limit), given: 0 }], () => null);
  platform.clock.advance(10_000);
  const exhausted = await phaseOf("money", "exhausted");
  expect(exhausted.status.budget).toMatchObject({ spent: 0.5, lent: 1.5, left: 0 });
  expect(exhausted.status.conditions).toMatchObject([{ type: "WithinBudget", status: "false" }]);
});

test("spending far under a hundredth of a budget shows exactly, within a minute", async () => {
  await apply("large", { subject: { team: "blue" }, budget: { amount: 1_000_000, per: "day" } });
  const limit = await phaseOf("large", "active");
  const window = limit.status.budget?.windowStartsAt ?? 0;
  const lent = { limit: budgetId(limit), window, worker: "w", granted: 50, returned: 0, spent: 7, given: 0 };
  await store.record([lent], () => null);
  const shown = async () => {
    const found = await platform.resources.get(trafficLimitKind, null, "large");
    return found?.status.budget?.spentMicros === 7 && found.status.budget;
  };
  platform.clock.advance(60_000);

  expect(await until("the sum is shown", shown)).toMatchObject({
    spent: 0.000007,
    lent: 0.000043,
    lentMicros: 43,
    leftMicros: 1_000_000_000_000 - 50,
  });
});

test("the teams of projects are told, also when a project moves to another team", async () => {
  const { kind } = projectKind;
  for (const team of ["red", "blue"]) {
    await platform.resources.apply("tester", { kind, name: "flights", spec: projectKind.spec.parse({ team }) });
    await until(`flights is of team ${team}`, () => teams["flights"] === team);
  }
  expect(teams).toEqual({ flights: "blue" });
});

test("a limit that is deleted is not told any more", async () => {
  await apply("gone", { subject: { identity: "bob" }, concurrentRequests: 1 });
  await until("the rule is told", () => rules.some((rule) => rule.name === "gone"));
  await platform.resources.requestDeletion("tester", { kind: trafficLimitKind.kind, project: null, name: "gone" });

  await until("the rule is taken back", () => !rules.some((rule) => rule.name === "gone"));
  expect(rules.length).toBeGreaterThan(0);
});
