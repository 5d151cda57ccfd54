import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { environmentTimeoutMs, pythonWith } from "../../../test/python-environment.ts";
import { openAiGateway } from "../fixtures/openai-gateway.ts";
import { beginsStream, completes, fails, sends, streams } from "../fixtures/stand-in-upstream.ts";

/* The official OpenAI client for Python against the gateway. */

const run = promisify(execFile);
const script = fileURLToPath(new URL("../fixtures/openai_client.py", import.meta.url));
let python: string;

beforeAll(async () => {
  python = await pythonWith("openai", ["openai==3.22.1"]);
}, environmentTimeoutMs);

async function client(baseURL: string, behaviour: string): Promise<unknown> {
  const { stdout } = await run(python, [script, baseURL, behaviour], { timeout: 60_000 });
  return JSON.parse(stdout);
}

test("a chat is answered, with its usage and a request id", async () => {
  const { baseURL } = await openAiGateway();

  expect(await client(baseURL, "chat")).toEqual({ content: "hello", id: expect.stringMatching(/^req_/), tokens: 10 });
});

test("a stream is read word by word, and its usage when asked for", async () => {
  const { baseURL, upstream } = await openAiGateway();
  upstream.behave(streams("a", "b"));

  expect(await client(baseURL, "stream")).toEqual({ words: ["a", "b"] });
  expect(await client(baseURL, "usage")).toEqual({ tokens: 10 });
});

test("a stream that breaks off raises an APIError after the words that came", async () => {
  const { baseURL, upstream } = await openAiGateway();
  upstream.behave(beginsStream(["one"], (response) => setImmediate(() => response.destroy())));

  expect(await client(baseURL, "stream")).toMatchObject({
    words: ["one"],
    error: { class: "APIError", code: "upstream_disconnected" },
  });
});

test("leaving a stream reaches the upstream", async () => {
  const { baseURL, upstream } = await openAiGateway();
  upstream.behave(beginsStream(["one"]));

  expect(await client(baseURL, "leave")).toEqual({ first: "one" });
  await upstream.seen[0]?.closed;
});

test("embeddings come as base64 that the client reads", async () => {
  const { baseURL, upstream } = await openAiGateway();
  upstream.behave(
    sends(200, { object: "list", model: "m", data: [{ object: "embedding", index: 0, embedding: [0.5, -2] }] }),
  );

  expect(await client(baseURL, "embed")).toEqual({ embedding: [0.5, -2] });
  expect(upstream.seen[0]?.body.encoding_format).toBe("base64");
});

test("models are listed and got", async () => {
  const { baseURL } = await openAiGateway();

  expect(await client(baseURL, "models")).toEqual({ ids: ["chat"], one: "chat" });
});

test("a failure is mended by retries of the gateway, or told by its class once they are used up", async () => {
  const { baseURL, upstream } = await openAiGateway();
  upstream.behave(fails(503), completes("again"));
  expect(await client(baseURL, "retried")).toEqual({ content: "again" });
  upstream.behave(fails(500, { "x-should-retry": "false" }));
  const before = upstream.seen.length;

  expect(await client(baseURL, "failing")).toEqual({
    class: "InternalServerError",
    code: "e500",
    status: 500,
    has_id: true,
  });
  expect(upstream.seen.length).toBe(before + 1);
});

test("an unknown model and a bad key are told by their classes", async () => {
  const { baseURL } = await openAiGateway();

  expect(await client(baseURL, "unknown")).toEqual({
    class: "NotFoundError",
    code: "model_not_found",
    status: 404,
    has_id: true,
  });
  expect(await client(baseURL, "bad_key")).toEqual({
    class: "AuthenticationError",
    code: "invalid_api_key",
    status: 401,
    has_id: true,
  });
});
