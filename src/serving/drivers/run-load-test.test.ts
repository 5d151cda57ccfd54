import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { loadTestTaskSchema } from "../loadtest/model.ts";
import { runLoadTest } from "./run-load-test.ts";

let server: Server;

afterEach(async () => {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

interface Asked {
  readonly path: string;
  readonly body: { readonly messages?: readonly { readonly role: string; readonly content: string }[] };
  readonly response: ServerResponse;
}

async function serve(answer: (asked: Asked) => void): Promise<string> {
  server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
    request.on("end", () => answer({ path: request.url ?? "", body: text === "" ? {} : JSON.parse(text), response }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function speak(response: ServerResponse, ...words: readonly string[]): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const content of words) response.write(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`);
  response.end("data: [DONE]\n\n");
}

const never = new AbortController().signal;

function taskFor(url: string, shape: object, target: object = {}) {
  return loadTestTaskSchema.parse({ shape, target: { url, protocol: "openai", model: "m", ...target } });
}

test("requests that are due while a server stands still wait here, and their wait counts", async () => {
  const held: ServerResponse[] = [];
  const url = await serve(({ response }) => {
    held.push(response);
    if (held.length > 1) speak(response, "a", "b");
  });
  const task = taskFor(url, { rate: 100, durationMs: 600, seed: 3, maxInFlight: 1 });
  const report = await runLoadTest(
    task,
    ({ waiting, elapsedMs }) => {
      // Every arrival but those of the last 100 ms is due when the first answer comes at last.
      const [first] = held;
      if (waiting > 0 && elapsedMs >= 500 && held.length === 1 && first !== undefined) speak(first, "a", "b");
    },
    never,
  );

  expect(report.requests).toMatchObject({ failed: 0, unfinished: 0 });
  expect(report.requests.done).toBeGreaterThan(30);
  // The first held every place for half a second: with arrivals spread over it, half of all waited for the half of it.
  expect(report.lateMs?.p50).toBeGreaterThan(100);
  expect(report.ttftMs?.p50).toBeGreaterThanOrEqual(report.lateMs?.p50 ?? Number.POSITIVE_INFINITY);
});

test("a conversation carries its shared beginning, its answers and all turns before", async () => {
  const asked: Asked[] = [];
  const url = await serve((each) => {
    asked.push(each);
    speak(each.response, "yes", " no");
  });
  const prefixes = { count: 1, tokens: 4 };
  await runLoadTest(taskFor(url, { rate: 40, durationMs: 500, turns: 2, prefixes }), () => undefined, never);

  const roles = asked.map(({ body }) => body.messages?.map((message) => message.role).join(" "));
  expect(new Set(roles)).toEqual(new Set(["system user", "system user assistant user"]));
  const later = asked.find(({ body }) => body.messages?.length === 4);
  expect(later?.body.messages?.[2]).toEqual({ role: "assistant", content: "yes no" });
  expect(new Set(asked.map(({ body }) => body.messages?.[0]?.content)).size).toBe(1);
});

test("refusals, broken connections and answers that end in the middle are told apart", async () => {
  let count = 0;
  const url = await serve(({ response }) => {
    count += 1;
    if (count % 3 === 0)
      response.writeHead(429).end(JSON.stringify({ error: { code: "overloaded", message: "later" } }));
    else if (count % 3 === 1) response.socket?.destroy();
    else response.writeHead(200, { "content-type": "text/event-stream" }).end("data: {}\n\n");
  });
  const report = await runLoadTest(taskFor(url, { rate: 60, durationMs: 500 }), () => undefined, never);

  expect(new Set(report.errors.map((error) => error.code))).toEqual(
    new Set(["429 overloaded", "ECONNRESET", "truncated"]),
  );
  expect(report.requests.done).toBe(0);
});

test("a test that is stopped reports what it has, and answers that never come are unfinished", async () => {
  const url = await serve(() => undefined);
  const stop = new AbortController();
  const task = taskFor(url, { rate: 50, durationMs: 60_000 });
  const report = await runLoadTest(task, ({ inFlight }) => void (inFlight > 0 && stop.abort()), stop.signal);

  expect(report.requests.done).toBe(0);
  expect(report.errors.map((error) => error.code)).toEqual(["unfinished"]);
});

test("a model of tensors is sent what its metadata asks for", async () => {
  const paths = new Set<string>();
  const url = await serve(({ path, body, response }) => {
    paths.add(path);
    const inputs = [{ name: "x", datatype: "FP32", shape: [-1, 2] }];
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(path.endsWith("/infer") ? { outputs: [], given: body } : { name: "m", inputs }));
  });
  const task = taskFor(url, { rate: 50, durationMs: 300, rows: 3 }, { protocol: "v2" });
  const report = await runLoadTest(task, () => undefined, never);

  expect(paths).toEqual(new Set(["/v2/models/m", "/v2/models/m/infer"]));
  expect(report.requests.failed).toBe(0);
  expect(report.ttftMs).toBeNull();
  expect(report.endToEndMs?.count).toBe(report.requests.done);
});
