import { afterEach, expect, test } from "vitest";
import { callJson, startReplica, type TestAnswer } from "../fixtures/start-replica.ts";
import { routeVersion, startTestGateway, testRoute } from "../fixtures/test-gateway.ts";
import type { TabularRoute } from "../gateway/routing-table.ts";
import { Places } from "./places.ts";
import { TabularHolds } from "./tabular-holds.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const columns = ["hour", "at", "hour2"];
const hold = { maxMs: 600_000, heldMax: 2 };
const inputs = columns.map((name) => ({ name, datatype: "FP64" as const }));
const body = { inputs: inputs.map((input) => ({ ...input, shape: [1], data: [2] })) };

function route(versions: TabularRoute["versions"], more: Partial<TabularRoute>): TabularRoute {
  return { ...testRoute(versions, "id-7"), inputs, views: [], timestamp: null, ...more };
}

async function gateway(more: Partial<TabularRoute>) {
  const started = await startTestGateway(undefined, { limits: { tickMs: 20 } });
  cleanups.push(() => started.stop());
  started.setRoute(route([], more));
  const ask = (): Promise<TestAnswer> =>
    callJson({ port: started.port }, "/v2/models/flight-delay/infer", body, { authorization: "Bearer good" });
  return { ...started, ask };
}

test("rows that come while an update has let the last replica go wait for the new one", async () => {
  const { ask, setRoute } = await gateway({ hold });
  const replica = startReplica("matrix", columns, "7");
  cleanups.push(() => replica.stop());
  const address = await replica.ready;
  const answers = [ask(), ask(), ask()];
  const tooMany = await Promise.race(answers);
  setRoute(route([routeVersion("7", 100, columns, address)], { hold }));
  const statuses = (await Promise.all(answers)).map(({ status }) => status);

  expect([tooMany.status, tooMany.body.error]).toEqual([503, expect.stringContaining("as many requests wait for one")]);
  expect(statuses.toSorted((left, right) => left - right)).toEqual([200, 200, 503]);
  expect((await ask()).status).toBe(200);
});

test("they wait no longer than the deployment holds requests", async () => {
  const { ask } = await gateway({ hold: { ...hold, maxMs: 60 } });
  const { status, body: answer } = await ask();

  expect([status, answer.error]).toEqual([503, expect.stringContaining("no replica was ready in the time")]);
});

test("without a hold they are told at once", async () => {
  expect((await (await gateway({})).ask()).status).toBe(503);
});

test("who waits for what is unloaded is told so", async () => {
  const { ask, setRoute } = await gateway({ hold: { ...hold, heldMax: 1 } });
  const answers = [ask(), ask()];
  await Promise.race(answers);
  setRoute(route([], { isUnloaded: true }));
  const messages = (await Promise.all(answers)).map(({ body: { error } }) => String(error)).toSorted();

  expect(messages[0]).toMatch(/^flight-delay has no replica that is ready/);
  expect(messages[1]).toMatch(/as many requests wait for one/);
});

test("a caller that goes away makes room for another", async () => {
  const held = route([], { hold: { ...hold, heldMax: 1 } });
  const holds = new TabularHolds(new Places(), { now: () => 0 });
  let leave = (): void => undefined;
  const caller = {
    onGone(then: () => void) {
      leave = then;
      return () => undefined;
    },
  };
  const first = holds.wait(held, caller);
  const leaveFirst = leave;
  expect(await holds.wait(held, caller)).toMatchObject({ kind: "refused", refusal: { status: 503 } });
  leaveFirst();
  expect(await first).toEqual({ kind: "gone" });
  const next = holds.wait(held, caller);
  holds.setTable({ revision: 2, routes: [] });

  expect(await next).toMatchObject({ kind: "admitted" });
});
