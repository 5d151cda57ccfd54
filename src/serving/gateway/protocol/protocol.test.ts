import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Fault } from "../../../base/fault.ts";
import { modelRoute } from "../../fixtures/model-route.ts";
import { embeddingsToBase64 } from "./embedding-answer.ts";
import { ModelDirectory, upstreamModel } from "./model-directory.ts";
import { parseOpenAiPath } from "./openai-path.ts";
import { refusalJson, refusalOfFault, upstreamRefusal } from "./refusal.ts";
import { priceOf } from "./token-price.ts";
import { findUsage, parseUsage } from "./token-usage.ts";

const asked = { retryAfterMs: null, shouldRetry: null };

test.each([
  ["POST", "/v1/chat/completions", { kind: "generate", operation: "chat" }],
  ["POST", "/v1/completions/", { kind: "generate", operation: "completion" }],
  ["POST", "/v1/embeddings?x=1", { kind: "generate", operation: "embedding" }],
  ["POST", "/v1/responses", { kind: "generate", operation: "response" }],
  ["GET", "/v1/models", { kind: "list-models" }],
  ["GET", "/v1/models/chat%3Alegal", { kind: "get-model", model: "chat:legal" }],
  ["GET", "/v1/chat/completions", { kind: "wrong-method", wanted: "POST" }],
  ["POST", "/v1/models", { kind: "wrong-method", wanted: "GET" }],
  ["POST", "/v1/projects/default/deployments/d/outcomes", undefined],
  ["POST", "/v2/models/d/infer", undefined],
])("%s %s", (method, url, wanted) => {
  expect(parseOpenAiPath(method, url)).toEqual(wanted);
});

describe("a model's name", () => {
  const chat = modelRoute("chat", [{ id: "a", adapters: ["legal", "shared"] }]);
  const code = modelRoute("code", [{ id: "b", adapters: ["shared", "chat"] }]);
  const tensors = modelRoute("tensors", [{ id: "c" }], { protocol: "v2" });
  const directory = new ModelDirectory({ routes: [chat, code, tensors] });

  test.each([
    ["chat", "chat", null],
    ["chat:legal", "chat", "legal"],
    ["legal", "chat", "legal"],
    ["code:shared", "code", "shared"],
  ])("%s stands for deployment %s with adapter %s", (name, deployment, adapter) => {
    const target = directory.resolve("default", name);

    expect([target.route.deployment, target.adapter]).toEqual([deployment, adapter]);
    expect(upstreamModel(target, { model: "upstream" })).toBe(adapter ?? "upstream");
  });

  test.each(["shared", "chat:shared:x", "CHAT", ""])("%s stands for nothing", (name) => {
    expect(() => directory.resolve("default", name)).toThrow(Fault);
  });

  test.each([
    ["shared", 'the adapter "shared" is of chat and of code; write chat:shared or code:shared'],
    ["chat:none", 'chat has the adapters legal and shared, found "none"'],
    ["chat@9", 'chat serves the versions 1, found "9"'],
    ["tensors", "tensors takes tensors; send its requests to POST /v2/models/tensors/infer"],
    ["CHAT", 'project default has no model "CHAT"; it has chat, code, chat:legal, chat:shared, code:shared, code:chat'],
  ])("%s is answered with what there is", (name, wanted) => {
    expect(() => directory.resolve("default", name)).toThrow(wanted);
  });

  test("of another project stands for nothing", () => {
    expect(() => directory.resolve("other", "chat")).toThrow(Fault);
    expect(directory.list("other")).toEqual([]);
  });
});

describe("a refusal", () => {
  const four = (json: string) => JSON.parse(json) as { readonly error: Readonly<Record<string, unknown>> };

  test("has all four members for every fault", () => {
    const fault = new Fault("serving.model-missing", "no such model", { details: { param: "model" } });

    expect(four(refusalJson(refusalOfFault(fault, 404)))).toEqual({
      error: { message: "no such model", type: "invalid_request_error", param: "model", code: "model_not_found" },
    });
  });

  test("of an upstream has all four members whatever the upstream wrote", () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 599 }), fc.oneof(fc.string(), fc.json()), (status, body) => {
        const { error } = four(refusalJson(upstreamRefusal(status, body, asked)));

        expect(Object.keys(error)).toEqual(["message", "type", "param", "code"]);
        expect([typeof error.message, typeof error.type, typeof error.code]).toEqual(["string", "string", "string"]);
      }),
    );
  });

  test("of an upstream keeps the upstream's own words", () => {
    const body = JSON.stringify({
      error: { message: "too long", type: "BadRequest", param: "messages", code: "context" },
    });

    expect(upstreamRefusal(400, body, asked)).toMatchObject({
      message: "too long",
      param: "messages",
      code: "context",
    });
  });
});

test("floats of embeddings become base64 that clients read back", () => {
  fc.assert(
    fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { maxLength: 20 }), (values) => {
      const text = JSON.stringify({ object: "list", data: [{ index: 0, embedding: values }] });
      const changed = embeddingsToBase64(text, (bytes) => Buffer.from(bytes).toString("base64"));
      const { data } = JSON.parse(changed ?? "") as { readonly data: readonly [{ readonly embedding: string }] };
      const bytes = Buffer.from(data[0].embedding, "base64");
      const read = values.map((_, index) => bytes.readFloatLE(index * 4));

      expect(read.map((each) => each + 0)).toEqual(values.map((each) => Math.fround(each) + 0));
    }),
  );
});

test("embeddings that are base64 already are left as they are", () => {
  expect(embeddingsToBase64('{"data":[{"embedding":"AAAA"}]}', () => "")).toBeNull();
});

describe("the usage of an answer", () => {
  const find = (bytes: Uint8Array, wanted: Uint8Array, from: number): number =>
    Buffer.from(bytes).indexOf(wanted, from);
  const usageOf = (text: string) => parseUsage(findUsage(new TextEncoder().encode(text), find));

  test("is found whatever the content says", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(1_000), fc.nat(1_000), (content, tokensIn, tokensOut) => {
        const tricky = `${content}"usage":{"prompt_tokens":99}`;
        const answer = { content: tricky, usage: { prompt_tokens: tokensIn, completion_tokens: tokensOut } };

        expect(usageOf(JSON.stringify(answer))).toEqual({ tokensIn, tokensOut, tokensCached: 0 });
      }),
    );
  });

  test.each(['{"usage":null}', '{"usage":{"prompt_tokens":"many"}}', '{"usage":{"prompt_tokens":1', "{}"])(
    "is unknown in %s",
    (text) => {
      expect(usageOf(text)).toBeNull();
    },
  );
});

test("the price of tokens is rounded up to whole millionths", () => {
  const use = { tokensIn: 1_000, tokensOut: 10, rows: 0 };
  const rowPrice = { inputPerMillion: 0, outputPerMillion: 0, rowsPerMillion: 2_000_000 };
  expect(priceOf({ inputPerMillion: 3_000_000, outputPerMillion: 15_000_000 }, use)).toBe(3_150);
  expect(priceOf({ inputPerMillion: 1, outputPerMillion: 0 }, { ...use, tokensIn: 1 })).toBe(1);
  expect(priceOf(rowPrice, { tokensIn: 0, tokensOut: 0, rows: 10_000 })).toBe(20_000);
  expect(priceOf(null, use)).toBe(0);
});
