import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { SlowBodies } from "./slow-bodies.ts";

test("a body that is not whole in time ends its request with 408; one that is, is left alone", async () => {
  let now = 0;
  const slow = new SlowBodies({ now: () => now }, 1_000);
  const arrived: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    arrived.push(request);
    slow.enter(request, response);
    request.resume().once("end", () => response.end("whole"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  const send = (body: string): Promise<string> => {
    const socket = connect(port, "127.0.0.1");
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 5\r\n\r\n${body}`);
    return text(socket);
  };
  const part = send("12");
  await once(server, "request");
  const whole = send("12345");
  expect(await whole).toMatch(/^HTTP\/1\.1 200 [^]*whole/);

  now = 999;
  slow.look();
  expect(arrived[0]?.destroyed).toBe(false);
  now = 1_000;
  slow.look();
  expect(await part).toMatch(/^HTTP\/1\.1 408 /);
  await new Promise((resolve) => server.close(resolve));
});
