import { request as httpRequest } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { Agent, fetch as unixFetch } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { callJson, startProgram, type TestReplica } from "../fixtures/start-replica.ts";
import { tinyGguf } from "../fixtures/tiny-gguf.ts";
import { replicaAddressFile, replicaProblemFile } from "../runtimes/replica-files.ts";

const slots = 2;
const queue = 2;
const contextTokens = 512;

let replica: TestReplica;
let socketPath = "";
let client: OpenAI;

function startGguf(
  settings: Readonly<Record<string, unknown>>,
  file: Uint8Array = tinyGguf(),
  env: Readonly<Record<string, string>> = {},
): TestReplica {
  const task = { model: "toy", version: "1", file: "model.gguf", settings };
  return startProgram({ program: "gguf-server", task, files: { "model.gguf": file }, env });
}

/** Makes a program find no package node-llama-cpp. */
const withoutLlamaCpp = `import { registerHooks } from "node:module";
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === "node-llama-cpp") throw new Error("no such package");
    return next(specifier, context);
  },
});`;

beforeAll(async () => {
  replica = startGguf({ contextTokens, slots, queue, embeddings: true });
  const address = await replica.ready;
  if (address.kind !== "model" || address.address.kind !== "unix") throw new Error("the replica wants a Unix socket");
  socketPath = address.address.path;
  const dispatcher = new Agent({ connect: { socketPath } });
  const fetch = ((url: string, init: object) => unixFetch(url, { ...init, dispatcher })) as never;
  client = new OpenAI({ baseURL: "http://replica/v1", apiKey: "none", maxRetries: 0, fetch });
});

afterAll(() => replica.stop());

/** OpenAI takes no seed any more; engines do. */
const seeded: object = { seed: 7 };

const messages = [{ role: "user" as const, content: "Grüß dich" }];

async function metric(name: string): Promise<number> {
  const text = await new Promise<string>((resolve, reject) => {
    httpRequest({ socketPath, path: "/metrics" }, (answer) => {
      let body = "";
      answer.on("data", (chunk) => {
        body += String(chunk);
      });
      answer.on("end", () => resolve(body));
    })
      .on("error", reject)
      .end();
  });
  return Number(new RegExp(`^llamacpp:${name} (.*)$`, "m").exec(text)?.[1]);
}

test("a chat is answered whole, with the tokens that it took", async () => {
  const answer = await client.chat.completions.create({
    model: "toy",
    messages,
    max_completion_tokens: 20,
    temperature: 0,
  });

  expect(answer.choices[0]?.finish_reason).toBe("length");
  expect(answer.choices[0]?.message.content).toMatch(/^[ -~]{20}$/);
  expect(answer.usage).toMatchObject({ completion_tokens: 20, total_tokens: (answer.usage?.prompt_tokens ?? 0) + 20 });
});

test("a streamed chat says the same, piece by piece, and ends with its usage", async () => {
  const whole = await client.chat.completions.create({
    model: "toy",
    messages,
    max_completion_tokens: 30,
    ...seeded,
  });
  const stream = await client.chat.completions.create({
    model: "toy",
    messages,
    max_completion_tokens: 30,
    ...seeded,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);

  expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(whole.choices[0]?.message.content);
  expect(chunks[0]?.choices[0]?.delta.role).toBe("assistant");
  expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("length");
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 30 } });
});

test("a seed repeats the answer and another one changes it", async () => {
  const say = async (seed: number) =>
    (await client.completions.create({ model: "toy", prompt: "once", max_tokens: 40, seed })).choices[0]?.text;

  expect(await say(1)).toBe(await say(1));
  expect(await say(1)).not.toBe(await say(2));
});

test("a stop sequence ends the text before itself", async () => {
  const ask = { model: "toy", prompt: "abc", max_tokens: 40, temperature: 0 };
  const whole = (await client.completions.create(ask)).choices[0]?.text ?? "";
  const stop = whole.slice(10, 13);
  const cut = await client.completions.create({ ...ask, stop });

  expect(cut.choices[0]).toMatchObject({ text: whole.slice(0, whole.indexOf(stop)), finish_reason: "stop" });
});

test("several choices are given, each its own", async () => {
  const answer = await client.chat.completions.create({
    model: "toy",
    messages,
    max_completion_tokens: 15,
    n: 3,
    ...seeded,
  });
  const texts = answer.choices.map((choice) => choice.message.content);

  expect(new Set(texts).size).toBe(3);
  expect(answer.usage?.completion_tokens).toBe(45);
});

test("what a slot holds of a prompt is not worked out again", async () => {
  const prompt = "the same long beginning ".repeat(10);
  await client.completions.create({ model: "toy", prompt, max_tokens: 1 });
  const again = await client.completions.create({ model: "toy", prompt: `${prompt}!`, max_tokens: 1 });

  expect(again.usage?.prompt_tokens_details?.cached_tokens).toBe(240);
});

