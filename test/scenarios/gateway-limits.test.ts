import { readdir, readFile } from "node:fs/promises";
import { Agent, createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Random, seededRandom } from "../../src/base/random.ts";
import { readGatewayState } from "../../src/serving/drivers/gateway-files.ts";
import { type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { until } from "../until.ts";

/*
 * Limits under many callers that come and go, with two workers of the gateway of which one is killed: what the stand-in for an
 * engine saw is held against what was allowed.
 */

const clients = 200;
const runMs = 4_000;
const killAfterMs = 1_500;

/** Requests of which callers think better. */
const abortedShare = 0.3;

const atOnce = 40;
const perMinute = 3_000;
/** A share of a limit that a worker may hold: a twentieth. */
const shareOf = (limit: number): number => Math.ceil(limit / 20);
const workers = 2;

/** Millionths of a dollar: 7 tokens in, 3 tokens out. */
const costMicros = 7 * 10 + 3 * 30;
const budgetMicros = 1_500 * costMicros;

let directory: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let server: ServerProcess;
let upstream: Server;

const counts: Promise<void>[] = [];

/** A request at the stand-in. */
interface AtEngine {
  wasGivenUp: boolean;
}

const seen = { total: 0, whole: 0, underWay: new Set<AtEngine>(), mostUnderWay: 0 };

/**
 * Counts those under way together, once the ends that had come before are known: a request that was given up has left the
 * gateway, and its end may be read after the beginning of the next one.
 */
async function countUnderWay(): Promise<void> {
  const together = [...seen.underWay];
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  seen.mostUnderWay = Math.max(seen.mostUnderWay, together.filter((each) => !each.wasGivenUp).length);
}

const completion = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, message: { role: "assistant", content: "one two three" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
});

/** A stand-in for an engine that takes a while for each request and counts them. */
async function startUpstream(random: Random): Promise<Server> {
  const made = createServer((asked, response) => {
    asked.resume();
    asked.on("end", () => {
      const one: AtEngine = { wasGivenUp: false };
      seen.total += 1;
      seen.underWay.add(one);
      counts.push(countUnderWay());
      const timer = setTimeout(
        () => {
          seen.whole += 1;
          response.writeHead(200, { "content-type": "application/json" }).end(completion);
        },
        5 + random.next() * 30,
      );
      response.once("close", () => {
        clearTimeout(timer);
        one.wasGivenUp = !response.writableFinished;
        seen.underWay.delete(one);
      });
    });
  });
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", () => resolve()));
  return made;
}

function limit(name: string, spec: object) {
  return { kind: "TrafficLimit", name, spec: { subject: { project: "default" }, ...spec } };
}

beforeAll(async () => {
  upstream = await startUpstream(seededRandom(7));
  directory = await temporaryDataDirectory();
  server = await startServerProcess({ dataDir: directory.path, cwd: "/", gatewayWorkers: workers });
  const { port } = upstream.address() as AddressInfo;
  const applied = await server.call("POST", "/api/v1/apply", {
    manifests: [
      limit("at-once", { concurrentRequests: atOnce }),
      limit("per-minute", { requestsPerMinute: perMinute }),
      limit("money", { budget: { amount: budgetMicros / 1_000_000, per: "total" } }),
      {
        kind: "Deployment",
        project: "default",
        name: "chat",
        spec: {
          runtime: "external",
          external: { url: `http://127.0.0.1:${port}`, model: "m", probe: "none" },
          price: { inputPerMillion: 10_000_000, outputPerMillion: 30_000_000 },
        },
      },
    ],
  });
  if (applied.status !== 200) throw new Error(JSON.stringify(applied.json));
  await until("the deployment answers", async () => (await ask(new Agent(), null)) === 200);
});

afterAll(async () => {
  await server.end("SIGTERM");
  await directory.remove();
  upstream.close();
  upstream.closeAllConnections();
});

