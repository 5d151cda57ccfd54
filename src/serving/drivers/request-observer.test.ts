import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { silentLog } from "../../platform/log.ts";
import { systemClock } from "../../platform/system.ts";
import { until } from "../../../test/until.ts";
import { startGatewayProcesses } from "../fixtures/gateway-processes.ts";
import { hello, openAiGateway } from "../fixtures/openai-gateway.ts";
import { fails, streams } from "../fixtures/stand-in-upstream.ts";
import type { RequestRecord } from "../gateway/observe/request-record.ts";
import { maxQueuedSpans, OtlpExporter } from "./otlp-exporter.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** A stand-in for an OpenTelemetry collector: keeps what it is sent, or refuses all of it. */
async function collector(status = 200) {
  const taken: { readonly path: string; readonly text: string }[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += String(chunk);
    });
    request.on("end", () => {
      taken.push({ path: request.url ?? "", text });
      response.writeHead(status).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { taken, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

test("metrics are read on the gateway's port from this machine, and with a key through a proxy", async () => {
  const { openai, upstream, port, records } = await openAiGateway({
    route: { slo: { ttftMs: 60_000, tpotMs: 60_000 } },
  });
  upstream.behave(streams("a", "b"));
  for await (const chunk of await openai.chat.completions.create({ ...hello, stream: true }))
    expect(chunk.id).toBeDefined();
  await until("the request is counted", async () => records.length === 1);
  const url = `http://127.0.0.1:${port}/metrics`;
  const here = await fetch(url);
  const text = await here.text();
  const proxied = await fetch(url, { headers: { "x-forwarded-for": "192.0.2.1" } });
  const keyed = await fetch(url, { headers: { "x-forwarded-for": "192.0.2.1", authorization: "Bearer good" } });

  expect(here.headers.get("content-type")).toContain("application/openmetrics-text");
  expect(text).toMatch(/millwright_gateway_requests_total\{[^}]*gen_ai_request_model="chat"[^}]*outcome="done"\} 1\n/);
  expect(text).toMatch(/millwright_gateway_goodput_total\{[^}]*kept="true"\} 1\n/);
  expect(text).toMatch(/gen_ai_client_token_usage_sum\{[^}]*gen_ai_token_type="output"\} 3\n/);
  expect(text).toContain('millwright_gateway_in_flight{gen_ai_request_model="chat",project="default"} 0\n');
  expect([proxied.status, keyed.status]).toEqual([401, 200]);
});

test("spans and metrics reach a collector, with the caller's trace and without its words", async () => {
  const { taken, endpoint } = await collector();
  const telemetry = { otlpEndpoint: endpoint, requestLog: { share: 0, logsBodies: false } };
  const { openai, upstream, stop } = await openAiGateway({ gateway: { telemetry } });
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const messages = [{ role: "user" as const, content: "my-secret-words" }];
  await openai.chat.completions.create({ ...hello, messages }, { headers: { traceparent } });
  upstream.behave(fails(400));
  await openai.chat.completions.create(hello).catch(() => undefined);
  await stop();
  const traces = taken
    .filter(({ path }) => path === "/v1/traces")
    .map(({ text }) => text)
    .join("\n");
  const metrics = taken
    .filter(({ path }) => path === "/v1/metrics")
    .map(({ text }) => text)
    .join("\n");

  expect(traces).toContain('"traceId":"4bf92f3577b34da6a3ce929d0e0e4736"');
  expect(traces).toContain('"parentSpanId":"00f067aa0ba902b7"');
  expect(traces).toContain('"stringValue":"e400"');
  expect(metrics).toContain('"name":"gen_ai.server.time_to_first_token"');
  expect(traces + metrics).not.toContain("my-secret-words");
});

test("each worker of a gateway has an instance id of its own, so that a collector keeps their counts apart", async () => {
  const { taken, endpoint } = await collector();
  const folder = await mkdtemp(join(tmpdir(), "gateway-otlp-"));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const telemetry = { otlpEndpoint: endpoint, requestLog: { share: 0, logsBodies: false } };
  const gateway = await startGatewayProcesses({ folder, workers: 2, telemetry });
  await gateway.stop();
  const metrics = taken.filter(({ path }) => path === "/v1/metrics");
  const instances = metrics.map(
    ({ text }) => /"service\.instance\.id","value":\{"stringValue":"([^"]+)"/.exec(text)?.[1],
  );

  expect(instances).toHaveLength(2);
  expect(new Set(instances).size).toBe(2);
  expect(instances).not.toContain(undefined);
});

test("a collector that takes nothing costs nothing but the spans, which are counted", async () => {
  const { endpoint } = await collector(503);
  const exporter = new OtlpExporter({
    endpoint,
    instance: "one",
    clock: systemClock,
    log: silentLog,
    families: () => [],
  });
  const record = { traceparent: null, startedAt: 0, durationMs: 1 } as RequestRecord;
  for (let span = 0; span < maxQueuedSpans + 10; span += 1) exporter.add(record);
  expect(exporter.dropped).toBe(10);
  await exporter.stop();

  expect(exporter.dropped).toBe(maxQueuedSpans + 10);
});
