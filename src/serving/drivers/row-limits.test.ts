import { type IncomingHttpHeaders, request, type ServerResponse } from "node:http";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { type Random, seededRandom } from "../../base/random.ts";
import { systemClock } from "../../platform/system.ts";
import { silentLog } from "../../platform/log.ts";
import { metricsOf, refusalsOf } from "../fixtures/gateway-refusals.ts";
import { openGrpcClient } from "../fixtures/grpc-client.ts";
import { ruleOf } from "../fixtures/limit-rules.ts";
import { limitedGate } from "../fixtures/limited-gate.ts";
import { answerRows, rowRoute, rowsBody, startRowReplica } from "../fixtures/row-replica.ts";
import { startTestGateway } from "../fixtures/test-gateway.ts";
import type { LimitRule } from "../gateway/limits/limit-rule.ts";
import type { TabularRoute } from "../gateway/routing-table.ts";

/** A gateway with the real limits before a stand-in for the replica of a tabular model. */
async function rowGateway(
  rules: readonly LimitRule[],
  behave?: (response: ServerResponse, rows: number) => void,
  more: Partial<TabularRoute> = {},
  options: Parameters<typeof startTestGateway>[1] = {},
) {
  const replica = await startRowReplica(behave);
  const limits = limitedGate(rules, { default: "red" });
  const gateway = await startTestGateway(undefined, { gate: limits.gate, ...options });
  onTestFinished(async () => {
    await gateway.stop();
    await replica.stop();
  });
  gateway.setRoute(rowRoute(replica.socket, more));
  return { ...gateway, ...limits, replica };
}

interface Heard {
  /** 0 when the caller went away. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Asks for rows; `leave` tells when the caller goes away before it has its answer. */
function askRows(port: number, body: unknown, leave?: Promise<unknown>): Promise<Heard> {
  return new Promise((resolve) => {
    const headers = { authorization: "Bearer good", "x-request-id": "asked-1" };
    const options = { host: "127.0.0.1", port, path: "/v2/models/flight-delay/infer", method: "POST", headers };
    const gone = (): void => resolve({ status: 0, headers: {}, text: "" });
    const sent = request({ ...options, agent: false }, (answer) => {
      let text = "";
      answer.on("data", (part) => (text += String(part)));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
      answer.on("error", gone);
    });
    sent.on("error", gone);
    sent.end(JSON.stringify(body));
    leave?.then(() => sent.destroy()).catch(() => undefined);
  });
}

const price = { inputPerMillion: 0, outputPerMillion: 0, rowsPerMillion: 1_000_000_000 };

test.each([
  [ruleOf("requests", 1, { key: "key-of-good" }), "limit-requests"],
  [ruleOf("requests", 1, { team: "red" }), "limit-requests"],
  [ruleOf("concurrency", 1, { identity: "tester" }), "limit-concurrency"],
  [ruleOf("money", 5_000, { project: "default", deployment: "flight-delay" }), "limit-budget"],
])("a limit ($id) refuses rows as it does any request, by REST and by gRPC", async (rule, reason) => {
  const waiting: (() => void)[] = [];
  const { port, counts, records } = await rowGateway(
    [rule],
    (response, rows) => waiting.push(() => answerRows(response, rows)),
    { price },
  );
  const first = askRows(port, rowsBody(3));
  await until("the first request is at the replica", async () => waiting.length === 1);
  const second = await askRows(port, rowsBody(3));
  const client = openGrpcClient(port);
  onTestFinished(() => client.close());
  const inputs = [{ name: "hour", datatype: "FP64", shape: [3], contents: { fp64_contents: [1, 2, 3] } }];
  const third = await client.call("ModelInfer", { model_name: "flight-delay", inputs });
  waiting[0]?.();
  await first;

  expect([second.status, JSON.parse(second.text)]).toEqual([429, { error: expect.stringContaining(rule.name) }]);
  expect(second.headers).toMatchObject({ "x-request-id": "asked-1", "content-type": "application/json" });
  if (reason !== "limit-budget") expect(second.headers["retry-after"]).toMatch(/^\d+$/);
  if (reason === "limit-requests") {
    expect(second.headers).toMatchObject({ "x-ratelimit-limit-requests": "1", "x-ratelimit-remaining-requests": "0" });
  }
  expect(third).toMatchObject({ kind: "refused", code: 8, details: expect.stringContaining(rule.name) });
  expect(await refusalsOf(port)).toEqual([
    `default/flight-delay grpc ${reason} 1`,
    `default/flight-delay v2 ${reason} 1`,
  ]);
  await until("the first request is recorded", async () => records.length === 1);
  expect(counts).toMatchObject({ taken: 1, ended: 1 });
});

test("rows are priced one by one, and pay for nothing where no replica was asked or the replica failed", async () => {
  let isFailing = false;
  const { port, settled, records, setRoute, replica } = await rowGateway(
    [ruleOf("requests", 100)],
    (response, rows) => (isFailing ? response.writeHead(500).end("no") : answerRows(response, rows)),
    { price },
  );
  const whole = await askRows(port, rowsBody(4));
  isFailing = true;
  const failed = await askRows(port, rowsBody(4));
  setRoute({ ...rowRoute(replica.socket, { price }), versions: [] });
  const nobody = await askRows(port, rowsBody(4));
  const wrong = await askRows(port, { inputs: [] });

  expect([whole, failed, nobody, wrong].map(({ status }) => status)).toEqual([200, 500, 503, 400]);
  expect(whole.headers).toMatchObject({
    "x-millwright-deployment": "flight-delay",
    "x-millwright-version": "7",
    "x-ratelimit-limit-requests": "100",
    "x-ratelimit-remaining-requests": "99",
  });
  expect(settled).toEqual([{ tokensIn: 0, tokensOut: 0, microMoney: 4_000 }]);
  expect(
    records.map(({ status, outcome, refused, microMoney, version }) => [status, outcome, refused, microMoney, version]),
  ).toEqual([
    [200, "done", null, 4_000, "7"],
    [500, "failed", null, 0, "7"],
    [503, "failed", "no-endpoint", 0, ""],
  ]);
  expect(await refusalsOf(port)).toEqual([
    "default/flight-delay v2 malformed 1",
    "default/flight-delay v2 no-endpoint 1",
  ]);
});

test("a caller that goes away while a replica works pays, one that waited for a replica does not", async () => {
  const { port, settled, counts, records, setRoute, replica } = await rowGateway(
    [ruleOf("concurrency", 1)],
    () => undefined,
    { price },
  );
  const leave = Promise.withResolvers<void>();
  const left = askRows(port, rowsBody(2), leave.promise);
  await until("it is at the replica", async () => replica.seen.underWay === 1);
  leave.resolve();
  await left;
  await until("its end is known", async () => records.length === 1);
  await until("the replica heard that it is gone", async () => replica.seen.underWay === 0);
  setRoute({ ...rowRoute(replica.socket, { price, hold: { maxMs: 60_000, heldMax: 5 } }), versions: [] });
  const leaveSecond = Promise.withResolvers<void>();
  const held = askRows(port, rowsBody(2), leaveSecond.promise);
  await until("its place is taken", async () => counts.taken === 2);
  leaveSecond.resolve();
  await held;
  await until("both ends are known", async () => records.length === 2);

  expect(settled).toEqual([{ tokensIn: 0, tokensOut: 0, microMoney: 2_000 }]);
  expect(records.map(({ status, outcome, microMoney }) => [status, outcome, microMoney])).toEqual([
    [499, "aborted", 2_000],
    [499, "aborted", 0],
  ]);
  expect(counts).toMatchObject({ taken: 2, ended: 2 });
});

test("rows stand in the metrics, judged by the deployment's SLO, and in the request log as others do", async () => {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const log = {
    ...silentLog,
    info: (message: string, fields: Readonly<Record<string, unknown>> = {}) => void lines.push({ message, ...fields }),
  };
  const telemetry = { otlpEndpoint: null, requestLog: { share: 1, logsBodies: false } };
  const more = { price, slo: { ttftMs: 60_000, tpotMs: 1 } };
  const { port } = await rowGateway([], answerRows, more, { telemetry, log });
  await askRows(port, rowsBody(5));
  await until("the request is logged", async () => lines.length === 1);
  const metrics = await metricsOf(port);

  expect(lines).toMatchObject([{ message: "request", operation: "infer", protocol: "v2", status: 200 }]);
  for (const line of [
    /^millwright_gateway_requests_total\{[^}]*"infer"[^}]*"flight-delay"[^}]*outcome="done"\} 1$/m,
    /^millwright_gateway_goodput_total\{[^}]*"flight-delay"[^}]*kept="true"\} 1$/m,
    /^millwright_gateway_cost_micros_total\{[^}]*"flight-delay"[^}]*\} 5000$/m,
    /^millwright_tenant_cost_micros_total\{[^}]*tenant="tester"\} 5000$/m,
    /^gen_ai_server_time_to_first_token_seconds_count\{[^}]*"flight-delay"[^}]*\} 1$/m,
  ]) {
    expect(metrics).toMatch(line);
  }
});

