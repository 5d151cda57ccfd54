import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { fileURLToPath } from "node:url";
import { median } from "../benchmark.ts";
import { provenance } from "../provenance.ts";

/*
 * What a request costs a worker of the gateway: microseconds of its processor time, with every policy on (keys, limits, admission,
 * balancer, breakers, metrics), for a chat of 1 KB that is no stream and for a stream of 64 chunks. Worker, two stand-ins for engines
 * and callers are processes of their own on one machine; wall time depends on what else runs there, processor time much less.
 */

const child = fileURLToPath(new URL("request-path-child.ts", import.meta.url));
const trials = 5;
const warmUpRequests = 3_000;
const atOnce = 16;
const chunks = 64;

const text = "The quick brown fox jumps over the lazy dog. ".repeat(20);
const bodyOf = (stream: boolean): string =>
  JSON.stringify({ model: "chat", messages: [{ role: "user", content: text }], max_tokens: 64, stream });

interface Started {
  readonly process: ChildProcess;
  readonly port: number;
}

async function start(...parts: readonly string[]): Promise<Started> {
  const started = fork(child, [...parts]);
  const [{ port }] = (await once(started, "message")) as [{ readonly port: number }];
  return { process: started, port };
}

async function usageOf({ process: of }: Started): Promise<{ readonly cpuMicros: number; readonly rssBytes: number }> {
  of.send("usage");
  const [usage] = (await once(of, "message")) as [{ readonly cpuMicros: number; readonly rssBytes: number }];
  return usage;
}

const agent = new Agent({ keepAlive: true, maxSockets: atOnce });

function ask(port: number, body: string): Promise<void> {
  const headers = { authorization: "Bearer key", "content-type": "application/json", "content-length": body.length };
  return new Promise((resolve, reject) => {
    const sending = request({ port, host: "127.0.0.1", path: "/v1/chat/completions", method: "POST", agent, headers });
    sending.on("response", (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`the gateway answered ${answer.statusCode}`));
      answer.resume();
      answer.on("end", resolve);
    });
    sending.on("error", reject);
    sending.end(body);
  });
}

async function load(port: number, body: string, requests: number): Promise<void> {
  let left = requests;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await ask(port, body);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
}

async function microsEach(gateway: Started, stream: boolean, requests: number): Promise<readonly number[]> {
  const body = bodyOf(stream);
  const found: number[] = [];
  for (let trial = 0; trial < trials; trial += 1) {
    const before = await usageOf(gateway);
    await load(gateway.port, body, requests);
    const after = await usageOf(gateway);
    found.push((after.cpuMicros - before.cpuMicros) / requests);
  }
  return found;
}

function show(what: string, micros: readonly number[]): void {
  const [least, most] = [Math.min(...micros), Math.max(...micros)];
  process.stdout.write(`${what}: ${median(micros).toFixed(1)} µs (${least.toFixed(1)}–${most.toFixed(1)})\n`);
}

const upstreams = await Promise.all([start("upstream"), start("upstream")]);
const gateway = await start("gateway", ...upstreams.map(({ port }) => `http://127.0.0.1:${port}`));
await load(gateway.port, bodyOf(false), warmUpRequests);
await load(gateway.port, bodyOf(true), 200);
const whole = await microsEach(gateway, false, 4_000);
const streamed = await microsEach(gateway, true, 400);
show("a chat of 1 KB, no stream", whole);
show(`a stream of ${chunks} chunks`, streamed);
show(
  "a chunk of a stream, beyond a request without one",
  streamed.map((micros) => (micros - median(whole)) / chunks),
);
process.stdout.write(`memory of the worker: ${((await usageOf(gateway)).rssBytes / 2 ** 20).toFixed(0)} MiB\n`);
process.stdout.write(`${JSON.stringify(provenance())}\n`);
for (const started of [gateway, ...upstreams]) started.process.disconnect();
agent.destroy();
