import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { startGatewayProcesses, workerPids } from "../fixtures/gateway-processes.ts";
import { modelRoute } from "../fixtures/model-route.ts";
import { startStandInUpstream } from "../fixtures/stand-in-upstream.ts";
import { readGatewayState } from "./gateway-files.ts";
import { WholeMetrics } from "./whole-metrics.ts";

async function startGateway(workers: number) {
  const folder = await mkdtemp(join(tmpdir(), "gateway-metrics-"));
  const upstream = await startStandInUpstream();
  const control = await startGatewayProcesses({
    folder,
    workers,
    onMade: (made) =>
      onTestFinished(async () => {
        await made.stop();
        await upstream.stop();
        await rm(folder, { recursive: true, force: true });
      }),
  });
  await control.publish(modelRoute("chat", [{ address: { kind: "http", url: upstream.url } }]));
  return { folder, port: control.port };
}

function send(port: number, agent: Agent, path: string, body?: object): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const headers = { authorization: "Bearer good", "content-type": "application/json" };
    const sent = request({ host: "127.0.0.1", port, path, agent, method, headers }, (answer) => {
      let text = "";
      answer.on("data", (part) => (text += String(part)));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Requests over new connections, which go to the workers in turn. */
async function chat(port: number, requests: number): Promise<void> {
  const agent = new Agent({ keepAlive: false });
  const asked = { model: "chat", max_tokens: 3, messages: [{ role: "user", content: "hi" }] };
  for (let turn = 0; turn < requests; turn += 1) {
    expect((await send(port, agent, "/v1/chat/completions", asked)).status).toBe(200);
  }
}

async function scrape(port: number): Promise<(series: string) => number> {
  const { status, text } = await send(port, new Agent({ keepAlive: false }), "/metrics");
  expect(status).toBe(200);
  const lines = text.split("\n");
  return (series) => {
    const line = lines.find((each) => each.startsWith(series));
    return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(" ") + 1));
  };
}

const done = 'millwright_gateway_requests_total{gen_ai_operation_name="chat",gen_ai_provider_name="millwright"';
const answered = 'millwright_gateway_workers{state="answered"}';

async function countsOf(port: number) {
  const value = await scrape(port);
  return {
    requests: value(done),
    durations: value("gen_ai_server_request_duration_seconds_count"),
    answered: value(answered),
    late: value('millwright_gateway_workers{state="late"}'),
    ended: value("millwright_gateway_workers_ended_total"),
  };
}

test("whichever of three workers is asked, the page is the exact sum of all, also when one was killed and replaced", async () => {
  const { port, folder } = await startGateway(3);
  await chat(port, 30);
  const whole = { requests: 30, durations: 30, answered: 3, late: 0, ended: 0 };
  await expect.poll(() => countsOf(port)).toEqual(whole);
  for (let turn = 0; turn < 3; turn += 1) expect(await countsOf(port)).toEqual(whole);

  const before = await workerPids(folder);
  process.kill(before[0] ?? 0, "SIGKILL");
  await until("three workers tell", async () => {
    const { requests, answered: telling, ended } = await countsOf(port);
    expect(requests).toBe(30);
    return telling === 3 && ended === 1;
  });
  await chat(port, 6);
  await expect.poll(() => countsOf(port)).toEqual({ ...whole, requests: 36, durations: 36, ended: 1 });
});

test("workers that are replaced take nothing of what they counted with them", async () => {
  const { port, folder } = await startGateway(2);
  await chat(port, 10);
  // Nobody has asked them yet: they tell it at their end.
  process.kill(readGatewayState(folder)?.pid ?? 0, "SIGHUP");
  const wanted = { requests: 10, durations: 10, answered: 2, late: 0, ended: 2 };
  await expect.poll(() => countsOf(port)).toEqual(wanted);
});

test("a worker that does not answer is said to be late within a second or so, and what it told last counts on", async () => {
  const { port, folder } = await startGateway(2);
  await chat(port, 8);
  await expect.poll(async () => (await countsOf(port)).requests).toBe(8);
  const [stopped = 0] = await workerPids(folder);
  process.kill(stopped, "SIGSTOP");
  onTestFinished(() => void process.kill(stopped, "SIGCONT"));

  // Every second connection goes to the worker that is stopped, and waits there.
  const agent = new Agent({ keepAlive: false });
  const pages = [send(port, agent, "/metrics"), send(port, agent, "/metrics")];
  const { text } = await Promise.any(pages);
  process.kill(stopped, "SIGCONT");
  await Promise.all(pages);
  expect(text).toContain(`${answered} 1\n`);
  expect(text).toContain('millwright_gateway_workers{state="late"} 1\n');
  expect(/^millwright_gateway_requests_total\{.*outcome="done"\} (\d+)$/m.exec(text)?.[1]).toBe("8");
});

test("a worker whose host is gone answers no page instead of its own numbers alone", async () => {
  await expect(new WholeMetrics(() => false).gather()).rejects.toMatchObject({ code: "serving.gateway-unreachable" });
});
