import { afterEach, expect, test } from "vitest";
import { recordingContext } from "../fixtures/recording-context.ts";
import { openStubApi, type StubApi } from "../fixtures/stub-api.ts";
import { wait } from "./wait.ts";

const team = (phase: string) => ({
  json: { kind: "Team", project: null, name: "vision", status: { phase, conditions: [] } },
});
const gone = { status: 404, json: { error: { code: "platform.resource-missing", message: "gone", details: {} } } };

let api: StubApi;
afterEach(async () => await api.close());

const input = { words: ["team/vision"], timeout: "1m" };

test("ends once the phase is as wanted", async () => {
  api = await openStubApi({ "GET /api/v1/teams/vision": [team("pending"), team("pending"), team("active")] });
  const context = recordingContext({ url: api.url });

  expect(await wait(context, { ...input, for: "phase=active" })).toBe(0);
  expect(context.said).toEqual(["team/vision is pending"]);
  expect(context.printed).toEqual(["team/vision"]);
});

test("ends with a timeout once the time is over, however often it looked", async () => {
  api = await openStubApi({ "GET /api/v1/teams/vision": team("pending") });

  await expect(wait(recordingContext({ url: api.url }), { ...input, for: "phase=active" })).rejects.toMatchObject({
    code: "cli.wait-timeout",
    kind: "timeout",
    message: "team/vision is pending, not phase=active, after 1m; see: millwright why vision",
  });
});

test("does not wait for what cannot come any more", async () => {
  api = await openStubApi({ "GET /api/v1/teams/vision": team("failed") });

  await expect(wait(recordingContext({ url: api.url }), { ...input, for: "phase=active" })).rejects.toMatchObject({
    code: "cli.wait-hopeless",
  });
  expect(api.asked).toHaveLength(1);
});

test("waits for a deletion, and a resource that never was is missing", async () => {
  api = await openStubApi({ "GET /api/v1/teams/vision": [team("deleting"), gone] });

  expect(await wait(recordingContext({ url: api.url }), { ...input, for: "deleted" })).toBe(0);
  await expect(wait(recordingContext({ url: api.url }), { ...input, for: "phase=active" })).rejects.toMatchObject({
    kind: "missing",
  });
});