/** One chat; given up after `abortAfterMs`. Answers with the status, or 0 when the connection broke or was given up. */
function ask(agent: Agent, abortAfterMs: number | null): Promise<number> {
  const body = JSON.stringify({ model: "chat", max_tokens: 3, messages: [{ role: "user", content: "hi" }] });
  return new Promise((resolve) => {
    const sent = request(
      `${server.gatewayUrl}/v1/chat/completions`,
      {
        method: "POST",
        agent,
        headers: {
          authorization: `Bearer ${server.key}`,
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
        },
      },
      (answer) => {
        answer.resume();
        answer.on("error", () => resolve(0));
        answer.on("close", () => resolve(answer.complete ? (answer.statusCode ?? 0) : 0));
      },
    );
    sent.on("error", () => resolve(0));
    sent.end(body);
    if (abortAfterMs !== null) setTimeout(() => sent.destroy(), abortAfterMs);
  });
}

async function killOneWorker(): Promise<void> {
  const host = readGatewayState(join(directory.path, "serving"))?.pid;
  for (const name of await readdir("/proc")) {
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (host === undefined || Number(fields[1]) !== host || fields[0] === "Z") continue;
    process.kill(Number(name), "SIGKILL");
    return;
  }
  throw new Error("the gateway has no worker that could be killed");
}

async function spentMicros(): Promise<number> {
  const found = (await server.call("GET", "/api/v1/traffic-limits/money")).json as {
    status: { budget: { spent: number } | null };
  };
  return Math.round((found.status.budget?.spent ?? 0) * 1_000_000);
}

test("no limit is exceeded by 200 callers with random aborts while a worker is killed, and nothing stays taken", async () => {
  const random = seededRandom(11);
  const startedAt = performance.now();
  const statuses: number[] = [];
  const caller = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (performance.now() - startedAt < runMs) {
      statuses.push(await ask(agent, random.next() < abortedShare ? random.next() * 40 : null));
    }
    agent.destroy();
  };
  const kill = new Promise((resolve) => setTimeout(resolve, killAfterMs)).then(killOneWorker);
  await Promise.all([kill, ...Array.from({ length: clients }, caller)]);
  const seconds = (performance.now() - startedAt) / 1_000 + 5;

  expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(100);
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(50);
  expect(new Set(statuses)).toEqual(new Set([0, 200, 429]));
  await Promise.all(counts);
  expect(seen.mostUnderWay).toBeLessThanOrEqual(atOnce);
  expect(seen.total).toBeLessThanOrEqual(
    perMinute + (perMinute / 60) * seconds + shareOf(perMinute) * workers + workers,
  );
  // Whole answers cost money for certain; what was given up may have.
  expect(seen.whole * costMicros).toBeLessThanOrEqual(budgetMicros);

  await until("all that was under way has ended", async () => seen.underWay.size === 0);
  const raised = await server.call("POST", "/api/v1/apply", {
    manifests: [
      // Not so high that what was spent is too little of it to be told.
      limit("money", { budget: { amount: (4 * budgetMicros) / 1_000_000, per: "total" } }),
      limit("per-minute", { requestsPerMinute: 100_000 }),
    ],
  });
  expect(raised.status).toBe(200);
  // A limit that changes is looked after at once, and its status with it.
  const spent = await until("what was spent is told", async () => {
    const micros = await spentMicros();
    return micros > 0 && micros;
  });
  expect(spent).toBeLessThanOrEqual(budgetMicros);
  await until("as many as are allowed at once are let in together", async () => {
    seen.mostUnderWay = 0;
    const agents = Array.from({ length: atOnce }, () => new Agent());
    const answers = await Promise.all(agents.map(async (agent) => await ask(agent, null)));
    return answers.every((status) => status === 200);
  });
  await Promise.all(counts);
  expect(seen.mostUnderWay).toBeLessThanOrEqual(atOnce);
});
