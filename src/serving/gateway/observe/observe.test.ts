import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../base/random.ts";
import { LabelLimit, otherLabel } from "./label-limit.ts";
import { Histogram, mergeFamilies } from "./metric-family.ts";
import { toOpenMetrics } from "./open-metrics.ts";
import { toOtlpMetrics, toOtlpSpans } from "./otlp-json.ts";
import { redact, toLogFields } from "./request-log.ts";
import { labelsMax, RequestMetrics } from "./request-metrics.ts";
import { keepsSlo, type RequestRecord } from "./request-record.ts";
import { parseTraceParent } from "./trace-parent.ts";

const plain: RequestRecord = {
  requestId: "r",
  operation: "chat",
  protocol: "openai",
  refused: null,
  project: "default",
  identity: "ada",
  deployment: "chat",
  servedBy: "chat",
  version: "1",
  isStream: true,
  outcome: "done",
  status: 200,
  errorCode: null,
  startedAt: 1_000,
  queueMs: 5,
  heldMs: null,
  ttftMs: 100,
  durationMs: 600,
  tokensIn: 7,
  tokensOut: 11,
  tokensCached: 2,
  microMoney: 30,
  retries: 1,
  isGood: true,
  traceparent: null,
};

test("a request is counted once in every metric, as OpenMetrics text", () => {
  const metrics = new RequestMetrics();
  metrics.record(plain);
  metrics.record({ ...plain, outcome: "failed", errorCode: 'a"b\n', isGood: false });
  const text = toOpenMetrics(metrics.families([{ project: "default", deployment: "chat", underWay: 3, waiting: 1 }]));
  const labels =
    'gen_ai_operation_name="chat",gen_ai_provider_name="millwright",gen_ai_request_model="chat",project="default"';

  expect(text).toContain(`millwright_gateway_requests_total{${labels},outcome="done"} 1\n`);
  expect(text).toContain(`millwright_gateway_errors_total{${labels},error_type="a\\"b\\n"} 1\n`);
  expect(text).toContain(`gen_ai_server_request_duration_seconds_bucket{${labels},le="0.64"} 2\n`);
  expect(text).toContain(`gen_ai_server_time_per_output_token_seconds_sum{${labels}} 0.1\n`);
  expect(text).toContain(`gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="output"} 22\n`);
  expect(text).toContain(`millwright_gateway_goodput_total{${labels},kept="true"} 1\n`);
  expect(text).toContain('millwright_tenant_cost_micros_total{project="default",tenant="ada"} 60\n');
  expect(text).toContain('millwright_gateway_in_flight{gen_ai_request_model="chat",project="default"} 3\n');
  expect(text.endsWith("\n# EOF\n")).toBe(true);
});

test("who was held until a first replica was ready is counted by how long, and nobody else", () => {
  const metrics = new RequestMetrics();
  metrics.record(plain);
  const before = toOpenMetrics(metrics.families([]));
  metrics.record({ ...plain, heldMs: 9_000 });
  const text = toOpenMetrics(metrics.families([]));

  expect(before).not.toContain("cold_start_duration_seconds_count");
  expect(text).toMatch(/millwright_gateway_cold_start_duration_seconds_bucket\{.*le="10"\} 1\n/);
  expect(text).toMatch(/millwright_gateway_cold_start_duration_seconds_sum\{.*\} 9\n/);
});

test("replicas with a bound have it shown, and those without have no series", () => {
  const replica = { project: "default", deployment: "chat", version: "1", requests: 1, tokens: 2, engine: null };
  const replicas = [
    { ...replica, replica: "a", capacity: 18 },
    { ...replica, replica: "b", capacity: null },
  ];
  const lines = toOpenMetrics(new RequestMetrics().families([], replicas)).split("\n");

  expect(lines.filter((line) => line.startsWith("millwright_gateway_replica_capacity{"))).toEqual([
    'millwright_gateway_replica_capacity{gen_ai_request_model="chat",project="default",replica="a"} 18',
  ]);
});

test("models and tenants beyond the limit share one series", () => {
  const metrics = new RequestMetrics();
  for (let index = 0; index < labelsMax + 50; index += 1) {
    metrics.record({ ...plain, deployment: `m${index}`, identity: `t${index}` });
  }
  const text = toOpenMetrics(metrics.families([]));

  expect(text.match(/_gateway_requests_total\{[^}]*outcome="done"/g)).toHaveLength(labelsMax + 1);
  expect(text).toContain('millwright_tenant_requests_total{project="other",tenant="other"} 50\n');
});

