import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseEngineLoad } from "../src/serving/gateway/routing/parse-engine-load.ts";
import { StandInServer } from "../bench/serving/stand-in-server.ts";
import { until } from "./until.ts";

const size = {
  slots: 2,
  kvTokens: 64_000,
  prefillMsPerToken: 0.01,
  stepMs: 1,
  stepMsPerAnswer: 0.1,
  chunkTokens: 1024,
};

let server: StandInServer;
let base: string;

beforeEach(async () => {
  server = new StandInServer(size, { model: "tiny", speed: 1 });
  base = `http://127.0.0.1:${await server.listen(0, "127.0.0.1")}`;
});

afterEach(() => server.stop());

function ask(body: object, signal?: AbortSignal): Promise<Response> {
  return fetch(`${base}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({
      model: "tiny",
      messages: [{ role: "user", content: "a long question ".repeat(60) }],
      ...body,
    }),
    ...(signal === undefined ? {} : { signal }),
  });
}

async function load() {
  return parseEngineLoad("vllm", await (await fetch(`${base}/metrics`)).text());
}

describe("the stand-in for an engine", () => {
  test("streams as many tokens as were asked for, then its usage, then the end", async () => {
    const response = await ask({ stream: true, max_tokens: 7, stream_options: { include_usage: true } });
    const frames = (await response.text()).split("\n\n").filter((frame) => frame !== "");
    const chunks = frames
      .slice(0, -1)
      .map((frame) => JSON.parse(frame.slice("data: ".length)) as Record<string, unknown>);

    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(frames.at(-1)).toBe("data: [DONE]");
    expect(chunks).toHaveLength(1 + 7 + 1 + 1);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 7 } });
  });

  test("finds in its cache what it was asked before", async () => {
    const cachedOf = async (): Promise<unknown> => {
      const { usage } = (await (await ask({ max_tokens: 2 })).json()) as Record<string, unknown>;
      return (usage as Record<string, unknown>)["prompt_tokens_details"];
    };

    expect(await cachedOf()).toEqual({ cached_tokens: 0 });
    // 966 bytes are three blocks of 256.
    expect(await cachedOf()).toEqual({ cached_tokens: 192 });
  });

  test("says everywhere that it is a simulator", async () => {
    const models = await fetch(`${base}/v1/models`);
    const answer = await ask({ max_tokens: 9 });

    expect(await models.json()).toMatchObject({ data: [{ id: "tiny", owned_by: "millwright-simulator" }] });
    expect([models.headers.get("x-simulated"), answer.headers.get("x-simulated")]).toEqual(["true", "true"]);
    expect(await answer.text()).toContain("comes from a simulator without a model");
    expect(await (await fetch(`${base}/metrics`)).text()).toContain("millwright_simulated");
  });

  test("drops a request whose client has gone, and one that waits takes its place", async () => {
    const clients = [1, 2, 3].map(() => new AbortController());
    const asked = clients.map(({ signal }) => ask({ max_tokens: 15_000 }, signal).catch(() => null));
    await until("the third request waits", async () => (await load())?.waiting === 1);
    clients[0]?.abort();
    await until("the third request runs", async () => {
      const told = await load();
      return told?.waiting === 0 && told.running === 2;
    });
    for (const client of clients) client.abort();
    await Promise.all(asked);

    await until("nothing runs", async () => (await load())?.running === 0);
    expect(await load()).toEqual({ running: 0, waiting: 0, kvUsage: 0, kvTokens: 64_000, adapters: null });
  });

  test("refuses what it does not understand and what does not fit, and says why", async () => {
    const broken = await fetch(`${base}/v1/chat/completions`, { method: "POST", body: "{" });
    const large = await ask({ max_tokens: 100_000 });

    expect([broken.status, large.status]).toEqual([400, 400]);
    expect(await large.json()).toMatchObject({ error: { message: expect.stringContaining("do not fit") } });
  });
});
