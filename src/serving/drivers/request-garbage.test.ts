import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { hello } from "../fixtures/openai-gateway.ts";
import { startStandInUpstream } from "../fixtures/stand-in-upstream.ts";

/** Requests of one measurement, and those under way at once. */
const requests = 2_000;
const underWay = 8;

/**
 * Bytes of the old heap that a request may leave behind. The fixture itself keeps a record of each; a request's own objects are some
 * 30,000 bytes, and those that it lives with are some 5,000.
 */
const leftPerRequest = 2_000;

/** A small young heap is collected often; with a large one before the first full collection, none hides what was carried over. */
const flags = ["--expose-gc", "--max-semi-space-size=8", "--initial-heap-size=1024"];

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function startProgram(url: string): Promise<{ readonly port: number; readonly oldBytes: () => Promise<number> }> {
  const program = new URL("../fixtures/gateway-program.ts", import.meta.url);
  const child: ChildProcess = fork(program, [url], { execArgv: flags });
  cleanups.push(() => child.disconnect());
  const [{ port }] = (await once(child, "message")) as [{ readonly port: number }];
  const oldBytes = async (): Promise<number> => {
    const told = once(child, "message");
    child.send({});
    return ((await told) as [{ readonly oldBytes: number }])[0].oldBytes;
  };
  return { port, oldBytes };
}

async function ask(agent: Agent, port: number): Promise<void> {
  const body = JSON.stringify(hello);
  const headers = { authorization: "Bearer good", "content-type": "application/json", "content-length": body.length };
  const sent = request({ agent, host: "127.0.0.1", port, path: "/v1/chat/completions", method: "POST", headers });
  sent.end(body);
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  await text(answer);
  expect(answer.statusCode).toBe(200);
}

/*
 * What a request leaves behind must die young. It did not: V8 makes a function that is assigned to a property in the old heap at once,
 * and links each outgrown table of a Map or a Set to the next one; both kept every request's objects until the next collection of the
 * whole heap, and each collection of the young heap carried them over, for tens of milliseconds.
 */
test("a request's objects die young: nothing old holds them once it was answered", async () => {
  const upstream = await startStandInUpstream();
  cleanups.push(() => upstream.stop());
  const { port, oldBytes } = await startProgram(upstream.url);
  const agent = new Agent({ keepAlive: true, maxSockets: underWay });
  cleanups.push(() => agent.destroy());
  const askMany = async (): Promise<void> => {
    let left = requests;
    const caller = async (): Promise<void> => {
      for (; left > 0; left -= 1) await ask(agent, port);
    };
    await Promise.all(Array.from({ length: underWay }, caller));
  };

  await askMany();
  const before = await oldBytes();
  await askMany();
  const after = await oldBytes();

  expect((after - before) / requests).toBeLessThan(leftPerRequest);
});
