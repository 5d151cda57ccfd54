import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { modelRoute } from "../fixtures/model-route.ts";
import { hello, openAiGateway } from "../fixtures/openai-gateway.ts";
import {
  beginsStream,
  chatChunk,
  completes,
  fails,
  neverAnswers,
  sends,
  startStandInUpstream,
  streams,
  usageChunk,
} from "../fixtures/stand-in-upstream.ts";
import { noLimits } from "../gateway/no-limits.ts";
import type { LimitGate } from "../gateway/request-parts.ts";

/* The official OpenAI client for JavaScript against the gateway, with stand-ins for engines behind it. */

async function words(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const chunk of stream) {
    const content = chunk.choices[0]?.delta.content;
    if (content !== undefined && content !== null && content !== "") found.push(content);
  }
  return found;
}

async function errorOf(promise: PromiseLike<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const error = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (error instanceof OpenAI.APIError) return error;
  throw new Error(`wanted an APIError, found ${String(error)}`);
}

describe("answers", () => {
  test("a chat is answered under the deployment's name, and the upstream sees its own", async () => {
    const { openai, upstream } = await openAiGateway();
    const answer = await openai.chat.completions.create({ ...hello, temperature: 0.5 });

    expect(answer.choices[0]?.message.content).toBe("hello");
    expect(answer.usage?.total_tokens).toBe(10);
    expect(upstream.seen[0]).toMatchObject({
      path: "/v1/chat/completions",
      body: { model: "chat-upstream", temperature: 0.5 },
    });
  });

  test("the caller's own key does not reach the upstream; the upstream's key does", async () => {
    const replica = { credential: { kind: "file" as const, name: "engine" } };
    const { openai, upstream } = await openAiGateway({ replica });
    await openai.chat.completions.create(hello);

    expect(upstream.seen[0]?.headers.authorization).toBe("Bearer upstream-secret");
  });

  test("completions are passed on", async () => {
    const { openai, upstream } = await openAiGateway();
    upstream.behave(sends(200, { id: "c", object: "text_completion", choices: [{ index: 0, text: "there" }] }));
    const answer = await openai.completions.create({ model: "chat", prompt: "hi" });

    expect(answer.choices[0]?.text).toBe("there");
    expect(upstream.seen[0]?.path).toBe("/v1/completions");
  });

  test("responses are passed on, streamed ones up to their last event", async () => {
    const { openai, upstream, records } = await openAiGateway();
    const response = { id: "r", object: "response", output: [], usage: { input_tokens: 5, output_tokens: 2 } };
    upstream.behave((_request, answer) => {
      answer.writeHead(200, { "content-type": "text/event-stream" });
      for (const type of ["response.created", "response.completed"]) {
        answer.write(`event: ${type}\ndata: ${JSON.stringify({ type, response })}\n\n`);
      }
      answer.end();
    });
    const types: string[] = [];
    for await (const event of await openai.responses.create({ model: "chat", input: "hi", stream: true })) {
      types.push(event.type);
    }

    expect(types).toEqual(["response.created", "response.completed"]);
    expect(upstream.seen[0]?.body).not.toHaveProperty("stream_options");
    await until("the request is counted", async () => records.length === 1);
    expect(records[0]).toMatchObject({ operation: "response", outcome: "done", tokensIn: 5, tokensOut: 2 });
  });

  test("tools go to the upstream and tool calls come back untouched", async () => {
    const { openai, upstream } = await openAiGateway();
    const tool_calls = [{ id: "t", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } }];
    const message = { role: "assistant", content: null, tool_calls };
    upstream.behave(sends(200, { choices: [{ index: 0, message, finish_reason: "tool_calls" }] }));
    const tools = [
      { type: "function" as const, function: { name: "weather", parameters: { type: "object", properties: {} } } },
    ];
    const answer = await openai.chat.completions.create({ ...hello, tools, tool_choice: "auto" });

    expect(answer.choices[0]?.message.tool_calls).toEqual(tool_calls);
    expect(upstream.seen[0]?.body).toMatchObject({ tools, tool_choice: "auto" });
  });

  test("an answer longer than what is held flows through whole", async () => {
    const { openai, upstream, records } = await openAiGateway({ gateway: { limits: { heldBytes: 1024 } } });
    const long = "x".repeat(300_000);
    upstream.behave(completes(long));
    const answer = await openai.chat.completions.create(hello);

    expect(answer.choices[0]?.message.content).toBe(long);
    await until("the request is counted", async () => records.length === 1);
    expect(records[0]).toMatchObject({ outcome: "done", tokensIn: 7, tokensOut: 3 });
  });

  test("an adapter is named by deployment and adapter, or by its own name", async () => {
    const { openai, upstream } = await openAiGateway({ replica: { adapters: ["legal"] } });
    await openai.chat.completions.create({ ...hello, model: "chat:legal" });
    await openai.chat.completions.create({ ...hello, model: "legal" });

    expect(upstream.seen.map((request) => request.body.model)).toEqual(["legal", "legal"]);
  });
});