const callers = 200;
const atOnce = 16;

/** Answers after some turns of the loop, fails, breaks off or never answers; by chance. */
function moody(random: Random): (response: ServerResponse, rows: number) => void {
  return (response, rows) => {
    const mood = random.next();
    if (mood < 0.1) response.destroy();
    else if (mood < 0.2) response.writeHead(500).end("{}");
    else if (mood < 0.3) response.writeHead(200).end("no answer");
    else setTimeout(() => answerRows(response, rows), random.next() * 10);
  };
}

test("of two hundred callers that go away by chance each is settled once, and nothing that was reserved stays so", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const random = seededRandom(seed);
      const rules = [ruleOf("concurrency", atOnce), ruleOf("requests", 1_000_000), ruleOf("money", 1_000_000_000)];
      const { port, counts, records, uncounted } = await rowGateway(rules, moody(seededRandom(seed + 1)), { price });
      const leaveAfter = (): Promise<void> | undefined =>
        random.next() < 0.4 ? new Promise((resolve) => setTimeout(resolve, random.next() * 40)) : undefined;
      await Promise.all(Array.from({ length: callers }, () => askRows(port, rowsBody(1 + (seed & 3)), leaveAfter())));
      await until("every reservation has ended", async () => counts.taken === counts.ended);

      expect(counts.taken).toBeGreaterThan(0);
      expect(records).toHaveLength(counts.taken);
      expect(counts.mostAtOnce).toBeLessThanOrEqual(atOnce);
      // As many may be under way as at the beginning, unless something stayed reserved.
      const subject = { identity: "tester", project: "default", deployment: "flight-delay" };
      const ask = { subject, tokens: 0, microMoney: 0 };
      const again = Array.from({ length: atOnce + 1 }, async () => await uncounted.reserve(ask, systemClock.now()));
      const kinds = (await Promise.all(again)).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === "reserved")).toHaveLength(atOnce);
    }),
    { numRuns: 3 },
  );
});
