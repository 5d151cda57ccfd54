import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startGatewayProcesses } from "../fixtures/gateway-processes.ts";
import { modelRoute } from "../fixtures/model-route.ts";
import { type StandInUpstream, startStandInUpstream } from "../fixtures/stand-in-upstream.ts";
import type { GatewayControl } from "./gateway-control.ts";

/* Callers that send too much, too slowly or nonsense to a gateway's own processes: each gets a clear answer, the others never notice. */

const mebibyte = 1024 * 1024;
const pieceBytes = 64 * 1024;

let folder: string;
let control: GatewayControl;
let upstream: StandInUpstream;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gateway-callers-"));
  upstream = await startStandInUpstream();
  control = await startGatewayProcesses({ folder, workers: 1 });
  await control.publish(modelRoute("chat", [{ address: { kind: "http", url: upstream.url } }]));
});

afterAll(async () => {
  await control.stop();
  await upstream.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Heard {
  readonly status: number;
  readonly text: string;
}

/** Sends a chat; with its length announced unless `isChunked`. What the gateway answers before all is sent counts. */
function send(body: Buffer | string, isChunked = false): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: "Bearer good",
      ...(isChunked ? {} : { "content-length": Buffer.byteLength(body) }),
    };
    const options = { host: "127.0.0.1", port: control.port, path: "/v1/chat/completions", method: "POST", headers };
    const sent = request({ ...options, agent: new Agent({ keepAlive: true }) }, (answer) => {
      let text = "";
      answer.on("data", (part) => (text += String(part)));
      answer.on("end", () => {
        resolve({ status: answer.statusCode ?? 0, text });
        sent.destroy();
      });
      answer.on("error", reject);
    });
    sent.on("error", reject);
    const source = Readable.from(piecesOf(body), { highWaterMark: 1 });
    // Who is answered sends no more, as clients do.
    sent.once("response", () => source.unpipe(sent));
    source.pipe(sent);
  });
}

/** Pieces, so that the answer is heard while more is sent. */
function* piecesOf(body: Buffer | string): Generator<Buffer> {
  const bytes = Buffer.from(body);
  for (let from = 0; from < bytes.byteLength; from += pieceBytes) yield bytes.subarray(from, from + pieceBytes);
}

const chat = (content: string): string =>
  JSON.stringify({ model: "chat", max_tokens: 3, messages: [{ role: "user", content }] });
const well = async (): Promise<number> => (await send(chat("hi"))).status;

test("ten thousand connections that send their headers a byte at a time starve nobody, and the oldest of too many go", async () => {
  const sockets: Socket[] = [];
  let closed = 0;
  for (let count = 0; count < 10_000; count += 500) {
    const opened = Array.from(
      { length: 500 },
      () =>
        new Promise<void>((resolve) => {
          const socket = connect(control.port, "127.0.0.1", () => {
            socket.write("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-slow: ");
            resolve();
          });
          socket.on("error", () => undefined);
          socket.on("close", () => {
            closed += 1;
            resolve();
          });
          sockets.push(socket);
        }),
    );
    await Promise.all(opened);
    expect(await well()).toBe(200);
  }
  for (const socket of sockets) socket.write("a");
  const answers = await Promise.all(Array.from({ length: 50 }, well));

  expect(answers).toEqual(Array.from({ length: 50 }, () => 200));
  await expect.poll(() => closed).toBeGreaterThanOrEqual(10_000 - 4_096);
  for (const socket of sockets) socket.destroy();
});

test.each([
  ["whose length is announced", false],
  ["that come in chunks", true],
])("bodies of 50 MB %s are refused, several at once, and others are served meanwhile", async (_what, isChunked) => {
  const large = Buffer.alloc(50 * mebibyte, "a");
  const [answers, others] = await Promise.all([
    Promise.all(Array.from({ length: 4 }, () => send(large, isChunked))),
    Promise.all(Array.from({ length: 10 }, well)),
  ]);

  for (const { status, text } of answers) {
    expect([status, text]).toEqual([413, expect.stringMatching(/16777216/)]);
  }
  expect(others).toEqual(Array.from({ length: 10 }, () => 200));
});

test("a prompt as long as a body may be reaches the model unchanged", async () => {
  const content = "häagen ".repeat(1.9 * mebibyte).slice(0, 14 * mebibyte);
  const body = chat(content);
  expect(Buffer.byteLength(body)).toBeLessThan(16 * mebibyte);
  const { status } = await send(body);

  expect(status).toBe(200);
  const { messages } = JSON.parse(upstream.seen.at(-1)?.text ?? "") as { messages: readonly { content: string }[] };
  expect(messages[0]?.content === content).toBe(true);
});

test.each([
  [
    "bytes that are no UTF-8 in the model's name",
    Buffer.concat([Buffer.from('{"model":"ch'), Buffer.from([0xc3]), Buffer.from('t","messages":[]}')]),
  ],
  ["half a JSON object", '{"model":"chat","messages":['],
  ["no JSON", "\u0000\u0001\u0002"],
  ["nothing", ""],
  ["a list", "[1,2]"],
])("%s is refused with 400 and reaches no model", async (_what, body) => {
  const before = upstream.seen.length;
  const { status, text } = await send(body);

  expect([status, JSON.parse(text)]).toEqual([
    400,
    { error: expect.objectContaining({ type: "invalid_request_error" }) },
  ]);
  expect(upstream.seen.length).toBe(before);
  expect(await well()).toBe(200);
});

test("bytes that are no UTF-8 within a prompt are refused with their place and reach no model", async () => {
  const before = upstream.seen.length;
  const [head = "", tail = ""] = chat("\n").split("\\n");
  const body = Buffer.concat([Buffer.from(head), Buffer.from([0xff, 0xfe]), Buffer.from(tail)]);
  for (const isChunked of [false, true]) {
    const { status, text } = await send(body, isChunked);
    const message = expect.stringContaining(
      `UTF-8, found bytes that are none: the first at byte ${head.length} is 0xff`,
    );

    expect([status, JSON.parse(text)]).toEqual([
      400,
      { error: { message, type: "invalid_request_error", param: null, code: "invalid_request" } },
    ]);
  }
  expect(upstream.seen.length).toBe(before);
  expect(await well()).toBe(200);
});

test("a million brackets exhaust nothing", async () => {
  const { status } = await send(`{"model":"chat","messages":${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}}`);

  expect([200, 400]).toContain(status);
  expect(await well()).toBe(200);
});