describe("embeddings", () => {
  const floats = [0.5, -1.25, 3];
  const answer = (embedding: unknown) => ({
    object: "list",
    data: [{ object: "embedding", index: 0, embedding }],
    model: "m",
  });

  test("base64 of the upstream is passed on and read by the client", async () => {
    const { openai, upstream } = await openAiGateway();
    upstream.behave(sends(200, answer(Buffer.from(Float32Array.from(floats).buffer).toString("base64"))));
    const found = await openai.embeddings.create({ model: "chat", input: "hi" });

    expect(upstream.seen[0]?.body.encoding_format).toBe("base64");
    expect(found.data[0]?.embedding).toEqual(floats);
  });

  test("floats of an upstream that knows no base64 are turned into it", async () => {
    const { openai, upstream } = await openAiGateway();
    upstream.behave(sends(200, answer(floats)));
    const found = await openai.embeddings.create({ model: "chat", input: "hi" });

    expect(found.data[0]?.embedding).toEqual(floats);
  });

  test("floats stay floats when the caller asks for them", async () => {
    const { openai, upstream } = await openAiGateway();
    upstream.behave(sends(200, answer(floats)));
    const found = await openai.embeddings.create({ model: "chat", input: "hi", encoding_format: "float" });

    expect(found.data[0]?.embedding).toEqual(floats);
  });
});

