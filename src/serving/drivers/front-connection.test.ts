import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { isFault } from "../../base/fault.ts";
import { FrontConnection, idleGraceMs } from "./front-connection.ts";
import type { FrontExchange } from "./front-exchange.ts";

/* The front alone on real connections: what serves is the test, and what is handed over is only looked at. */

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

type Serve = (exchange: FrontExchange) => unknown;

const echo: Serve = async (exchange) => exchange.sink.sendWhole(200, {}, await exchange.readBody(1_000));

/** A caller and the front's end of its connection. */
async function startFront(serve: Serve) {
  let now = 0;
  let isGone = false;
  const handedOver: string[] = [];
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const caller = connect((server.address() as AddressInfo).port, "127.0.0.1").setNoDelay();
  const [socket] = (await once(server, "connection")) as [Socket];
  const ground = {
    clock: { now: () => now },
    bodyBytes: 1_000,
    bodyMs: 30_000,
    keptMs: 60_000,
    commonLines: () => "",
    serve,
    handOver: (each: Socket) => {
      each.on("data", (bytes: Buffer) => void handedOver.push(bytes.toString("latin1")));
    },
    onGone: () => {
      isGone = true;
    },
  };
  const connection = new FrontConnection(ground, socket);
  cleanups.push(() => {
    caller.destroy();
    socket.destroy();
    server.close();
  });
  const advance = (ms: number): void => {
    now += ms;
    connection.look(now);
  };
  /** Sends bytes that the front has read then. */
  const send = async (bytes: string): Promise<void> => {
    const read = once(socket, "data");
    caller.write(bytes, "latin1");
    await read;
  };
  return { caller, socket, connection, advance, send, handedOver, isGone: () => isGone };
}

const head = (bytes: number): string =>
  `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`;
const answer = (body: string): string => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

/** Reads until so many bytes have come. */
async function hear(caller: Socket, bytes: number): Promise<string> {
  let heard = "";
  while (heard.length < bytes) heard += ((await once(caller, "data")) as [Buffer])[0].toString("latin1");
  return heard;
}

test("a request is read alike wherever it is split in two", async () => {
  const whole = `${head(5)}hello`;
  const { caller, send } = await startFront(echo);
  for (let at = 1; at < whole.length; at += 1) {
    const heard = hear(caller, answer("hello").length);
    await send(whole.slice(0, at));
    await send(whole.slice(at));
    expect(await heard).toBe(answer("hello"));
  }
});

test("a request that comes a byte at a time is read", async () => {
  const { caller, send } = await startFront(echo);
  const heard = hear(caller, answer("hello").length);
  for (const byte of `${head(5)}hello`) await send(byte);

  expect(await heard).toBe(answer("hello"));
});

test("requests that come together are served one after the other", async () => {
  const served: FrontExchange[] = [];
  const { caller, send } = await startFront((exchange) => void served.push(exchange));
  await send(`${head(1)}a${head(1)}b`);

  expect(served).toHaveLength(1);
  served[0]?.sendWhole(200, {}, "1");
  expect(await hear(caller, answer("1").length)).toBe(answer("1"));
  expect(served).toHaveLength(2);
  expect(Buffer.from(await (served[1]?.readBody(10) ?? "")).toString()).toBe("b");
  // The first one has no say in the second one's answer.
  served[0]?.end("wrong");
  served[0]?.breakOff();
  served[1]?.sendWhole(200, {}, "2");
  expect(await hear(caller, answer("2").length)).toBe(answer("2"));
});

test("of a caller that sends without waiting only some is kept", async () => {
  const served: FrontExchange[] = [];
  const { caller, socket, send } = await startFront((exchange) => void served.push(exchange));
  await send(`${head(1)}a`);
  caller.write(`${head(1)}b`.repeat(3_000));
  await expect.poll(() => socket.isPaused()).toBe(true);
  const heardBytes = hear(caller, answer("x").length * 3_001);
  while (served.length < 3_001) {
    served.at(-1)?.sendWhole(200, {}, "x");
    await new Promise((resolve) => setImmediate(resolve));
  }
  served.at(-1)?.sendWhole(200, {}, "x");

  expect((await heardBytes).length).toBe(answer("x").length * 3_001);
});

test("what is uncommon is handed over with all that was read and not served", async () => {
  const { send, handedOver, isGone } = await startFront((exchange) => exchange.sink.sendWhole(200, {}, ""));
  const rest = "GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n";
  await send(`${head(1)}a${rest}`);

  await expect.poll(() => handedOver).toEqual([rest]);
  expect(isGone()).toBe(true);
});

test.each([
  ["is longer than the front takes", `POST /v1/chat/completions HTTP/1.1\r\na: ${"b".repeat(9_000)}`],
  ["has a line that ends with LF alone", "POST /v1/chat/completions HTTP/1.1\nhost: x"],
  ["begins as no request of the front does", "GET "],
])("a head that %s is handed over before it is whole", async (_what, bytes) => {
  const { send, handedOver } = await startFront(echo);
  await send(bytes);

  await expect.poll(() => handedOver).toEqual([bytes]);
});

