import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { seededRandom } from "../../src/base/random.ts";
import { silentLog } from "../../src/platform/log.ts";
import { idsFrom, systemClock } from "../../src/platform/system.ts";
import { assembleGateway } from "../../src/serving/drivers/assemble-gateway.ts";
import { UpstreamGuard } from "../../src/serving/drivers/upstream-guard.ts";
import { KeyVerdicts } from "../../src/serving/drivers/key-verdicts.ts";
import { LimitGate } from "../../src/serving/drivers/limit-gate.ts";
import { TrafficRecorder } from "../../src/serving/drivers/traffic-recorder.ts";
import { ShareDesk } from "../../src/serving/gateway/limits/share-desk.ts";
import { LeaseBook } from "../../src/serving/gateway/limits/lease-book.ts";
import type { LimitRule } from "../../src/serving/gateway/limits/limit-rule.ts";
import { LimitLeases } from "../../src/serving/drivers/limit-leases.ts";
import { modelRoute } from "../../src/serving/fixtures/model-route.ts";

/*
 * One part of the benchmark of the request path, alone in its process: a stand-in for an engine, or a gateway's worker with all
 * policies on before such stand-ins. Told what to be by its first argument; says its port, and its processor time when asked.
 */

const [role = "", ...urls] = process.argv.slice(2);
const port = role === "upstream" ? await startUpstream() : await startGateway(urls);
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMicros: user + system, rssBytes: process.memoryUsage.rss() });
});
process.on("disconnect", () => process.exit(0));
process.send?.({ port });

async function startUpstream(): Promise<number> {
  const whole = JSON.stringify({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "m",
    choices: [{ index: 0, message: { role: "assistant", content: "x".repeat(200) }, finish_reason: "stop" }],
    usage: { prompt_tokens: 250, completion_tokens: 50, total_tokens: 300 },
  });
  const frame = (content: string, finish: string | null) =>
    `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta: { content }, finish_reason: finish }], usage: null })}\n\n`;
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += String(chunk);
    });
    request.on("end", () => {
      if (!body.includes('"stream":true')) {
        response.writeHead(200, { "content-type": "application/json", "content-length": whole.length }).end(whole);
        return;
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      let left = 64;
      const next = (): void => {
        left -= 1;
        if (left > 0) {
          response.write(frame(" word", null));
          setImmediate(next);
          return;
        }
        response.end(`${frame("", "stop")}data: [DONE]\n\n`);
      };
      next();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return (server.address() as AddressInfo).port;
}

async function startGateway(upstreams: readonly string[]): Promise<number> {
  const anyone = { identity: null, key: null, project: null, team: null, deployment: null };
  const rules = (["requests", "tokens", "concurrency"] as const).flatMap((measure): readonly LimitRule[] => [
    { id: `p-${measure}`, name: "project", measure, amount: 1e9, subject: { ...anyone, project: "default" } },
    { id: `d-${measure}`, name: "deployment", measure, amount: 1e9, subject: { ...anyone, deployment: "chat" } },
  ]);
  const book = new LeaseBook(0);
  book.setRules(rules, Date.now());
  const desk = new ShareDesk(Date.now());
  const leases = new LimitLeases({
    worker: "bench",
    desk,
    owner: { lease: async (worker, reports) => book.lease(worker, reports, Date.now()).grants },
    clock: systemClock,
    log: silentLog,
  });
  const gate = new LimitGate(desk, leases, systemClock, 4_000_000);
  gate.setTable({ rules, teams: {} }, Date.now());
  leases.start();
  const newId = idsFrom(systemClock);
  const gateway = assembleGateway({
    askLoading: async () => null,
    guard: new UpstreamGuard({ allow: [], deny: [], allowsLoopback: true }, () => []),
    clock: systemClock,
    random: seededRandom(1),
    newId,
    log: silentLog,
    features: {
      read: () => ({ names: [], values: [], statuses: [] }),
      append: async () => undefined,
      newest: () => null,
    },
    recorder: new TrafficRecorder("bench", async () => undefined, silentLog),
    keys: { fresh: () => "key", read: async () => "key" },
    gate,
    verdicts: new KeyVerdicts(
      async () => ({ identity: "bench", project: "default", mostUrgent: "default" }),
      systemClock,
    ),
    featuresElsewhere: async () => null,
    takeOutcomes: async () => ({ taken: 0, joined: 0 }),
  });
  const replicas = upstreams.map((url) => ({ address: { kind: "http" as const, url }, slots: 256 }));
  const slo = { ttftMs: 500, tpotMs: 50 };
  gateway.setTable({
    revision: 1,
    routes: [
      modelRoute("chat", replicas, { slo, price: { inputPerMillion: 3_000_000, outputPerMillion: 15_000_000 } }),
    ],
  });
  return await gateway.server.listen(0, "127.0.0.1");
}
