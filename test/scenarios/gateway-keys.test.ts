import { Agent, createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { until } from "../until.ts";

/* Real keys, made through the API, at a gateway of two workers: limits by key, project, team and model at once, and floods of wrong keys. */

let directory: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let server: ServerProcess;
let upstream: Server;

/** By a short name: the key itself and its id. */
const keys = new Map<string, { readonly id: string; readonly key: string }>();

const completion = JSON.stringify({
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
});

function deployment(project: string, name: string) {
  const { port } = upstream.address() as AddressInfo;
  const external = { url: `http://127.0.0.1:${port}`, model: "m", probe: "none" };
  return { kind: "Deployment", project, name, spec: { runtime: "external", external } };
}

function limit(name: string, subject: object, requestsPerMinute: number) {
  return { kind: "TrafficLimit", name, spec: { subject, requestsPerMinute } };
}

async function apply(...manifests: readonly object[]): Promise<void> {
  const applied = await server.call("POST", "/api/v1/apply", { manifests });
  if (applied.status !== 200) throw new Error(JSON.stringify(applied.json));
}

async function issueKey(name: string, identity: string): Promise<void> {
  const issued = await server.call("POST", "/api/v1/keys", { identity, project: "flights" });
  keys.set(name, issued.json as { id: string; key: string });
}

beforeAll(async () => {
  upstream = createServer((asked, response) => {
    asked.resume();
    asked.once("end", () => response.writeHead(200, { "content-type": "application/json" }).end(completion));
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", () => resolve()));
  directory = await temporaryDataDirectory();
  server = await startServerProcess({ dataDir: directory.path, cwd: "/", gatewayWorkers: 2 });
  await apply(
    { kind: "Team", name: "red", spec: {} },
    { kind: "Project", name: "flights", spec: { team: "red" } },
    { kind: "Project", name: "trains", spec: { team: "red" } },
    deployment("flights", "chat"),
    deployment("flights", "code"),
    deployment("trains", "chat"),
  );
  for (const [name, role] of [
    ["ada", "member"],
    ["bob", "viewer"],
  ]) {
    await server.call("POST", "/api/v1/identities", { name, team: "red", role });
  }
  await issueKey("ada-1", "ada");
  await issueKey("ada-2", "ada");
  await issueKey("bob", "bob");
  await until("all models answer", async () => {
    const answers = await Promise.all([ask("ada-1", "chat"), ask("ada-1", "code")]);
    return answers.every(({ status }) => status === 200);
  });
});

afterAll(async () => {
  await server.end("SIGTERM");
  await directory.remove();
  upstream.close();
  upstream.closeAllConnections();
});

interface Answered {
  readonly status: number;
  readonly text: string;
}

/** One chat over a connection of its own, which goes to the next worker in turn. */
function ask(key: string, model: string): Promise<Answered> {
  const token = keys.get(key)?.key ?? key;
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const options = { method: "POST", headers, agent: new Agent({ keepAlive: false }) };
    const sent = request(`${server.gatewayUrl}/v1/chat/completions`, options, (answer) => {
      let text = "";
      answer.on("data", (part) => (text += String(part)));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(JSON.stringify({ model, max_tokens: 3, messages: [{ role: "user", content: "hi" }] }));
  });
}

/** Asks until somebody is refused; answers how many were let in, and what the refusal said. */
async function untilRefused(key: string, model: string): Promise<{ readonly letIn: number; readonly text: string }> {
  for (let letIn = 0; letIn < 100; letIn += 1) {
    const { status, text } = await ask(key, model);
    if (status === 429) return { letIn, text };
    expect(status).toBe(200);
  }
  throw new Error(`${key} was never refused`);
}

test("limits of a key, a model, a project and a team hold together, each for the requests that it counts", async () => {
  const one = keys.get("ada-1")?.id ?? "";
  await apply(
    limit("one-key", { key: one }, 5),
    limit("code-model", { project: "flights", deployment: "code" }, 8),
    limit("all-flights", { project: "flights" }, 20),
    limit("team-red", { team: "red" }, 26),
  );
  // The workers hear of limits a moment after they are applied.
  await until("the limits are in force", async () => (await ask("ada-1", "chat")).status === 429);

  expect((await ask("ada-1", "chat")).text).toContain("the limit one-key allows 5 requests a minute");
  const from = performance.now();
  const code = await untilRefused("ada-2", "code");
  const refilled = Math.ceil((8 * (performance.now() - from)) / 60_000);
  expect(code.text).toContain("the limit code-model allows 8 requests a minute");
  expect(code.letIn).toBeLessThanOrEqual(9 + refilled);
  const flights = await untilRefused("bob", "chat");
  expect(flights.text).toContain("the limit all-flights allows 20 requests a minute");
  const admins = await untilTeamRefused();
  expect(admins).toContain("the limit team-red allows 26 requests a minute");
});

/** The admin's key may act in the team's other project. */
async function untilTeamRefused(): Promise<string> {
  for (let asked = 0; asked < 100; asked += 1) {
    const answer = await fetch(`${server.gatewayUrl}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.key}`, "x-millwright-project": "trains" },
      body: JSON.stringify({ model: "chat", max_tokens: 3, messages: [{ role: "user", content: "hi" }] }),
    });
    const text = await answer.text();
    if (answer.status === 429) return text;
  }
  throw new Error("the team was never refused");
}

test("a flood of wrong keys gets 401 and neither locks out nor fails those with good ones, old or new", async () => {
  for (const name of ["one-key", "code-model", "all-flights", "team-red"]) {
    await server.call("DELETE", `/api/v1/traffic-limits/${name}`);
  }
  // More than all limits together let in, of both workers: each hears of the end by itself.
  await until("no limit is in force", async () => {
    const answers = await Promise.all(Array.from({ length: 80 }, async () => await ask("ada-1", "code")));
    return answers.every(({ status }) => status === 200);
  });
  await issueKey("new", "ada");
  let isOver = false;
  const statuses = new Set<number>();
  let wrong = 0;
  const flood = Array.from({ length: 20 }, async () => {
    while (!isOver) {
      statuses.add((await ask(`mw_wrong_${(wrong += 1)}`, "chat")).status);
    }
  });
  const good = await Promise.all(
    Array.from({ length: 100 }, async (_, count) => (await ask(count % 2 === 0 ? "ada-2" : "new", "chat")).status),
  );
  await until("the flood was a flood", () => wrong > 500);
  isOver = true;
  await Promise.all(flood);

  expect(new Set(good)).toEqual(new Set([200]));
  expect(statuses).toEqual(new Set([401]));
});
