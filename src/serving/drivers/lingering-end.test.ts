import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { openAiGateway } from "../fixtures/openai-gateway.ts";
import { endLingering } from "./lingering-end.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const mebibyte = 1024 * 1024;

interface Heard {
  readonly text: string;
  /** What a write or a read met, or null. */
  readonly error: string | null;
}

/** Resolves once the socket has closed, with an error or without. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** Sends a request with its whole body whatever comes back, as simple clients do, and hears until the connection closes. */
async function sendAll(port: number, head: readonly string[], body: Buffer, isChunked = false): Promise<Heard> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  let error: string | null = null;
  socket.on("data", (chunk) => {
    text += String(chunk);
  });
  socket.on("error", (cause: Error & { code?: string }) => {
    error ??= cause.code ?? cause.message;
  });
  const length = isChunked ? "transfer-encoding: chunked" : `content-length: ${body.byteLength}`;
  socket.write([...head, "host: x", length, "connection: close", "", ""].join("\r\n"));
  if (isChunked) socket.write(`${body.byteLength.toString(16)}\r\n`);
  socket.write(body);
  if (isChunked) socket.write("\r\n0\r\n\r\n");
  await closing(socket);
  return { text, error };
}

const key = "authorization: Bearer good";

test.each([
  ["the OpenAI API", "/v1/chat/completions", key, 413, false],
  ["the OpenAI API, in chunks", "/v1/chat/completions", key, 413, true],
  ["the tensor protocol", "/v2/models/chat/infer", key, 413, false],
  ["the tensor protocol, in chunks", "/v2/models/chat/infer", key, 413, true],
  ["files", "/v1/files", key, 503, false],
  ["the OpenAI API with a key that nobody has", "/v1/chat/completions", "authorization: Bearer bad", 401, false],
])("who closes after one request hears why 20 MB to %s were refused, and meets no broken pipe", async (...row) => {
  const [, path, authorization, status, isChunked] = row;
  const { port } = await openAiGateway();
  const body = Buffer.alloc(20 * mebibyte, "a");
  const { text, error } = await sendAll(port, [`POST ${path} HTTP/1.1`, authorization], body, isChunked);

  expect(error).toBeNull();
  expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*\\r\\n\\r\\n\\{"error"`));
});

test.each([
  ["bytes", { bytes: mebibyte, ms: 600_000 }],
  ["time", { bytes: Number.POSITIVE_INFINITY, ms: 50 }],
])("a body without end is cut off once its limit of %s is reached", async (_what, limits) => {
  const server = createServer((_request, response) => {
    response.writeHead(413, { "content-length": 2 }).write("no");
    endLingering(response, limits);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  cleanups.push(() => server.close());
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 1000000000000\r\n\r\n");
  const closed = closing(socket);
  const piece = Buffer.alloc(64 * 1024);
  const pump = (): void => {
    while (socket.writable && socket.write(piece));
  };
  socket.on("drain", pump);
  pump();
  const [answer] = (await once(socket, "data")) as [Buffer];
  await closed;

  expect(String(answer)).toMatch(/^HTTP\/1\.1 413 [^]*no$/);
});
