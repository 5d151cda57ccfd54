import { afterEach, expect, test } from "vitest";
import { callJson, outputData, startReplica, type TabularReplica } from "../fixtures/start-replica.ts";
import { routeVersion, startTestGateway, testRoute } from "../fixtures/test-gateway.ts";

const cleanups: (() => Promise<void> | void)[] = [];
const authorization = { authorization: "Bearer good" };
const columns = ["a", "b", "c"];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

function replica(): TabularReplica {
  const started = startReplica("matrix", columns);
  cleanups.push(() => started.stop());
  return started;
}

test("a runtime that dies under load takes its own process with it: others answer, then the gateway says 503", async () => {
  const first = replica();
  const second = replica();
  const gateway = await startTestGateway();
  cleanups.push(async () => await gateway.stop());
  const version = routeVersion("1", 100, columns, await first.ready);
  const { socket } = await second.ready;
  const inputs = columns.map((name) => ({ name, datatype: "FP64" as const }));
  const replicas = [...version.replicas, { id: "second", socket }];
  const route = testRoute([{ ...version, replicas }], version.versionId);
  gateway.setRoute({ ...route, inputs, timestamp: null, views: [] });
  const ask = async (value: number) =>
    await callJson(
      { port: gateway.port },
      "/v2/models/flight-delay/infer",
      { inputs: inputs.map((input) => ({ ...input, shape: [1], data: [input.name === "a" ? value : 0] })) },
      authorization,
    );

  const underLoad = Array.from({ length: 60 }, async (_, index) => await ask(index / 10));
  await Promise.race(underLoad);
  first.child.kill("SIGKILL");
  await first.ended;
  const during = await Promise.all(underLoad);
  const after = await Promise.all(Array.from({ length: 60 }, async (_, index) => await ask(index / 10)));

  // A request that was not answered yet went to the other replica; one whose answer broke off in the middle was told so.
  expect(during.filter((answer) => answer.status !== 200 && answer.status !== 503)).toEqual([]);
  expect(after.map((answer) => answer.status)).toEqual(after.map(() => 200));
  after.forEach((answer, index) => expect(outputData(answer)[0]).toBeCloseTo(1 / (1 + Math.exp(-index / 10)), 5));
  second.child.kill("SIGKILL");
  await second.ended;
  expect((await ask(0)).status).toBe(503);
  expect((await callJson({ port: gateway.port }, "/v2/health/live")).status).toBe(200);
});
