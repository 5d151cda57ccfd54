/**
 * Whether the gateway's memory stays flat: a million requests, a fifth of them streamed and a fifth given up by the caller, each
 * at a random moment. What the gateway's processes hold is read every 10,000 requests, and the median of the last fifth of the run
 * is held against that of the first fifth.
 *
 * `npm run bench:gateway:soak -- [--json] [--requests 1000000] [--warm-up 100000] [--connections 64]`
 */
import { request as send, Agent } from "node:http";
import { seededRandom } from "../../src/base/random.ts";
import { modelRoute } from "../../src/serving/fixtures/model-route.ts";
import { provenance } from "../provenance.ts";
import { startBenchGateway } from "./bench-gateway.ts";
import { ensureProgram, startUpstreams } from "./upstreams.ts";
import { type GatewayMemory, MemoryLooks } from "./gateway-memory.ts";
import { courseOf, mebibytes } from "./memory-fifths.ts";
import { cpuMicros } from "./process-cpu.ts";
import { readOptions } from "../../tools/read-options.ts";

const streamedShare = 0.2;
const abortedShare = 0.2;

/** A request that is given up lives at most this long, milliseconds. */
const abortWithinMs = 5;

const replicasEach = 4;

/** How many requests lie between two looks at the memory. */
const lookEvery = 10_000;

const values = readOptions({
  json: { type: "boolean", default: false },
  requests: { type: "string", default: "1000000" },
  "warm-up": { type: "string", default: "100000" },
  connections: { type: "string", default: "64" },
});
const total = Number(values.requests);
const warmUp = Number(values["warm-up"]);

ensureProgram("nginx", "nginx-light");
const upstreams = await startUpstreams();
const memory = await MemoryLooks.open();
const gateway = await memory.during(() => startBenchGateway());
const agent = new Agent({ keepAlive: true, maxSockets: Number(values.connections) });
const random = seededRandom(1);
const counts = { done: 0, aborted: 0, streamed: 0, failed: 0 };

function bodyOf(isStream: boolean): string {
  const content = "word ".repeat(20 + Math.floor(random.next() * 300));
  return JSON.stringify({
    model: isStream ? "stream" : "whole",
    stream: isStream,
    messages: [{ role: "user", content: `${Math.floor(random.next() * 1_000_000)} ${content}` }],
  });
}

function one(): Promise<void> {
  const isStream = random.next() < streamedShare;
  const isAborted = random.next() < abortedShare;
  const body = bodyOf(isStream);
  return new Promise((resolve) => {
    const sent = send(
      {
        host: "127.0.0.1",
        port: gateway.port,
        path: "/v1/chat/completions",
        method: "POST",
        agent,
        headers: {
          authorization: "Bearer bench",
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
        },
      },
      (answer) => {
        answer.on("data", () => undefined);
        answer.on("error", () => undefined);
        answer.on("close", () => {
          if (!isAborted && answer.statusCode === 200 && answer.complete) counts.done += 1;
          else if (!isAborted) counts.failed += 1;
          if (isStream) counts.streamed += 1;
          resolve();
        });
      },
    );
    sent.on("error", () => {
      if (!isAborted) counts.failed += 1;
      resolve();
    });
    sent.end(body);
    if (!isAborted) return;
    counts.aborted += 1;
    setTimeout(() => sent.destroy(), random.next() * abortWithinMs);
  });
}

/** @returns what the gateway held at each look. */
async function run(requests: number): Promise<readonly GatewayMemory[]> {
  const looks: GatewayMemory[] = [];
  let left = requests;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      if (left % lookEvery === 0) {
        const look = memory.look(gateway.pid);
        looks.push(look);
        const { host, workers } = look;
        process.stderr.write(`${left} left, ${mebibytes(host.resident)} + ${mebibytes(workers.resident)} MiB\n`);
      }
      await one();
    }
  };
  await Promise.all(Array.from({ length: Number(values.connections) }, caller));
  return looks;
}

try {
  for (const [name, upstream] of [
    ["whole", upstreams.whole],
    ["stream", upstreams.stream],
  ] as const) {
    // With several replicas to choose from, the gateway remembers which of them has which prompt.
    const replicas = Array.from({ length: replicasEach }, (_, index) => ({
      address: { kind: "http" as const, url: `http://127.0.0.1:${upstream}/${index}` },
    }));
    await gateway.publish(modelRoute(name, replicas));
  }
  await run(warmUp);
  const warm = { ...counts };
  const cpuBefore = cpuMicros(gateway.pid);
  const looks = await run(total);
  const result = {
    requests: total,
    done: counts.done - warm.done,
    aborted: counts.aborted - warm.aborted,
    streamed: counts.streamed - warm.streamed,
    failed: counts.failed,
    cpuMicrosPerRequest: Math.round((cpuMicros(gateway.pid) - cpuBefore) / total),
    ...courseOf(looks),
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  if (!values.json) for (const line of provenance()) process.stdout.write(`- ${line}\n`);
} finally {
  agent.destroy();
  await gateway.stop();
  await upstreams.stop();
  await memory.close();
}