describe("streams", () => {
  test("chunks arrive as they come, before the stream is done", async () => {
    const { openai, upstream } = await openAiGateway();
    let more: () => void = () => undefined;
    upstream.behave(
      beginsStream(["one"], (response) => {
        more = () => response.end(`${chatChunk("two", "stop")}data: [DONE]\n\n`);
      }),
    );
    const stream = await openai.chat.completions.create({ ...hello, stream: true });
    const found: (string | null | undefined)[] = [];
    for await (const chunk of stream) {
      found.push(chunk.choices[0]?.delta.content);
      if (found.length === 1) more();
    }

    expect(found).toEqual(["one", "two"]);
  });

  test("the usage is asked for and counted, and the caller who did not ask does not see it", async () => {
    const { openai, upstream, records } = await openAiGateway();
    upstream.behave(streams("a", "b"));
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of await openai.chat.completions.create({ ...hello, stream: true })) chunks.push(chunk);

    expect(upstream.seen[0]?.body.stream_options).toEqual({ include_usage: true });
    expect(chunks.every((chunk) => chunk.choices.length === 1)).toBe(true);
    await until("the request is counted", async () => records.length === 1);
    expect(records[0]).toMatchObject({ outcome: "done", isStream: true, tokensIn: 7, tokensOut: 3 });
  });

  test("the caller who asks for the usage sees it", async () => {
    const { openai, upstream } = await openAiGateway();
    upstream.behave(streams("a"));
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    const asked = { ...hello, stream: true as const, stream_options: { include_usage: true } };
    for await (const chunk of await openai.chat.completions.create(asked)) chunks.push(chunk);

    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 10 } });
  });

  test("a stream whose upstream dies in the middle raises an APIError after the words that came", async () => {
    const { openai, upstream } = await openAiGateway();
    upstream.behave(beginsStream(["one", "two"], (response) => setImmediate(() => response.destroy())));
    const found: string[] = [];
    const reading = (async () => {
      for await (const chunk of await openai.chat.completions.create({ ...hello, stream: true })) {
        found.push(chunk.choices[0]?.delta.content ?? "");
      }
    })();
    const error = await errorOf(reading);

    expect(found).toEqual(["one", "two"]);
    expect(error.code).toBe("upstream_disconnected");
    expect(error.type).toBe("server_error");
  });

  test("a stream that ends politely but too early raises an APIError as well", async () => {
    const { openai, upstream } = await openAiGateway();
    upstream.behave(beginsStream(["one"], (response) => response.end()));
    const error = await errorOf(
      (async () => words(await openai.chat.completions.create({ ...hello, stream: true })))(),
    );

    expect(error.code).toBe("upstream_disconnected");
  });

  test("a stream that lacks only its last mark is completed", async () => {
    const { openai, upstream, baseURL } = await openAiGateway();
    upstream.behave(beginsStream(["one"], (response) => response.end(chatChunk("", "stop") + usageChunk)));
    const headers = { authorization: "Bearer good", "content-type": "application/json" };
    const body = JSON.stringify({ ...hello, stream: true });
    const text = await (await fetch(`${baseURL}/chat/completions`, { method: "POST", headers, body })).text();

    expect(text).toBe(`${chatChunk("one")}${chatChunk("", "stop")}data: [DONE]\n\n`);
    expect(await words(await openai.chat.completions.create({ ...hello, stream: true }))).toEqual(["one"]);
  });

  test("an error that the upstream tells within its stream reaches the caller as it is", async () => {
    const { openai, upstream } = await openAiGateway();
    upstream.behave(
      beginsStream(["one"], (response) => response.end('data: {"error":{"message":"no memory","code":"oom"}}\n\n')),
    );
    const error = await errorOf(
      (async () => words(await openai.chat.completions.create({ ...hello, stream: true })))(),
    );

    expect(error.code).toBe("oom");
  });

  test("comments keep a stream alive while nothing flows, and the client does not see them", async () => {
    const limits = { heartbeatMs: 10, tickMs: 5 };
    const { openai, upstream, baseURL } = await openAiGateway({ gateway: { limits } });
    let finish: () => void = () => undefined;
    upstream.behave((_request, response) => {
      finish = () => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.end(`${chatChunk("late", "stop")}data: [DONE]\n\n`);
      };
    });
    const headers = { authorization: "Bearer good", "content-type": "application/json" };
    const body = JSON.stringify({ ...hello, stream: true });
    const answer = await fetch(`${baseURL}/chat/completions`, { method: "POST", headers, body });
    await upstream.request(0);
    finish();
    const text = await answer.text();
    const stream = openai.chat.completions.create({ ...hello, stream: true });
    await upstream.request(1);
    const reading = stream.then(words);
    await stream;
    finish();

    expect(text).toMatch(/^(: keepalive\n\n)+data: \{/);
    expect(await reading).toEqual(["late"]);
  });

  test("a retry after comments is still invisible, and a failure then is told within the stream", async () => {
    const { openai, upstream } = await openAiGateway({ gateway: { limits: { heartbeatMs: 10, tickMs: 5 } } });
    let fail: () => void = () => undefined;
    upstream.behave((_request, response) => {
      fail = () => response.destroy();
    }, fails(400));
    const stream = await openai.chat.completions.create({ ...hello, stream: true });
    await upstream.request(0);
    fail();
    const error = await errorOf(words(stream));

    expect(error.code).toBe("e400");
    expect(upstream.seen).toHaveLength(2);
  });
});

