import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { modelRoute } from "../fixtures/model-route.ts";
import { hello, openAiGateway } from "../fixtures/openai-gateway.ts";
import { chatChunk, completes, fails, startStandInUpstream } from "../fixtures/stand-in-upstream.ts";

/* Upstreams and callers that misbehave: each gets a clear error, and the others never notice. */

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** A server that writes these bytes to whoever connects and has sent something, then does as told with the socket. */
async function rawUpstream(bytes: string | Buffer, then: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", () => socket.write(bytes, () => then(socket)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Heard {
  readonly status: number;
  readonly text: string;
  readonly code: string | undefined;
}

async function ask(baseURL: string, model: string, stream: boolean): Promise<Heard> {
  const answer = await fetch(`${baseURL}/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer good" },
    body: JSON.stringify({ ...hello, model, stream }),
  });
  const text = await answer.text();
  return { status: answer.status, text, code: /"code":"(\w+)"/.exec(text)?.[1] };
}

const head = (type: string, more = "") => `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\n${more}`;
const chunked = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const end = (socket: Socket): void => void socket.end();
const hold = (): void => undefined;
/** For upstreams that fall silent; their neighbours must answer within them, on a busy machine as well. */
const limits = { firstByteMs: 1_000, idleMs: 1_000, heartbeatMs: 60_000 };

describe.each([
  ["resets at once", "", (socket: Socket) => socket.resetAndDestroy(), 503, "upstream_unreachable"],
  ["speaks no HTTP", "220 smtp.example.com ESMTP\r\n", hold, 502, "upstream_invalid_answer"],
  [
    "answers a web page",
    `${head("text/html", "content-length: 6\r\n")}\r\n<html>`,
    hold,
    502,
    "upstream_invalid_answer",
  ],
  [
    "answers half a JSON object",
    `${head("application/json", "content-length: 9\r\n")}\r\n{"id":"a"`,
    hold,
    502,
    "upstream_invalid_answer",
  ],
  [
    "answers bytes that are no UTF-8",
    Buffer.concat([
      Buffer.from(`${head("application/json", "content-length: 8\r\n")}\r\n{"a":"`),
      Buffer.from([0xff, 0xfe]),
    ]),
    hold,
    502,
    "upstream_invalid_answer",
  ],
  [
    "breaks off",
    `${head("application/json", "content-length: 99\r\n")}\r\n{"id":"a"`,
    end,
    502,
    "upstream_disconnected",
  ],
  ["falls silent", `${head("application/json", "content-length: 99\r\n")}\r\n{"id":"a"`, hold, 504, "upstream_timeout"],
  ["never answers", "", hold, 504, "upstream_timeout"],
  [
    "sends huge headers",
    `${head("application/json", `x-bomb: ${"a".repeat(40_000)}\r\n`)}\r\n{}`,
    hold,
    502,
    "upstream_invalid_answer",
  ],
  [
    "sends the caller elsewhere",
    "HTTP/1.1 302 Found\r\nlocation: http://other\r\ncontent-length: 0\r\n\r\n",
    hold,
    502,
    "upstream_status_502",
  ],
] as const)("an upstream that %s", (_what, bytes, then, status, code) => {
  test("is told as such, and a neighbour serves on", async () => {
    const { baseURL, setRoute, records } = await openAiGateway({ gateway: { limits } });
    setRoute(modelRoute("ill", [{ address: { kind: "http", url: await rawUpstream(bytes, then) } }]));
    const [ill, well] = await Promise.all([ask(baseURL, "ill", false), ask(baseURL, "chat", false)]);

    expect([ill.status, ill.code]).toEqual([status, code]);
    expect(well.status).toBe(200);
    expect(records.map((record) => record.outcome).sort()).toEqual(["done", "failed"]);
  });
});

