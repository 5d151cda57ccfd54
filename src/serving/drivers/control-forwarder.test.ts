import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { openAiGateway } from "../fixtures/openai-gateway.ts";

test("without the control plane, files and batches are told to come later, while models go on answering", async () => {
  const { openai, setControlUrl } = await openAiGateway();
  await expect(openai.batches.list()).rejects.toMatchObject({ status: 503, code: "serving_control_unavailable" });

  setControlUrl(await freeUrl());
  await expect(openai.batches.list()).rejects.toMatchObject({ status: 503, code: "serving_control_unavailable" });
  expect((await openai.models.list()).data).toHaveLength(1);
});

test("a key that is not good never reaches the control plane", async () => {
  const { client, setControlUrl } = await openAiGateway();
  setControlUrl(await freeUrl());
  const files = client({ apiKey: "bad" }).files;
  await expect(files.list()).rejects.toMatchObject({ status: 401, code: "invalid_api_key" });
});

/** An address at which nobody listens any more. */
async function freeUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
