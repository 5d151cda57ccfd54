/**
 * Whether the gateway's memory stays flat: a million requests, a fifth of them streamed and a fifth given up by the caller, each
 * at a random moment. Resident memory of the gateway's processes rises and falls with V8's collections, by a sixth or so: it is
 * read every 10,000 requests, and the median of the last fifth of the run is held against that of the first fifth.
 *
 * `npm run bench:gateway:soak -- [--json] [--requests 1000000] [--warm-up 100000] [--connections 64]`
 */
import { request as send, Agent } from "node:http";
import { seededRandom } from "../../src/base/random.ts";
import { modelRoute } from "../../src/serving/fixtures/model-route.ts";
import { median } from "../benchmark.ts";
import { provenance } from "../provenance.ts";
import { startBenchGateway } from "./bench-gateway.ts";
import { ensureProgram, startUpstreams } from "./upstreams.ts";
import { residentBytes } from "./process-cpu.ts";
import { readOptions } from "../../tools/read-options.ts";

const streamedShare = 0.2;
const abortedShare = 0.2;

/** A request that is given up lives at most this long, milliseconds. */
const abortWithinMs = 5;

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
const gateway = await startBenchGateway();
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

/** @returns what the gateway held at each look, bytes. */
async function run(requests: number): Promise<readonly number[]> {
  const looks: number[] = [];
  let left = requests;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      if (left % lookEvery === 0) {
        looks.push(residentBytes(gateway.pid));
        process.stderr.write(`${left} left, ${megabytes(looks.at(-1) ?? 0)} MiB\n`);
      }
      await one();
    }
  };
  await Promise.all(Array.from({ length: Number(values.connections) }, caller));
  return looks;
}

function megabytes(bytes: number): number {
  return Math.round((bytes / 1_048_576) * 10) / 10;
}

try {
  for (const [name, upstream] of [
    ["whole", upstreams.whole],
    ["stream", upstreams.stream],
  ] as const) {
    await gateway.publish(modelRoute(name, [{ address: { kind: "http", url: `http://127.0.0.1:${upstream}` } }]));
  }
  await run(warmUp);
  const looks = await run(total);
  const fifth = Math.max(1, Math.floor(looks.length / 5));
  const first = median(looks.slice(0, fifth));
  const last = median(looks.slice(-fifth));
  const result = {
    requests: total,
    ...counts,
    firstFifthMiB: megabytes(first),
    lastFifthMiB: megabytes(last),
    leastMiB: megabytes(Math.min(...looks)),
    mostMiB: megabytes(Math.max(...looks)),
    growthPercent: Math.round((last / first - 1) * 1_000) / 10,
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  if (!values.json) for (const line of provenance()) process.stdout.write(`- ${line}\n`);
} finally {
  agent.destroy();
  await gateway.stop();
  await upstreams.stop();
}