test("embeddings are unit vectors, also in base 64", async () => {
  const answer = await client.embeddings.create({ model: "toy", input: ["one", "two"] });
  const plain = await client.embeddings.create({ model: "toy", input: "one", encoding_format: "float" });
  const [first, second] = answer.data.map((each) => each.embedding);

  expect(first).toHaveLength(64);
  expect(Math.hypot(...(second ?? []))).toBeCloseTo(1, 5);
  first?.forEach((value, index) => expect(value).toBeCloseTo(plain.data[0]?.embedding[index] ?? Number.NaN, 5));
});

test("text becomes tokens and tokens become text", async () => {
  const tokens = (await callJson({ socketPath }, "/tokenize", { prompt: "hé" })).body;
  expect(tokens).toMatchObject({ count: 3, max_model_len: contextTokens, tokens: [104, 195, 169] });
  expect((await callJson({ socketPath }, "/detokenize", { tokens: tokens.tokens })).body.prompt).toBe("hé");
});

test("the models that it serves are listed", async () => {
  expect((await client.models.list()).data).toMatchObject([
    { id: "toy", object: "model", max_model_len: contextTokens },
  ]);
});

test("a caller that goes away frees its slot", async () => {
  await until("nothing runs", async () => (await metric("requests_processing")) === 0);
  const before = await metric("tokens_predicted_total");
  const stream = await client.completions.create({
    model: "toy",
    prompt: "x",
    max_tokens: 500,
    stream: true,
    logit_bias: {},
  });
  for await (const _chunk of stream) break;
  await until("the slot is free", async () => (await metric("requests_processing")) === 0);

  expect((await metric("tokens_predicted_total")) - before).toBeLessThan(500);
  expect(await metric('request_ends_total{reason="abort"}')).toBe(1);
});

test("more requests than slots wait, and more than may wait are refused with 429", async () => {
  const ask = async () => await client.completions.create({ model: "toy", prompt: "y", max_tokens: 400 });
  const settled = await Promise.allSettled(Array.from({ length: slots + queue + 3 }, ask));
  const refused = settled.filter((each) => each.status === "rejected").map((each) => each.reason as { status: number });

  expect(refused.map((each) => each.status)).toEqual([429, 429, 429]);
  expect(settled.filter((each) => each.status === "fulfilled")).toHaveLength(slots + queue);
});

test.each([
  ["a prompt that is too long", { prompt: "z".repeat(contextTokens) }, /wants fewer than the 512 tokens.*found 512/],
  ["an unknown token", { prompt: [5, 100_000] }, /below 259, found 100000/],
  ["a field it does not have", { prompt: "a", logprobs: 5 }, /"logprobs" is not something/],
  ["a number out of bounds", { prompt: "a", temperature: -1 }, /"temperature"/],
  ["no prompt", {}, /"prompt"/],
])("%s is refused with a sentence", async (_what, body, message) => {
  const answer = await callJson({ socketPath }, "/v1/completions", body);

  expect(answer.status).toBe(400);
  expect((answer.body.error as { message: string }).message).toMatch(message);
});

test("a model that ends by itself stops there", async () => {
  const ending = startGguf({ contextTokens, slots: 1 }, tinyGguf({ endBias: 40 }));
  try {
    const address = await ending.ready;
    const path = address.kind === "model" && address.address.kind === "unix" ? address.address.path : "";
    const answer = await callJson({ socketPath: path }, "/v1/chat/completions", { messages, temperature: 0 });

    expect(answer.body).toMatchObject({
      choices: [{ finish_reason: "stop", message: { content: "" } }],
      usage: { completion_tokens: 0 },
    });
  } finally {
    ending.stop();
  }
});

test("without the package that runs GGUF files, the problem says how to install it", async () => {
  const options = `--import=data:text/javascript,${encodeURIComponent(withoutLlamaCpp)}`;
  const refused = startGguf({}, tinyGguf(), { NODE_OPTIONS: options });
  try {
    expect(await refused.ended).toBe(3);
    expect(JSON.parse(readFileSync(join(refused.folder, replicaProblemFile), "utf8"))).toMatchObject({
      message: expect.stringMatching(/wants the package node-llama-cpp.*npm install node-llama-cpp@3/),
    });
  } finally {
    refused.stop();
  }
});

test.each([
  ["is no model", Buffer.from("not a model"), {}, /wants to be a GGUF model that llama.cpp can load/],
  [
    "was made for fewer tokens",
    tinyGguf({ contextTokens: 64 }),
    { contextTokens: 128 },
    /made for 64. Ask for at most 64/,
  ],
])("a file that %s is refused with a sentence", async (_what, file, settings, message) => {
  const refused = startGguf(settings, file);
  try {
    expect(await refused.ended).toBe(3);
    expect(existsSync(join(refused.folder, replicaAddressFile))).toBe(false);
    expect(JSON.parse(readFileSync(join(refused.folder, replicaProblemFile), "utf8"))).toMatchObject({
      code: "serving.model-incompatible",
      message: expect.stringMatching(message),
    });
  } finally {
    refused.stop();
  }
});