describe("a caller that goes away", () => {
  test("in the middle of a stream: the upstream sees it at once", async () => {
    const { openai, upstream, records } = await openAiGateway();
    upstream.behave(beginsStream(["one", "two"]));
    for await (const _chunk of await openai.chat.completions.create({ ...hello, stream: true })) break;
    await upstream.seen[0]?.closed;

    await until("the request is counted", async () => records.length === 1);
    expect(records[0]).toMatchObject({ outcome: "aborted", status: 499, tokensOut: 2 });
  });

  test("while it waits for an answer that is no stream: the upstream sees it at once", async () => {
    const { openai, upstream } = await openAiGateway();
    upstream.behave(neverAnswers);
    const abort = new AbortController();
    const asking = errorOf(openai.chat.completions.create(hello, { signal: abort.signal }));
    const seen = await upstream.request(0);
    abort.abort();
    await seen.closed;

    expect(await asking).toBeInstanceOf(OpenAI.APIUserAbortError);
  });

  test("while it is queued: it never reaches the upstream, and its place goes to the next", async () => {
    const route = { admission: { maxConcurrent: 1, maxQueued: 8, queueTimeoutMs: 60_000 } };
    let letIn = 0;
    const gate: LimitGate = {
      ...noLimits,
      reserve: (ask, now) => {
        letIn += 1;
        return noLimits.reserve(ask, now);
      },
    };
    const { openai, upstream, records } = await openAiGateway({ route, gateway: { gate } });
    let finish: () => void = () => undefined;
    upstream.behave((request, response) => {
      finish = () => completes("first")(request, response);
    }, completes("third"));
    const first = openai.chat.completions.create(hello);
    await upstream.request(0);
    const abort = new AbortController();
    const second = errorOf(
      openai.chat.completions.create({ ...hello, prompt_cache_key: "second" }, { signal: abort.signal }),
    );
    const third = openai.chat.completions.create({ ...hello, prompt_cache_key: "third" });
    await until("all three are at the gateway", async () => letIn === 3);
    abort.abort();
    await second;
    await until("the second request is given up", async () => records.length === 1);
    finish();

    expect((await first).choices[0]?.message.content).toBe("first");
    expect((await third).choices[0]?.message.content).toBe("third");
    expect(upstream.seen.map((request) => request.body.prompt_cache_key)).toEqual([undefined, "third"]);
    expect(records.map((record) => record.outcome).sort()).toEqual(["aborted", "done", "done"]);
  });

  test("while a retry waits: there is no further try", async () => {
    const { openai, upstream, records } = await openAiGateway();
    upstream.behave(fails(503, { "retry-after": "20" }), completes("never"));
    const abort = new AbortController();
    const asking = errorOf(openai.chat.completions.create(hello, { signal: abort.signal }));
    await upstream.request(0);
    abort.abort();
    await asking;
    await until("the request is counted", async () => records.length === 1);

    expect(records[0]).toMatchObject({ outcome: "aborted", retries: 0 });
    expect(upstream.seen).toHaveLength(1);
  });
});

