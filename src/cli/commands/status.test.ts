import { afterEach, expect, test } from "vitest";
import { recordingContext } from "../fixtures/recording-context.ts";
import { openStubApi, type StubApi } from "../fixtures/stub-api.ts";
import { status } from "./status.ts";

let api: StubApi;
afterEach(async () => await api.close());

async function logLine(log: object): Promise<string | undefined> {
  api = await openStubApi({ "GET /api/v1/status": { json: { version: "1.0.0", startedAt: 0, counts: {}, log } } });
  const context = recordingContext({ url: api.url });
  await status(context);
  return context.printed.find((line) => line.includes("log "))?.trim();
}

test("a log that was never sealed says so", async () => {
  expect(await logLine({ size: 4, checkpoint: null })).toBe("log      4 events, not sealed yet");
});

test("a sealed log tells how far, and how long ago", async () => {
  expect(await logLine({ size: 4, checkpoint: { size: 3, signedAt: 0 } })).toMatch(
    /^log {6}4 events, sealed up to 3 .+ ago$/,
  );
});