test("a head that takes long is handed over; Node's server gives it its time", async () => {
  const { send, advance, handedOver, isGone } = await startFront(echo);
  await send("POST /v1/chat");
  advance(999);
  expect(isGone()).toBe(false);
  advance(1);
  await expect.poll(() => handedOver).toEqual(["POST /v1/chat"]);
});

test("a body that takes too long is answered with 408, and whoever reads it hears that it will not come", async () => {
  let reading: Promise<unknown> = Promise.resolve();
  const { caller, send, advance } = await startFront(async (exchange) => {
    reading = Promise.resolve(exchange.readBody(10)).catch((error: unknown) => error);
  });
  await send(`${head(5)}he`);
  advance(29_999);
  const heard = text(caller);
  advance(1);

  expect(await heard).toBe("HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  expect(isFault(await reading, "serving.request-invalid")).toBe(true);
});

test("a request that is refused before its body has come leaves the connection to the next one once it has", async () => {
  const served: FrontExchange[] = [];
  const { caller, send } = await startFront((exchange) => {
    served.push(exchange);
    exchange.sink.sendWhole(401, {}, "no");
  });
  const heard = hear(caller, 2 * "HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno".length);
  await send(`${head(5)}he`);
  await send(`llo${head(1)}`);
  await send("b");

  expect(await heard).toMatch(/^(?:HTTP\/1\.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno){2}$/);
  expect(served).toHaveLength(2);
});

test.each([
  ["waits for an answer", (): void => undefined],
  [
    "is in the middle of a stream",
    (exchange: FrontExchange): void => void (exchange.begin(200, {}), exchange.write("a")),
  ],
])("who leaves while it %s is heard at once", async (_what, begin) => {
  const left = Promise.withResolvers<void>();
  const { caller, send } = await startFront((exchange) => {
    begin(exchange);
    exchange.onGone(left.resolve);
  });
  await send(head(0));
  caller.end();
  await expect(left.promise).resolves.toBeUndefined();
});

test("a stream is written in chunks, those of one turn together, and held up while the caller does not read", async () => {
  const served = Promise.withResolvers<FrontExchange>();
  const { caller, send } = await startFront(served.resolve);
  await send(head(0));
  const exchange = await served.promise;
  exchange.begin(200, { "content-type": "text/event-stream" });
  expect(exchange.write("one")).toBe(true);
  exchange.write("");
  exchange.write(Buffer.from("second"));
  const [heard] = (await once(caller, "data")) as [Buffer];
  expect(heard.toString()).toBe(
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n6\r\nsecond\r\n",
  );
  caller.pause();
  let written = 0;
  while (exchange.write(Buffer.alloc(60_000))) {
    written += 60_000;
    expect(written).toBeLessThan(64 * 1024 * 1024);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const drained = new Promise<void>((resolve) => exchange.onDrained(resolve));
  caller.resume();
  await drained;
  exchange.end("last");
  let tail = "";
  while (!tail.endsWith("4\r\nlast\r\n0\r\n\r\n")) {
    tail = (tail + ((await once(caller, "data")) as [Buffer])[0].toString("latin1")).slice(-100);
  }
});

test("a value that would end its line is no header", async () => {
  const served = Promise.withResolvers<FrontExchange>();
  const { send } = await startFront(served.resolve);
  await send(head(0));
  const exchange = await served.promise;

  expect(() => exchange.begin(200, { "x-model": "a\r\nset-cookie: b" })).toThrow(RangeError);
  expect(exchange.hasBegun).toBe(false);
});

test("when the server stops an idle connection closes in a moment, a busy one after its answer", async () => {
  const idle = await startFront(echo);
  const heard = text(idle.caller);
  idle.connection.stop();
  idle.advance(idleGraceMs);
  expect(await heard).toBe("");

  const served = Promise.withResolvers<FrontExchange>();
  const busy = await startFront(served.resolve);
  await busy.send(head(0));
  busy.connection.stop();
  const rest = text(busy.caller);
  (await served.promise).sendWhole(200, {}, "done");
  expect(await rest).toBe(answer("done"));
});

test("a request that was on its way when the server stopped is answered, and is the last one", async () => {
  const { caller, connection, advance, send } = await startFront(echo);
  connection.stop();
  advance(idleGraceMs - 1);
  const heard = text(caller);
  await send(`${head(4)}late`);
  expect(await heard).toBe(answer("late"));
});

test("an answer that began before the stop is followed by one more", async () => {
  const begun = Promise.withResolvers<FrontExchange>();
  let count = 0;
  const { caller, connection, advance, send } = await startFront((exchange) => {
    count += 1;
    if (count > 1) return echo(exchange);
    exchange.sink.begin(200, { "content-length": 4 });
    return begun.resolve(exchange);
  });
  const heard = text(caller);
  await send(head(0));
  connection.stop();
  (await begun.promise).sink.end("done");
  advance(idleGraceMs - 1);
  await send(`${head(4)}more`);
  expect(await heard).toBe(`${answer("done")}${answer("more")}`);
});

test("a connection that nobody uses is closed in time", async () => {
  const { caller, advance } = await startFront(echo);
  const heard = text(caller);
  advance(60_000);

  expect(await heard).toBe("");
});