describe("retries", () => {
  test.each([408, 409, 429, 500, 502, 503])(
    "an upstream's %i is tried again elsewhere, unseen by the caller",
    async (status) => {
      const { openai, upstreams } = await openAiGateway({ replicas: 2 });
      for (const upstream of upstreams) upstream.behave(fails(status));
      upstreams[0]?.behave(fails(status), completes("again"));
      upstreams[1]?.behave(fails(status), completes("again"));
      const answer = await openai.chat.completions.create(hello);
      const seen = upstreams.map((upstream) => upstream.seen.length);

      expect(answer.choices[0]?.message.content).toBe("again");
      expect(Math.min(...seen)).toBe(1);
    },
  );

  test.each([
    [400, OpenAI.BadRequestError],
    [404, OpenAI.NotFoundError],
    [422, OpenAI.UnprocessableEntityError],
  ])("an upstream's %i is told at once with its own words", async (status, wanted) => {
    const { openai, upstream } = await openAiGateway();
    upstream.behave(fails(status));
    const error = await errorOf(openai.chat.completions.create(hello));

    expect(error).toBeInstanceOf(wanted);
    expect(error).toMatchObject({ status, code: `e${status}`, type: "engine_error" });
    expect(upstream.seen).toHaveLength(1);
  });

  test.each([
    [409, OpenAI.ConflictError],
    [429, OpenAI.RateLimitError],
    [500, OpenAI.InternalServerError],
  ])("an upstream's %i that stays is told after three tries", async (status, wanted) => {
    const { openai, upstream, records } = await openAiGateway();
    upstream.behave(fails(status));
    const error = await errorOf(openai.chat.completions.create(hello));

    expect(error).toBeInstanceOf(wanted);
    expect(upstream.seen).toHaveLength(3);
    await until("the request is counted", async () => records.length === 1);
    expect(records[0]).toMatchObject({ outcome: "failed", status, retries: 2 });
  });

  test("an upstream that says x-should-retry: false is not asked again, neither by the gateway nor by the client", async () => {
    const { client, upstream } = await openAiGateway();
    upstream.behave(fails(500, { "x-should-retry": "false" }));
    const error = await errorOf(client({ maxRetries: 2 }).chat.completions.create(hello));

    expect(error.headers?.get("x-should-retry")).toBe("false");
    expect(upstream.seen).toHaveLength(1);
  });

  test("retry-after-ms of the upstream reaches the client, which waits so long", async () => {
    const { client, upstream } = await openAiGateway();
    upstream.behave(fails(429, { "retry-after-ms": "7", "x-should-retry": "false" }));
    const error = await errorOf(client().chat.completions.create(hello));

    expect(error.headers?.get("retry-after-ms")).toBe("7");
    expect(error.headers?.get("retry-after")).toBe("1");
  });

  test("retries come to an end when an upstream fails everything: the budget runs out", async () => {
    const { openai, upstream } = await openAiGateway({ replicas: 1 });
    upstream.behave(fails(500));
    for (let request = 0; request < 20; request += 1) await errorOf(openai.chat.completions.create(hello));

    expect(upstream.seen.length).toBeLessThanOrEqual(20 + 10 + 20 * 0.2);
  });

  test("a deployment that cannot answer hands over to its fallback", async () => {
    const { openai, upstream, setRoute, upstreams } = await openAiGateway({
      replicas: 1,
      route: { fallbacks: ["spare"] },
    });
    const spare = await startStandInUpstream();
    setRoute(modelRoute("spare", [{ address: { kind: "http", url: spare.url } }]));
    upstream.behave(fails(503));
    const { data, response } = await openai.chat.completions.create(hello).withResponse();
    await spare.stop();

    expect(data.choices[0]?.message.content).toBe("hello");
    expect(response.headers.get("x-millwright-deployment")).toBe("spare");
    expect(spare.seen[0]?.body.model).toBe("spare-upstream");
    expect(upstreams[0]?.seen.length).toBeGreaterThan(0);
  });
});

