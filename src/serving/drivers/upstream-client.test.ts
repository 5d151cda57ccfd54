import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import type { Dispatcher } from "undici";
import { afterEach, describe, expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { UpstreamClient, type UpstreamRequestOptions } from "./upstream-client.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** What became of one request. */
interface Heard {
  readonly events: string[];
  status: number;
  headers: Readonly<Record<string, unknown>>;
  body: string;
  error: Error | null;
  controller: Dispatcher.DispatchController | null;
}

/** A raw server: each connection is handed to `serve`, with all that came on it so far. */
async function upstream(
  serve: (socket: Socket, request: number, text: string) => unknown,
  options: { readonly maxConnections?: number } = {},
) {
  const sockets: Socket[] = [];
  const seen: string[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      seen.push(bytes.toString("latin1"));
      serve(socket, seen.length - 1, seen.at(-1) ?? "");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  const client = new UpstreamClient(
    {
      address: { host: "127.0.0.1", port },
      refusal: null,
      host: "up",
      maxConnections: options.maxConnections ?? 8,
      headMs: 100,
      silentMs: 100,
    },
    { connectMs: 100, idleMs: 1_000, headBytes: 1_024, readBuffer: Buffer.allocUnsafe(65_536), lookedAt: () => 0 },
  );
  cleanups.push(() => {
    client.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { client, sockets, seen };
}

const chat = { method: "POST", path: "/chat", headers: ["x-a", "1"], body: Buffer.from("{}") } as const;

/** Sends a request. @returns what is heard of it; `ended` resolves with the same once its end was told. */
function send(
  client: UpstreamClient,
  options: Partial<UpstreamRequestOptions> = {},
  onData: (controller: Dispatcher.DispatchController) => void = () => undefined,
) {
  const heard: Heard = { events: [], status: 0, headers: {}, body: "", error: null, controller: null };
  const ended = new Promise<Heard>((resolve) => {
    client.dispatch(
      { ...chat, ...options },
      {
        onRequestStart: (controller) => {
          heard.controller = controller;
        },
        onResponseStart: (_controller, status, headers) => {
          heard.events.push("head");
          heard.status = status;
          heard.headers = headers;
        },
        onResponseData: (controller, chunk) => {
          heard.body += chunk.toString("latin1");
          onData(controller);
        },
        onResponseEnd: () => {
          heard.events.push("end");
          resolve(heard);
        },
        onResponseError: (_controller, error) => {
          heard.events.push("error");
          heard.error = error;
          resolve(heard);
        },
      },
    );
  });
  return { heard, ended };
}

const length = (body: string, more = ""): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n${more}content-length: ${body.length}\r\n\r\n${body}`;
const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nall\r\n2;x=y\r\n's\r\n0\r\nx-t: 1\r\n\r\n";

test("a body in parts leaves as one, however large it is", async () => {
  for (const size of [2, 20_000]) {
    const body = [Buffer.alloc(size, "a"), Buffer.alloc(size, "b"), new Uint8Array(0), Buffer.from("c")];
    const whole = Buffer.concat(body).toString("latin1");
    const { client, seen } = await upstream((socket) => {
      if (seen.join("").endsWith(whole)) socket.write(length("fine"));
    });

    expect(await send(client, { body }).ended).toMatchObject({ status: 200, body: "fine" });
    expect(seen.join("")).toContain(`\r\ncontent-length: ${2 * size + 1}\r\n\r\n${whole}`);
  }
});

test("requests leave whole, and their connection is used again", async () => {
  const { client, sockets, seen } = await upstream((socket) => socket.write(length("fine")));

  expect(await send(client).ended).toMatchObject({ status: 200, body: "fine", events: ["head", "end"] });
  expect(await send(client, { headers: { Host: "other" } }).ended).toMatchObject({ status: 200, body: "fine" });
  expect(await send(client, { method: "GET", path: "/v1", headers: [], body: null }).ended).toMatchObject({
    body: "fine",
  });
  expect(seen).toEqual([
    "POST /chat HTTP/1.1\r\nhost: up\r\nconnection: keep-alive\r\nx-a: 1\r\ncontent-length: 2\r\n\r\n{}",
    "POST /chat HTTP/1.1\r\nhost: other\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\n{}",
    "GET /v1 HTTP/1.1\r\nhost: up\r\nconnection: keep-alive\r\n\r\n",
  ]);
  expect(sockets).toHaveLength(1);
});

test("an answer is understood when each of its bytes comes alone", async () => {
  const interim = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n`;
  const answers = [length("fine"), chunked, `${interim}${length("late")}`];
  const { client, sockets } = await upstream((socket, request) => {
    const drip = async (): Promise<void> => {
      for (const byte of Buffer.from(answers[request] ?? "")) {
        socket.write(Uint8Array.of(byte));
        await turn();
      }
    };
    drip().catch(() => undefined);
  });

  const bodies: string[] = [];
  for (const _ of answers) {
    const { status, body, events } = await send(client).ended;
    bodies.push(body);
    expect([status, events]).toEqual([200, ["head", "end"]]);
  }
  expect(bodies).toEqual(["fine", "all's", "late"]);
  expect(sockets).toHaveLength(1);
});

describe("a connection is not used again", () => {
  test.each([
    ["when the answer says so", length("fine", "connection: close\r\n")],
    ["when more than the answer came", `${length("fine")}HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nother`],
    ["when it is kept for too short", length("fine", "keep-alive: timeout=1\r\n")],
    ["when the answer is of HTTP/1.0", length("fine").replace("HTTP/1.1", "HTTP/1.0")],
  ])("%s", async (_what, answer) => {
    const { client, sockets } = await upstream((socket) => socket.write(answer));

    for (let request = 0; request < 2; request += 1) {
      expect(await send(client).ended).toMatchObject({ body: "fine", events: ["head", "end"] });
    }
    expect(sockets).toHaveLength(2);
  });

  test("when something comes on it that nobody asked for", async () => {
    const { client, sockets } = await upstream((socket, request) => {
      socket.write(length(`answer ${request}`));
    });
    await send(client).ended;
    const [socket] = sockets;
    socket?.write(length("stolen"));
    if (socket !== undefined && !socket.destroyed) await once(socket, "close");

    expect(await send(client).ended).toMatchObject({ body: "answer 1" });
    expect(sockets).toHaveLength(2);
  });
});

test("a body without a length ends with the connection, and one with a length does not", async () => {
  const open = "HTTP/1.1 200 OK\r\n\r\nall of it";
  const { client } = await upstream((socket, request) =>
    socket.end(request === 0 ? open : length("fine").slice(0, -1)),
  );

  expect(await send(client).ended).toMatchObject({ body: "all of it", events: ["head", "end"] });
  expect(await send(client).ended).toMatchObject({ body: "fin", events: ["head", "error"] });
});

test("answers without a body end with their head", async () => {
  const heads = ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"];
  const { client, sockets } = await upstream((socket, request) => socket.write(heads[request] ?? ""));

  expect(await send(client).ended).toMatchObject({ status: 204, body: "", events: ["head", "end"] });
  expect(await send(client, { method: "HEAD", body: null }).ended).toMatchObject({ status: 200, body: "" });
  expect(sockets).toHaveLength(1);
});

describe("an upstream fails its request once, and closes its connection, when it", () => {
  const tooLong = `HTTP/1.1 200 OK\r\n${"x-a: b\r\n".repeat(200)}\r\n`;
  const twice = `${chunked.slice(0, 17)}content-length: 3\r\n${chunked.slice(17)}`;
  const part = length("fine").slice(0, -2);
  const cases: readonly (readonly [string, (socket: Socket) => unknown, readonly string[]])[] = [
    ["closes at once", (socket) => socket.end(), []],
    ["resets at once", (socket) => socket.resetAndDestroy(), []],
    ["speaks no HTTP", (socket) => socket.write("220 smtp ESMTP\r\n"), []],
    ["sends garbage", (socket) => socket.write(Buffer.alloc(4_096, 7)), []],
    ["never ends its head", (socket) => socket.write(tooLong.slice(0, 1_200)), []],
    ["sends too long a head", (socket) => socket.write(tooLong), []],
    ["sends interim answers for ever", (socket) => socket.write("HTTP/1.1 100 C\r\n\r\n".repeat(100)), []],
    ["frames its body twice", (socket) => socket.write(twice), []],
    ["breaks its chunks", (socket) => socket.write(chunked.replace("2;x", "q;x")), ["head"]],
    ["resets within its body", (socket) => socket.write(part, () => socket.resetAndDestroy()), ["head"]],
  ];

  test.each(cases)("%s", async (_what, serve, before) => {
    const { client, sockets } = await upstream(serve);
    const { events, error } = await send(client).ended;

    expect(error).toBeInstanceOf(Error);
    expect(events).toEqual([...before, "error"]);
    await until("the connection is closed", async () => sockets[0]?.destroyed === true);
    expect(events).toEqual([...before, "error"]);
  });
});

test("a limit that is reached ends the request, but not while its handler holds the answer up", async () => {
  const begun = length("fine").slice(0, -2);
  const { client } = await upstream((socket, _request, text) => text.includes("x-begin") && socket.write(begun));

  const silent = send(client);
  await until("it is sent", async () => silent.heard.controller !== null);
  client.look(100, 0);
  expect(silent.heard.error).toBe(null);
  await until("it is connected", async () => {
    client.look(101, 0);
    return silent.heard.error !== null;
  });
  expect((await silent.ended).error).toMatchObject({ code: expect.stringMatching(/^(connect|head)-timeout$/) });

  const held = send(client, { headers: ["x-begin", "1"] }, (controller) => controller.pause());
  await until("the body begins", async () => held.heard.body === "fi");
  client.look(1_000, 0);
  expect(held.heard.error).toBe(null);
  held.heard.controller?.resume();
  client.look(1_000, 0);
  expect((await held.ended).error).toMatchObject({ code: "body-timeout" });
});

test("a handler that holds an answer up stops its flow, and hears the rest in order when it lets it go on", async () => {
  const body = Array.from({ length: 400_000 }, (_, index) => String(index)).join(" ");
  const { client, sockets } = await upstream((socket) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${body}`));
  const { heard, ended } = send(client, {}, (controller) => controller.pause());
  await until("the first part is there", async () => heard.body.length > 0);
  for (let step = 0; step < 50; step += 1) await turn();
  expect(heard.body.length).toBeLessThan(body.length / 4);
  expect(sockets[0]?.destroyed).toBe(false);

  while (heard.events.at(-1) === "head") {
    heard.controller?.resume();
    await turn();
  }
  expect((await ended).body === body).toBe(true);
  expect(heard.events).toEqual(["head", "end"]);
});

test("a request that is given up closes its connection, wherever it is, and tells that once", async () => {
  const { client, sockets, seen } = await upstream((socket) => socket.write(length("fine").slice(0, -1)), {
    maxConnections: 1,
  });
  const carried = send(client);
  const waiting = send(client);
  await until("the body begins", async () => carried.heard.body === "fin");

  const gone = new Error("gone");
  waiting.heard.controller?.abort(gone);
  expect(waiting.heard.events).toEqual(["error"]);
  carried.heard.controller?.abort(gone);
  carried.heard.controller?.abort(gone);
  expect(carried.heard).toMatchObject({ events: ["head", "error"], error: gone });
  await until("the connection is closed", async () => sockets[0]?.destroyed === true);
  expect(seen).toHaveLength(1);
});

test("requests beyond the connections wait, and go out in their order", async () => {
  const { client, sockets, seen } = await upstream((socket) => setImmediate(() => socket.write(length("fine"))), {
    maxConnections: 2,
  });
  const all = Array.from({ length: 12 }, (_, index) => send(client, { headers: ["x-index", String(index)] }).ended);

  for (const { body } of await Promise.all(all)) expect(body).toBe("fine");
  expect(sockets).toHaveLength(2);
  expect(seen.slice(2).map((text) => Number(/x-index: (\d+)/.exec(text)?.[1]))).toEqual([
    2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
  ]);
});

test.each([
  ["a line break in a value", { headers: ["x-a", "1\r\nx-b: 2"] }],
  ["a line break in a name", { headers: ["x-a: 1\r\nx-b", "2"] }],
  ["a character beyond Latin-1", { headers: ["x-a", "\u{1f600}"] }],
  ["a length of its own", { headers: ["Content-Length", "1"] }],
  ["a framing of its own", { headers: { "Transfer-Encoding": "chunked" } }],
  ["a space in its path", { path: "/a HTTP/1.1\r\nx-a: b" }],
] as const)("a request with %s is not sent", async (_what, options) => {
  const { client, seen } = await upstream((socket) => socket.write(length("fine")));

  expect(await send(client, options).ended).toMatchObject({ events: ["error"], error: expect.any(RangeError) });
  expect(seen).toEqual([]);
});
