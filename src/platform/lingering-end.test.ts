import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { endLingering } from "./lingering-end.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const mebibyte = 1024 * 1024;

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
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
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
