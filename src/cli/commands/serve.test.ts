import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { recordingContext } from "../fixtures/recording-context.ts";
import { openStubApi, type StubAnswer, type StubApi } from "../fixtures/stub-api.ts";
import { serve } from "./serve.ts";

let api: StubApi | undefined;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millwright-serve-"));
});

afterEach(async () => {
  await api?.close();
  api = undefined;
  await rm(folder, { recursive: true });
});

const deployment = (phase: string, message: string, url: string | null = null): StubAnswer => ({
  json: {
    kind: "Deployment",
    project: "cats",
    name: "purr",
    generation: 1,
    status: { generation: 1, phase, url, conditions: [{ type: "Ready", status: "false", message }] },
  },
});

const applied = (...names: readonly string[]): StubAnswer => ({
  json: {
    results: names.map((name) => ({
      ref: { kind: name === "local" ? "Pool" : "Deployment", project: name === "local" ? null : "cats", name },
      outcome: "created",
      before: null,
      after: {},
    })),
  },
});

test("a GGUF file comes to an address: a pool where there is none, a deployment, its progress, and how to ask it", async () => {
  const file = join(folder, "Purr-3B_q4.gguf");
  await writeFile(file, Buffer.alloc(10 * 1024 * 1024));
  api = await openStubApi({
    "GET /api/v1/pools": { json: { items: [] } },
    "POST /api/v1/apply": applied("local", "purr"),
    "GET /api/v1/projects/cats/deployments/purr": [
      deployment("pending", "no replica yet"),
      deployment("deploying", "0 of 1 replicas are ready"),
      deployment("serving", "", "http://127.0.0.1:7701/v1"),
    ],
  });
  const context = recordingContext({ url: api.url, project: "cats" });

  expect(await serve(context, { model: file, name: "purr", context: 2048, timeout: "1m" })).toBe(0);
  expect(api.asked.find((each) => each.method === "POST")?.body).toMatchObject({
    manifests: [
      { kind: "Pool", name: "local" },
      {
        kind: "Deployment",
        project: "cats",
        name: "purr",
        spec: { runtime: "gguf", pool: "local", resources: { memory: "1035MiB" }, gguf: { file, contextTokens: 2048 } },
      },
    ],
  });
  expect(context.printed).toEqual(["http://127.0.0.1:7701/v1"]);
  expect(context.said.slice(0, 4)).toEqual([
    "created Pool/local",
    "created Deployment/purr",
    "pending: no replica yet",
    "deploying: 0 of 1 replicas are ready",
  ]);
  const said = context.said.join("\n");
  expect(said).toContain("curl -N http://127.0.0.1:7701/v1/chat/completions");
  expect(said).toContain('OpenAI(base_url="http://127.0.0.1:7701/v1"');
  expect(said).toContain("millwright loadtest purr");
});

test("--dry-run writes the manifest of a preset and asks no server", async () => {
  const config = { num_hidden_layers: 32, hidden_size: 4096, num_attention_heads: 32, vocab_size: 128256 };
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  const context = recordingContext();

  const asked = {
    model: folder,
    preset: "vllm",
    name: "llama",
    gpus: 4,
    gpuModel: "H100",
    timeout: "1m",
    dryRun: true,
  };
  expect(await serve(context, asked)).toBe(0);
  expect(parse(context.printed.join("\n"))).toEqual({
    kind: "Deployment",
    name: "llama",
    spec: {
      runtime: "process",
      pool: "local",
      resources: { gpus: 4, gpuModel: "H100" },
      process: { preset: { engine: "vllm", source: folder, config } },
    },
  });
});

test("an address that serves one model needs no name for it", async () => {
  api = await openStubApi({ "GET /v1/models": { json: { data: [{ id: "org/Big.Model" }] } } });
  const context = recordingContext();

  await serve(context, { model: `${api.url}/v1`, timeout: "1m", dryRun: true });

  expect(parse(context.printed.join("\n"))).toMatchObject({
    name: "big-model",
    spec: { runtime: "external", external: { url: `${api.url}/v1`, model: "org/Big.Model" } },
  });
});

test.each([
  [["a", "b"], "it has a, b; choose with --model"],
  [[], "it names none"],
])("an address with the models %j asks which", async (ids, words) => {
  api = await openStubApi({ "GET /v1/models": { json: { data: ids.map((id) => ({ id })) } } });

  await expect(serve(recordingContext(), { model: api.url, timeout: "1m", dryRun: true })).rejects.toThrow(words);
});

test("several pools want one to be named, and a preset its config", async () => {
  api = await openStubApi({ "GET /api/v1/pools": { json: { items: [{ name: "a" }, { name: "b" }] } } });
  const context = recordingContext({ url: api.url });

  await expect(serve(context, { model: "cat", timeout: "1m" })).rejects.toThrow("there are a, b; name one with --pool");
  await expect(serve(context, { model: "org/cat", preset: "vllm", pool: "a", timeout: "1m" })).rejects.toThrow(
    "name its config.json with --config",
  );
});

test("a deployment that fails, or does not come up in time, says what it says of itself", async () => {
  api = await openStubApi({
    "POST /api/v1/apply": applied("purr"),
    "GET /api/v1/projects/cats/deployments/purr": deployment("failed", "no such file"),
    "GET /api/v1/projects/cats/deployments/slow": deployment("deploying", "0 of 1 replicas are ready"),
  });
  const context = recordingContext({ url: api.url, project: "cats" });

  await expect(serve(context, { model: "cat", name: "purr", pool: "a", timeout: "1m" })).rejects.toMatchObject({
    code: "cli.wait-hopeless",
    message: expect.stringContaining("failed: no such file"),
  });
  await expect(serve(context, { model: "cat", name: "slow", pool: "a", timeout: "2s" })).rejects.toMatchObject({
    code: "cli.wait-timeout",
  });
});