describe("refusals of the gateway itself", () => {
  test("an unknown model is a 404 that names the member", async () => {
    const { openai } = await openAiGateway();
    const error = await errorOf(openai.chat.completions.create({ ...hello, model: "gpt-9" }));

    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error).toMatchObject({ code: "model_not_found", param: "model", type: "invalid_request_error" });
  });

  test("a bad key is a 401", async () => {
    const { client, upstream } = await openAiGateway();
    const error = await errorOf(client({ apiKey: "bad" }).chat.completions.create(hello));

    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(error.code).toBe("invalid_api_key");
    expect(upstream.seen).toEqual([]);
  });

  const usedUp = (retryAfterMs: number, onAsked = (): void => undefined): LimitGate => ({
    reserve: () => {
      onAsked();
      return {
        kind: "refused",
        limit: "team-a",
        measure: "requests",
        message: "team-a may send 1 request a minute",
        retryAfterMs,
        headers: { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1.5s" },
      };
    },
    settle: () => {
      throw new Error("nothing was taken");
    },
    abandon: () => {
      throw new Error("nothing was taken");
    },
  });

  test("who must wait longer than clients do is told not to try again", async () => {
    let asked = 0;
    const { client } = await openAiGateway({ gateway: { gate: usedUp(90_000, () => (asked += 1)) } });
    const error = await errorOf(client({ maxRetries: 2 }).chat.completions.create(hello));

    expect(error.headers?.get("retry-after-ms")).toBe("90000");
    expect(asked).toBe(1);
  });

  test("a limit that is used up is a 429 with the pause and what is left, and nothing was sent", async () => {
    const gate = usedUp(1_500);
    const { openai, upstream } = await openAiGateway({ gateway: { gate } });
    const error = await errorOf(openai.chat.completions.create(hello));

    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error.code).toBe("rate_limit_exceeded");
    expect(error.headers?.get("retry-after-ms")).toBe("1500");
    expect(error.headers?.get("x-ratelimit-reset-requests")).toBe("1.5s");
    expect(upstream.seen).toEqual([]);
  });

  test("a full queue is a 429 with a pause", async () => {
    const route = { admission: { maxConcurrent: 1, maxQueued: 0, queueTimeoutMs: 60_000 } };
    const { openai, upstream } = await openAiGateway({ route });
    upstream.behave(neverAnswers);
    const abort = new AbortController();
    const first = errorOf(openai.chat.completions.create(hello, { signal: abort.signal }));
    await upstream.request(0);
    const error = await errorOf(openai.chat.completions.create(hello));
    abort.abort();
    await first;

    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error.code).toBe("overloaded");
    expect(Number(error.headers?.get("retry-after-ms"))).toBeGreaterThan(0);
  });

  test("a wait for a place longer than the deployment allows is a 503", async () => {
    const route = { admission: { maxConcurrent: 1, maxQueued: 5, queueTimeoutMs: 1 } };
    const { openai, upstream } = await openAiGateway({ route, gateway: { limits: { tickMs: 5 } } });
    upstream.behave(neverAnswers);
    const abort = new AbortController();
    const first = errorOf(openai.chat.completions.create(hello, { signal: abort.signal }));
    await upstream.request(0);
    const error = await errorOf(openai.chat.completions.create(hello));
    abort.abort();
    await first;

    expect(error).toMatchObject({ status: 503, code: "queue_timeout" });
  });

  test.each([100_000, undefined])("a body over the limit is a 413 (announced: %s)", async (announced) => {
    const { baseURL, upstream, openai } = await openAiGateway({ gateway: { limits: { bodyBytes: 50_000 } } });
    const text = JSON.stringify({ ...hello, user: "x".repeat(100_000) });
    const pieces = async function* () {
      yield text;
    };
    const body = announced === undefined ? ReadableStream.from(pieces()).pipeThrough(new TextEncoderStream()) : text;
    const headers = { authorization: "Bearer good", "content-type": "application/json" };
    const answer = await fetch(`${baseURL}/chat/completions`, {
      method: "POST",
      headers,
      body,
      duplex: "half",
    } as RequestInit);
    const error = (await answer.json()) as { readonly error: { readonly code: string } };

    expect([answer.status, error.error.code]).toEqual([413, "request_too_large"]);
    expect((await openai.chat.completions.create(hello)).choices).toHaveLength(1);
    expect(upstream.seen).toHaveLength(1);
  });

  test("bodies that are more together than the gateway holds are a 429, until the others are done", async () => {
    const { openai, upstream } = await openAiGateway({ gateway: { limits: { heldBodyBytes: 100 } } });
    upstream.behave(neverAnswers, completes("later"));
    const abort = new AbortController();
    const first = errorOf(openai.chat.completions.create(hello, { signal: abort.signal }));
    await upstream.request(0);
    const error = await errorOf(openai.chat.completions.create(hello));
    abort.abort();
    await first;
    await upstream.seen[0]?.closed;

    expect(error).toMatchObject({ status: 429, code: "overloaded" });
    await until("the first body is let go", async () => {
      const answer = await openai.chat.completions.create(hello).catch(() => null);
      return answer?.choices[0]?.message.content === "later";
    });
  });

  test.each([
    ["no JSON", "hello", "a JSON object"],
    ["no model", "{}", "found none"],
  ])("a body that is %s is a 400 with what is wanted", async (_what, body, wanted) => {
    const { baseURL } = await openAiGateway();
    const headers = { authorization: "Bearer good" };
    const answer = await fetch(`${baseURL}/chat/completions`, { method: "POST", headers, body });

    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(wanted);
  });

  test("an unknown path is a 404, a wrong method a 405, both in the API's shape", async () => {
    const { baseURL, openai } = await openAiGateway();
    const unknown = await errorOf(openai.moderations.create({ input: "hi" }));
    const wrong = await fetch(`${baseURL}/chat/completions`);
    const { error } = (await wrong.json()) as { readonly error: object };

    expect(unknown).toMatchObject({ status: 404, code: "unknown_url" });
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
    expect(Object.keys(error)).toEqual(["message", "type", "param", "code"]);
  });

  test("an upstream that never begins to answer is a 504 by the first-byte limit", async () => {
    const { openai, upstream } = await openAiGateway({ gateway: { limits: { firstByteMs: 50 } } });
    upstream.behave(neverAnswers);
    const error = await errorOf(openai.chat.completions.create(hello));

    expect(error).toMatchObject({ status: 504, code: "upstream_timeout" });
  });

  test("an upstream that falls silent within its stream is told within the stream by the idle limit", async () => {
    const { openai, upstream } = await openAiGateway({ gateway: { limits: { idleMs: 50 } } });
    upstream.behave(beginsStream(["one"]));
    const error = await errorOf(
      (async () => words(await openai.chat.completions.create({ ...hello, stream: true })))(),
    );

    expect(error.code).toBe("upstream_timeout");
  });

  test("a request that takes too long in all is ended at both ends", async () => {
    const { openai, upstream } = await openAiGateway({ gateway: { limits: { totalMs: 20, tickMs: 5 } } });
    upstream.behave(beginsStream(["one"]));
    const error = await errorOf(
      (async () => words(await openai.chat.completions.create({ ...hello, stream: true })))(),
    );
    await upstream.seen[0]?.closed;

    expect(error.code).toBe("request_timeout");
  });

  test("a deployment without a replica is a 503, and the client may try again", async () => {
    const { openai, setRoute } = await openAiGateway();
    setRoute(modelRoute("empty", []));
    const error = await errorOf(openai.chat.completions.create({ ...hello, model: "empty" }));

    expect(error).toMatchObject({ status: 503, code: "model_not_ready" });
    expect(error.headers?.get("retry-after")).toBe("1");
  });
});

