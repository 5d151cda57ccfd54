import { createConnection, createServer, type Socket } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serialize } from "node:v8";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FramedSocket } from "./framed-socket.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "framed-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function connectedPair(): Promise<{ readonly near: Socket; readonly far: Socket; close(): void }> {
  const path = join(folder, "pair.sock");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, () => resolve()));
  const far = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const near = createConnection(path);
  return { near, far: await far, close: () => server.close() };
}

test("messages arrive whole and in order, also those of many packets and with NaN", async () => {
  const { near, far, close } = await connectedPair();
  const sent = [{ text: "x".repeat(3_000_000) }, { value: Number.NaN }, [1, null, "two"], ""];
  const got: unknown[] = [];
  const arrived = new Promise<void>((resolve) => {
    new FramedSocket<unknown, unknown>(
      far,
      (message) => {
        got.push(message);
        if (got.length === sent.length) resolve();
      },
      () => undefined,
    );
  });
  const sender = new FramedSocket<unknown, unknown>(
    near,
    () => undefined,
    () => undefined,
  );
  for (const message of sent) sender.send(message);
  await arrived;
  expect(got).toEqual(sent);
  sender.close();
  close();
});

test("a message that comes byte by byte is put together", async () => {
  const { near, far, close } = await connectedPair();
  const arrived = new Promise<unknown>((resolve) => {
    new FramedSocket<unknown, unknown>(far, resolve, () => undefined);
  });
  near.setNoDelay(true);
  const body = serialize({ kind: "hello" });
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  for (const byte of Buffer.concat([head, body])) await new Promise((resolve) => near.write(Buffer.of(byte), resolve));
  expect(await arrived).toEqual({ kind: "hello" });
  near.destroy();
  close();
});

test("a peer that announces more than a message may hold is cut off", async () => {
  const { near, far, close } = await connectedPair();
  const closed = new Promise<void>((resolve) => {
    new FramedSocket<unknown, unknown>(far, () => undefined, resolve);
  });
  near.on("error", () => undefined);
  near.write(Buffer.of(0xff, 0xff, 0xff, 0xff, 0));
  await closed;
  expect(far.destroyed).toBe(true);
  near.destroy();
  close();
});
