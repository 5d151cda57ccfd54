import { expect, test } from "vitest";
import { sendAll } from "../../../test/send-all.ts";
import { openAiGateway } from "../fixtures/openai-gateway.ts";

const mebibyte = 1024 * 1024;

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
