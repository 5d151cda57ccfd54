import { expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { silentLog } from "../../platform/log.ts";
import { refusalsOf } from "../fixtures/gateway-refusals.ts";
import { openGrpcClient } from "../fixtures/grpc-client.ts";
import { ruleOf } from "../fixtures/limit-rules.ts";
import { limitedGate } from "../fixtures/limited-gate.ts";
import { modelRoute } from "../fixtures/model-route.ts";
import { hello, openAiGateway } from "../fixtures/openai-gateway.ts";
import { fails, neverAnswers } from "../fixtures/stand-in-upstream.ts";

async function post(port: number, path: string, key: string, body: string): Promise<number> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", headers, body });
  await answer.text();
  return answer.status;
}

test("what the key check, the path and the body are refused for is counted by protocol, and no caller makes labels", async () => {
  const { port, setRoute, records, recorder, batches } = await openAiGateway();
  setRoute(modelRoute("tensors", [], { protocol: "v2" }));
  const chat = "/v1/chat/completions";
  const infer = "/v2/models/tensors/infer";
  const client = openGrpcClient(port);
  onTestFinished(() => client.close());
  const statuses = [
    await post(port, chat, "bad", JSON.stringify(hello)),
    await post(port, chat, "weak", JSON.stringify(hello)),
    await post(port, chat, "good", "no json"),
    await post(port, chat, "good", JSON.stringify({ ...hello, model: "made-up-1" })),
    await post(port, chat, "good", JSON.stringify({ ...hello, model: "made-up-2" })),
    await post(port, infer, "bad", "{}"),
    await post(port, infer, "weak", "{}"),
    await post(port, infer, "good", ""),
    await post(port, "/v2/models/made-up/infer", "good", "{}"),
    await post(port, infer, "good", '{"inputs":[]}'),
  ];
  const unknown = await client.call("ModelInfer", { model_name: "tensors" }, { token: "bad" });
  const missing = await client.call("ModelInfer", { model_name: "made-up" });

  expect(statuses).toEqual([401, 403, 400, 404, 404, 401, 403, 400, 404, 503]);
  expect([unknown.kind, missing.kind]).toEqual(["refused", "refused"]);
  expect(await refusalsOf(port)).toEqual([
    "/ grpc unknown-key 1",
    "/ grpc unknown-model 1",
    "/ openai malformed 1",
    "/ openai no-permission 1",
    "/ openai unknown-key 1",
    "/ openai unknown-model 2",
    "/ v2 no-permission 1",
    "/ v2 unknown-key 1",
    "/ v2 unknown-model 1",
    "default/tensors v2 malformed 1",
    "default/tensors v2 no-endpoint 1",
  ]);
  await recorder.flush();
  const told = batches.flatMap(({ refusals = [] }) => refusals);
  const sums = Map.groupBy(told, ({ project, deployment, reason }) => `${project}/${deployment} ${reason}`);
  expect(
    [...sums].map(([name, each]) => `${name} ${each.reduce((sum, { requests }) => sum + requests, 0)}`).toSorted(),
  ).toEqual([
    "/ no-permission 2",
    "/ unknown-key 3",
    "/ unknown-model 2",
    "default/ malformed 1",
    "default/ unknown-model 2",
    "default/tensors malformed 1",
    "default/tensors no-endpoint 1",
  ]);
  // What reached a deployment's desk ends in a record, and is not counted a second time.
  expect(records.map(({ deployment, refused }) => `${deployment} ${refused}`)).toEqual(["tensors no-endpoint"]);
});

test.each([
  [ruleOf("requests", 1), "limit-requests"],
  [ruleOf("tokens", 2_000), "limit-tokens"],
  [ruleOf("concurrency", 1), "limit-concurrency"],
  [ruleOf("money", 2_000_000), "limit-budget"],
])(
  "a limit of $measure that refuses is counted as it is called, and what was taken is given back once",
  async (rule, reason) => {
    const { gate, counts } = limitedGate([rule]);
    const price = { inputPerMillion: 1_000_000_000, outputPerMillion: 1_000_000_000 };
    const { port, openai, upstream, records } = await openAiGateway({ gateway: { gate }, route: { price } });
    upstream.behave(neverAnswers);
    const abort = new AbortController();
    const first = openai.chat.completions
      .create({ ...hello, max_completion_tokens: 1_500 }, { signal: abort.signal })
      .catch(() => undefined);
    await upstream.request(0);
    const second = await post(
      port,
      "/v1/chat/completions",
      "good",
      JSON.stringify({ ...hello, max_completion_tokens: 1_500 }),
    );
    abort.abort();
    await first;
    await until("the first request is settled", () => records.length === 1);

    expect(second).toBe(429);
    expect(await refusalsOf(port)).toEqual([`default/chat openai ${reason} 1`]);
    expect(counts).toMatchObject({ taken: 1, ended: 1 });
  },
);

test.each([
  ["queue-full", 429, { maxConcurrent: 1, maxQueued: 0, queueTimeoutMs: 60_000 }],
  ["late", 503, { maxConcurrent: 1, maxQueued: 5, queueTimeoutMs: 30 }],
])(
  "admission that refuses for %s is counted once, with its record, and settled once",
  async (reason, status, admission) => {
    const { gate, counts } = limitedGate([ruleOf("requests", 100)]);
    const { port, openai, upstream, records } = await openAiGateway({
      gateway: { gate, limits: { tickMs: 10 } },
      route: { admission },
    });
    upstream.behave(neverAnswers);
    const abort = new AbortController();
    const first = openai.chat.completions.create(hello, { signal: abort.signal }).catch(() => undefined);
    await upstream.request(0);
    const second = await post(port, "/v1/chat/completions", "good", JSON.stringify(hello));
    abort.abort();
    await first;
    await until("both are settled", () => records.length === 2);

    expect(second).toBe(status);
    expect(await refusalsOf(port)).toEqual([`default/chat openai ${reason} 1`]);
    expect(records.map(({ refused }) => refused)).toEqual([reason, null]);
    expect(counts).toMatchObject({ taken: 2, ended: 2 });
  },
);

test("what a replica itself refuses or fails at is no refusal of the gateway's", async () => {
  const { port, openai, upstream, records } = await openAiGateway();
  upstream.behave(fails(400));
  await openai.chat.completions.create(hello).catch(() => undefined);
  await until("it is recorded", () => records.length === 1);

  expect(await refusalsOf(port)).toEqual([]);
  expect(records[0]?.refused).toBeNull();
});

test("refusals stand in the request log by its share, with keys and addresses hidden", async () => {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const log = {
    ...silentLog,
    info: (message: string, fields: Readonly<Record<string, unknown>> = {}) => void lines.push({ message, ...fields }),
  };
  const logged = async (share: number): Promise<void> => {
    const telemetry = { otlpEndpoint: null, requestLog: { share, logsBodies: false } };
    const { port } = await openAiGateway({ gateway: { telemetry, log } });
    await post(port, "/v1/chat/completions", "good", JSON.stringify({ ...hello, model: "ada@example.com" }));
  };
  await logged(0);
  expect(lines).toEqual([]);
  await logged(1);

  expect(lines).toMatchObject([
    { reason: "unknown-model", protocol: "openai", identity: "tester", status: 404, errorCode: "model_not_found" },
  ]);
  expect(JSON.stringify(lines)).not.toContain("ada@example.com");
});