describe("models and request ids", () => {
  test("models are listed with their adapters, and each can be got", async () => {
    const route = { createdAt: Date.UTC(2026, 0, 2) + 999 };
    const { openai } = await openAiGateway({ route, replica: { adapters: ["legal"] } });
    const ids: string[] = [];
    for await (const model of openai.models.list()) ids.push(model.id);

    expect(ids).toEqual(["chat", "chat:legal"]);
    expect(await openai.models.retrieve("chat:legal")).toMatchObject({
      object: "model",
      created: Date.UTC(2026, 0, 2) / 1_000,
      owned_by: "default",
      parent: "chat",
    });
    expect(await errorOf(openai.models.retrieve("other"))).toBeInstanceOf(OpenAI.NotFoundError);
  });

  test("a request gets an id, which the upstream and errors carry too", async () => {
    const { openai, upstream } = await openAiGateway();
    const answer = await openai.chat.completions.create(hello);
    const error = await errorOf(openai.chat.completions.create({ ...hello, model: "none" }));

    expect(answer._request_id).toMatch(/^req_/);
    expect(upstream.seen[0]?.headers["x-request-id"]).toBe(answer._request_id);
    expect(error.requestID).toMatch(/^req_/);
  });

  test("the caller's own id is kept, unless it is none that may stand in a log", async () => {
    const { openai, upstream } = await openAiGateway();
    const own = await openai.chat.completions.create(hello, { headers: { "x-request-id": "mine-1" } });
    const odd = await openai.chat.completions.create(hello, { headers: { "x-request-id": "a".repeat(200) } });

    expect(own._request_id).toBe("mine-1");
    expect(upstream.seen[0]?.headers["x-request-id"]).toBe("mine-1");
    expect(odd._request_id).toMatch(/^req_/);
  });
});
