/**
 * What a gateway holds at the most while callers misbehave: connections that never finish a request, and bodies that are too large, or
 * too many. After each drill usual requests follow, and what is then resident is read again.
 *
 * `npm run bench:gateway:drills -- [--json] [--connections 10000]`
 */
import { Agent, request as send } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { modelRoute } from "../../src/serving/fixtures/model-route.ts";
import { readOptions } from "../../tools/read-options.ts";
import { provenance } from "../provenance.ts";
import { startBenchGateway } from "./bench-gateway.ts";
import { ensureProgram, startUpstreams } from "./upstreams.ts";
import { mebibytes } from "./memory-fifths.ts";
import { peakByProcess, residentByProcess, restartPeaks } from "./process-cpu.ts";

const values = readOptions({
  json: { type: "boolean", default: false },
  connections: { type: "string", default: "10000" },
});
const connections = Number(values.connections);

/** Connections that are opened at once, so that none is refused for the queue of the kernel. */
const openedAtOnce = 500;
/** How long connections stand still: the gateway gives up heads after 10 s, and bodies after 30. */
const standMs = 5_000;
const usualRequests = 5_000;
const mebibyte = 1_048_576;

ensureProgram("nginx", "nginx-light");
const upstreams = await startUpstreams();
const gateway = await startBenchGateway();
const agent = new Agent({ keepAlive: true, maxSockets: 32 });

const head = (length: number): string =>
  `POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer bench\r\ncontent-length: ${length}\r\n`;

/** Opens connections that send these bytes and nothing more. @returns how many the gateway had closed, bytes read or not. */
async function stand(bytes: string): Promise<string> {
  const sockets: Socket[] = [];
  let closed = 0;
  const open = async (): Promise<void> =>
    await new Promise((resolve) => {
      const socket = connect(gateway.port, "127.0.0.1", () => {
        socket.write(bytes);
        resolve();
      });
      socket.on("error", () => undefined);
      socket.once("close", () => {
        closed += 1;
        resolve();
      });
      socket.resume();
      sockets.push(socket);
    });
  for (let opened = 0; opened < connections; opened += openedAtOnce) {
    await Promise.all(Array.from({ length: Math.min(openedAtOnce, connections - opened) }, open));
  }
  await pause(standMs);
  const told = `${closed} closed by the gateway`;
  for (const socket of sockets) socket.destroy();
  return told;
}

/** Sends a body. @returns the answer's status, or what became of the connection. */
function post(body: Buffer): Promise<string> {
  const headers = { authorization: "Bearer bench", "content-type": "application/json", "content-length": body.length };
  return new Promise((resolve) => {
    const sent = send({
      host: "127.0.0.1",
      port: gateway.port,
      path: "/v1/chat/completions",
      method: "POST",
      agent,
      headers,
    });
    sent.on("response", (answer) => {
      answer.resume();
      answer.on("close", () => resolve(String(answer.statusCode)));
    });
    sent.on("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    sent.end(body);
  });
}

function bodyOf(bytes: number): Buffer {
  return Buffer.from(JSON.stringify({ model: "whole", messages: [{ role: "user", content: "x".repeat(bytes) }] }));
}

/** Sends the same body many times at once. @returns how often each answer came. */
async function flood(count: number, body: Buffer): Promise<string> {
  const own = new Map<string, number>();
  agent.maxSockets = count;
  for (const end of await Promise.all(Array.from({ length: count }, () => post(body)))) {
    own.set(end, (own.get(end) ?? 0) + 1);
  }
  agent.maxSockets = 32;
  return [...own].map(([end, times]) => `${times} × ${end}`).join(", ");
}

async function serveUsual(): Promise<void> {
  const body = bodyOf(900);
  let left = usualRequests;
  const caller = async (): Promise<void> => {
    for (; left > 0; left -= 1) await post(body);
  };
  await Promise.all(Array.from({ length: 32 }, caller));
}

interface Row {
  readonly drill: string;
  readonly ends: string;
  readonly hostPeakMiB: number;
  readonly workerPeakMiB: number;
  readonly hostAfterMiB: number;
  readonly workerAfterMiB: number;
}

async function drill(name: string, run: () => Promise<string>): Promise<Row> {
  restartPeaks(gateway.pid);
  const ends = await run();
  const [hostPeak = 0, workerPeak = 0] = peakByProcess(gateway.pid).values();
  await serveUsual();
  const [hostAfter = 0, workerAfter = 0] = residentByProcess(gateway.pid).values();
  return {
    drill: name,
    ends,
    hostPeakMiB: mebibytes(hostPeak),
    workerPeakMiB: mebibytes(workerPeak),
    hostAfterMiB: mebibytes(hostAfter),
    workerAfterMiB: mebibytes(workerAfter),
  };
}

try {
  await gateway.publish(
    modelRoute("whole", [{ address: { kind: "http", url: `http://127.0.0.1:${upstreams.whole}` } }]),
  );
  await serveUsual();
  const large = bodyOf(50 * mebibyte);
  const allowed = bodyOf(15 * mebibyte);
  const rows = [
    await drill("usual requests", async () => {
      await serveUsual();
      return "";
    }),
    await drill(`${connections} connections with half a head`, async () => await stand(head(10))),
    await drill(`${connections} connections with a byte of a body`, async () => await stand(`${head(4_096)}\r\n{`)),
    await drill("40 bodies of 50 MiB at once", async () => await flood(40, large)),
    await drill("100 bodies of 15 MiB at once", async () => await flood(100, allowed)),
    await drill("100 bodies of 15 MiB at once, again", async () => await flood(100, allowed)),
  ];
  if (values.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else {
    process.stdout.write("| drill | ends | host, peak MiB | worker, peak MiB | host after | worker after |\n");
    process.stdout.write("|---|---|---|---|---|---|\n");
    for (const row of rows) process.stdout.write(`| ${Object.values(row).join(" | ")} |\n`);
    for (const line of provenance()) process.stdout.write(`- ${line}\n`);
  }
} finally {
  agent.destroy();
  await gateway.stop();
  await upstreams.stop();
}