test("a label keeps the names that it knows for ever", () => {
  const limit = new LabelLimit(2);

  expect(["a", "b", "c", "a", "d"].map((each) => limit.of(each))).toEqual(["a", "b", otherLabel, "a", otherLabel]);
});

test("a histogram counts each value in the first bucket that holds it", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 20, noNaN: true })), (values) => {
      const bounds = [1, 2, 4, 8];
      const histogram = new Histogram(bounds);
      for (const value of values) histogram.record(value);
      const wanted = [...bounds, Number.POSITIVE_INFINITY].map(
        (bound, index) => values.filter((each) => each <= bound && each > (bounds[index - 1] ?? -1)).length,
      );

      expect(histogram.value().counts).toEqual(wanted);
    }),
  );
});

test("the metrics of several workers add up to those of one that served all", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2), fc.constantFrom("chat", "code"), fc.nat(5_000))), (requests) => {
      const one = new RequestMetrics();
      const workers = [new RequestMetrics(), new RequestMetrics(), new RequestMetrics()];
      for (const [worker, deployment, durationMs] of requests) {
        one.record({ ...plain, deployment, durationMs });
        workers[worker]?.record({ ...plain, deployment, durationMs });
      }
      const lines = (text: string) =>
        text
          .split("\n")
          .filter((line) => !line.includes("_sum{"))
          .sort();
      const merged = mergeFamilies(workers.map((worker) => worker.families([])));

      expect(lines(toOpenMetrics(merged))).toEqual(lines(toOpenMetrics(one.families([]))));
    }),
  );
});

describe("OTLP", () => {
  const source = { instance: "worker-1", startedAt: 0 };

  test("a span names its parent, its times in nanoseconds and its usage, and no words of the caller", () => {
    const span = { record: plain, traceId: "a".repeat(32), spanId: "b".repeat(16), parentSpanId: "c".repeat(16) };

    expect(toOtlpSpans([span], source)).toMatchObject({
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                {
                  parentSpanId: "c".repeat(16),
                  startTimeUnixNano: "1000000000",
                  endTimeUnixNano: "1600000000",
                  kind: 2,
                },
              ],
            },
          ],
        },
      ],
    });
  });

  test("a histogram has one count more than bounds, all as text", () => {
    const metrics = new RequestMetrics();
    metrics.record(plain);
    const text = JSON.stringify(toOtlpMetrics(metrics.families([]), source, 1));

    expect(text).toMatch(/"count":"1","sum":0\.6,"bucketCounts":\["0"/);
  });
});

test.each([
  [
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" },
  ],
  [`00-${"0".repeat(32)}-00f067aa0ba902b7-01`, null],
  ["mine", null],
  [null, null],
])("reads the traceparent %s", (header, wanted) => {
  expect(parseTraceParent(header)).toEqual(wanted);
});

test.each([
  [100, 500, 11, true],
  [300, 500, 11, false],
  [100, 5_000, 11, false],
  [100, 100, 1, true],
])("ttft %i ms, %i ms for %i tokens keeps the SLO: %s", (ttftMs, durationMs, tokensOut, kept) => {
  expect(keepsSlo({ outcome: "done", ttftMs, durationMs, tokensOut }, { ttftMs: 200, tpotMs: 50 })).toBe(kept);
});

describe("the request log", () => {
  const body = (): string => '{"key":"sk-abcdefgh12345678","mail":"ada@example.com","text":"hello"}';

  test("has the failures, and of the others the share, and no bodies unless they are wanted", () => {
    const random = seededRandom(7);
    const policy = { share: 0.1, logsBodies: false };
    const logged = Array.from({ length: 1_000 }, () => toLogFields(plain, policy, random, body));
    const chosen = logged.filter((fields) => fields !== null);

    expect(chosen.length).toBeGreaterThan(60);
    expect(chosen.length).toBeLessThan(140);
    expect(chosen[0]).not.toHaveProperty("body");
    expect(toLogFields({ ...plain, outcome: "failed" }, { share: 0, logsBodies: false }, random, body)).not.toBeNull();
  });

  test("hides keys and addresses in bodies", () => {
    expect(redact(body())).toBe('{"key":"[redacted]","mail":"[redacted]","text":"hello"}');
  });
});
