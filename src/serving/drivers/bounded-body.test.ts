import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { readBoundedBody } from "./bounded-body.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** Sends these parts, each once the one before has arrived. @returns the body as it was read. */
async function readParts(parts: readonly Buffer[], headers: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  cleanups.push(() => server.close());
  const sent = request({ port: (server.address() as AddressInfo).port, method: "POST", agent: false, headers });
  // Nobody answers it: it ends when the test does.
  sent.on("error", () => undefined);
  cleanups.push(() => sent.destroy());
  sent.flushHeaders();
  const [arrived] = (await once(server, "request")) as [IncomingMessage];
  const read = readBoundedBody(arrived, 1_000_000, 1_000);
  for (const part of parts) {
    const came = once(arrived, "data");
    sent.write(part);
    await came;
  }
  sent.end();
  return await read;
}

const parts = [Buffer.from("one "), Buffer.alloc(100_000, "x"), Buffer.from(" three")];
const whole = Buffer.concat(parts);

test.each([
  ["of a length that was announced", { "content-length": String(whole.byteLength) }],
  ["of unknown length", { "transfer-encoding": "chunked" }],
] as const)("a body %s that comes in parts is read as it was sent", async (_what, headers) => {
  expect(Buffer.compare(await readParts(parts, headers), whole)).toBe(0);
});