describe("an upstream's stream", () => {
  const begun = `${head("text/event-stream", "transfer-encoding: chunked\r\n")}\r\n${chunked(chatChunk("one"))}`;

  test.each([
    ["resets in the middle", begun, (socket: Socket) => socket.resetAndDestroy(), "upstream_disconnected"],
    ["breaks its chunks", `${begun}zz\r\n`, hold, "upstream_invalid_answer"],
    ["falls silent", begun, hold, "upstream_timeout"],
  ])("that %s ends with an error frame, without the mark of a good end", async (_what, bytes, then, code) => {
    const { baseURL, setRoute } = await openAiGateway({ gateway: { limits } });
    setRoute(modelRoute("ill", [{ address: { kind: "http", url: await rawUpstream(bytes, then) } }]));
    const heard = await ask(baseURL, "ill", true);

    expect(heard.text.startsWith(chatChunk("one"))).toBe(true);
    expect(heard.text).not.toContain("[DONE]");
    expect(heard.code).toBe(code);
  });

  test("with bytes that are no UTF-8 passes them on as they are", async () => {
    const { baseURL, upstream } = await openAiGateway();
    const frame = Buffer.concat([
      Buffer.from("data: "),
      Buffer.from([0xff, 0xfe]),
      Buffer.from("\n\ndata: [DONE]\n\n"),
    ]);
    upstream.behave((_request, response) =>
      response.writeHead(200, { "content-type": "text/event-stream" }).end(frame),
    );
    const answer = await fetch(`${baseURL}/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer good" },
      body: JSON.stringify({ ...hello, stream: true }),
    });

    expect(Buffer.from(await answer.arrayBuffer())).toEqual(frame);
  });
});

test("a replica that fails again and again is left alone, and its neighbour takes all", async () => {
  const { baseURL, upstream, setRoute, upstreams } = await openAiGateway({ replicas: 2 });
  let connections = 0;
  const counting = await rawUpstream("", (socket) => {
    connections += 1;
    socket.resetAndDestroy();
  });
  const addresses = [counting, upstreams[1]?.url ?? ""].map((url) => ({ address: { kind: "http" as const, url } }));
  setRoute(modelRoute("pair", addresses));
  const answers = [];
  for (let request = 0; request < 40; request += 1) answers.push(await ask(baseURL, "pair", false));

  expect(answers.every((answer) => answer.status === 200)).toBe(true);
  expect(connections).toBeLessThanOrEqual(10);
  expect(upstream.seen).toEqual([]);
});

describe("a caller", () => {
  /** Sends raw bytes and hears everything until the gateway closes. */
  function raw(port: number, bytes: string): Promise<string> {
    return new Promise((resolve) => {
      let heard = "";
      const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
      socket.on("data", (chunk) => {
        heard += String(chunk);
      });
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(heard));
    });
  }

  test("that sends a bomb of headers gets 431, and others are served", async () => {
    const { port, baseURL } = await openAiGateway();
    const bomb = raw(port, `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-bomb: ${"a".repeat(100_000)}\r\n\r\n`);
    const well = await ask(baseURL, "chat", false);

    expect(await bomb).toMatch(/^HTTP\/1\.1 431 /);
    expect(well.status).toBe(200);
  });

  test("that speaks no HTTP gets 400", async () => {
    const { port } = await openAiGateway();

    expect(await raw(port, "hello\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("that opens connections and sends nothing does not starve others, and the oldest of too many go", async () => {
    const { port, baseURL } = await openAiGateway({ gateway: { limits: { unfinishedConnections: 100 } } });
    let closed = 0;
    const sockets = await Promise.all(
      Array.from(
        { length: 300 },
        () =>
          new Promise<Socket>((resolve) => {
            const socket = connect(port, "127.0.0.1", () => resolve(socket));
            socket.on("error", () => undefined);
            socket.on("close", () => {
              closed += 1;
            });
          }),
      ),
    );
    cleanups.push(() => sockets.forEach((socket) => socket.destroy()));
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(baseURL, "chat", false)));

    expect(answers.every((answer) => answer.status === 200)).toBe(true);
    await until("the oldest are gone", () => closed >= 180);
  });

  test("that reads its stream too slowly slows the upstream down instead of filling memory", async () => {
    const { port, upstream } = await openAiGateway();
    const piece = chatChunk("x".repeat(50_000));
    let written = 0;
    let isFull = false;
    upstream.behave((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const pump = (): void => {
        while (!response.destroyed) {
          written += piece.length;
          if (response.write(piece)) continue;
          response.once("drain", pump);
          break;
        }
        isFull = true;
      };
      pump();
    });
    const body = JSON.stringify({ ...hello, stream: true });
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\n`);
      socket.write(`content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    });
    socket.on("error", () => undefined);
    await new Promise((resolve) => socket.once("data", resolve));
    socket.pause();
    let before = -1;
    while (before !== written || !isFull) {
      before = written;
      for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    socket.destroy();
    await upstream.seen[0]?.closed;

    expect(written).toBeLessThan(64 * 1024 * 1024);
  });
});

test("every request settles its limits exactly once, however it ends", async () => {
  const ends: string[] = [];
  const gate = {
    reserve: () => ({ kind: "reserved" as const, ticket: { headers: {} } }),
    settle: () => void ends.push("settled"),
    abandon: () => void ends.push("abandoned"),
  };
  const { baseURL, upstream, openai, records } = await openAiGateway({ gateway: { gate, limits } });
  upstream.behave(completes("fine"));
  await ask(baseURL, "chat", false);
  upstream.behave((_request, response) => response.destroy());
  await ask(baseURL, "chat", true);
  upstream.behave((_request, response) =>
    response.writeHead(200, { "content-type": "text/event-stream" }).write(chatChunk("a")),
  );
  for await (const _chunk of await openai.chat.completions.create({ ...hello, stream: true })) break;
  await upstream.seen.at(-1)?.closed;
  await ask(baseURL, "none", false);

  await expect.poll(() => records.length).toBe(3);
  expect(ends).toEqual(["settled", "abandoned", "settled"]);
});

describe.each([401, 403])("an upstream that refuses the gateway's key with %i", (status) => {
  test("is the deployment's fault: its caller hears so, and no replica is asked again", async () => {
    const { baseURL, upstream, records } = await openAiGateway();
    upstream.behave(fails(status));
    const { status: told, code, text } = await ask(baseURL, "chat", false);

    expect([told, code]).toEqual([502, "upstream_refused_credentials"]);
    expect(text).toContain("external.apiKeyFile");
    expect(upstream.seen).toHaveLength(1);
    expect(records.map((record) => record.outcome)).toEqual(["failed"]);
  });

  test("hands over to the deployment's fallback", async () => {
    const { baseURL, upstream, setRoute } = await openAiGateway({ route: { fallbacks: ["spare"] } });
    const spare = await startStandInUpstream();
    cleanups.push(() => spare.stop());
    setRoute(modelRoute("spare", [{ address: { kind: "http", url: spare.url } }]));
    upstream.behave(fails(status));
    spare.behave(completes("spare"));
    const heard = await ask(baseURL, "chat", false);

    expect([heard.status, upstream.seen.length, spare.seen.length]).toEqual([200, 1, 1]);
  });
});

describe("fallbacks of fallbacks", () => {
  /** `chat` and a chain of deployments behind it, each the fallback of the one before; the last one names `chat` again. */
  async function chain(length: number) {
    const gateway = await openAiGateway({ route: { fallbacks: ["hop-1"] } });
    const { upstream, setRoute } = gateway;
    const hops = await Promise.all(
      Array.from({ length }, async (_, index) => {
        const stand = await startStandInUpstream();
        cleanups.push(() => stand.stop());
        stand.behave(fails(401));
        const fallbacks = [index + 1 === length ? "chat" : `hop-${index + 2}`];
        setRoute(modelRoute(`hop-${index + 1}`, [{ address: { kind: "http", url: stand.url } }], { fallbacks }));
        return stand;
      }),
    );
    upstream.behave(fails(401));
    return { ...gateway, hops };
  }

  test("are asked when the fallback cannot answer, too", async () => {
    const { baseURL, hops } = await chain(2);
    hops[1]?.behave(completes("from afar"));
    const heard = await ask(baseURL, "chat", false);

    expect(heard.status).toBe(200);
    expect(heard.text).toContain("from afar");
  });

  test("end after four, and none is asked twice", async () => {
    const { baseURL, upstream, hops } = await chain(5);
    expect((await ask(baseURL, "chat", false)).status).toBe(502);
    expect(hops.map(({ seen }) => seen.length)).toEqual([1, 1, 1, 1, 0]);
    expect(upstream.seen).toHaveLength(1);

    const circle = await chain(1);
    expect((await ask(circle.baseURL, "chat", false)).status).toBe(502);
    expect([circle.upstream.seen.length, circle.hops[0]?.seen.length]).toEqual([1, 1]);
  });
});
