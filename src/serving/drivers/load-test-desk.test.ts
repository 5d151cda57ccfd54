import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { silentLog } from "../../platform/log.ts";
import { loadTestTaskSchema } from "../loadtest/model.ts";
import type { LoadTestAsk } from "../ports.ts";
import { LoadTestDesk } from "./load-test-desk.ts";

let server: Server;
let url: string;
let desk: LoadTestDesk;

beforeEach(async () => {
  // Takes every request and answers none.
  server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  desk = new LoadTestDesk({ now: () => 7 }, silentLog);
});

afterEach(async () => {
  desk.stop();
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

function ask(deployment: string, shape: object = {}, target: object = {}): LoadTestAsk {
  const task = loadTestTaskSchema.parse({
    shape: { rate: 20, durationMs: 60_000, ...shape },
    target: { url, protocol: "openai", model: "m", key: "secret-key", ...target },
  });
  return { project: "cats", deployment, by: "ada", task };
}

test("a test runs until it is ended, tells how far it is, and leaves a report without the key", async () => {
  expect(desk.state("cats", "purr")).toEqual({ kind: "none" });
  expect(desk.start(ask("purr"))).toMatchObject({ kind: "running", by: "ada", startedAt: 7, progress: null });
  await until("requests are out", async () => {
    const state = desk.state("cats", "purr");
    return state.kind === "running" && (state.progress?.inFlight ?? 0) > 0;
  });
  desk.end("cats", "purr");
  await until("it has ended", async () => desk.state("cats", "purr").kind === "ended");

  const ended = desk.state("cats", "purr");
  expect(ended).toMatchObject({ failure: null, report: { requests: { done: 0 } } });
  expect(JSON.stringify(ended)).not.toContain("secret-key");
});

test("a deployment has one test at a time, and the server two", () => {
  desk.start(ask("purr"));

  expect(() => desk.start(ask("purr"))).toThrow("cats/purr under a load test");
  desk.start(ask("hiss"));
  expect(() => desk.start(ask("growl"))).toThrow("cats/purr and cats/hiss under a load test");
});

test("a test that cannot begin says why, and makes room for the next", async () => {
  server.removeAllListeners("request");
  server.on("request", (_request, response) => response.writeHead(404).end('{"error":"no such model"}'));
  desk.start(ask("purr", {}, { protocol: "v2" }));
  await until("it has ended", async () => desk.state("cats", "purr").kind === "ended");

  expect(desk.state("cats", "purr")).toMatchObject({
    report: null,
    failure: expect.stringContaining("serving.request-invalid"),
  });
  expect(desk.start(ask("purr")).kind).toBe("running");
});
