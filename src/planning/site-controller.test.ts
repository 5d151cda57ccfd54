import { sql } from "kysely";
import { afterEach, expect, test } from "vitest";
import { until } from "../../test/until.ts";
import { gpus } from "../scheduling/fixtures/standing-platform.ts";
import { emptySums } from "../serving/gateway/traffic-tally.ts";
import { deploymentSpecSchema } from "../serving/model.ts";
import { planningPlatform, type PlanningPlatform } from "./fixtures/planning-platform.ts";

const minuteMs = 60_000;
/** The site is looked at some minutes apart: a clock that stood would let a look that had just been end the wait. */
const aWhileMs = 10_000;
const hourMs = 60 * minuteMs;

let site: PlanningPlatform;
afterEach(async () => {
  await site.close();
});

const openRows = async (kind: string) => {
  const { rows } = await sql<{ subject: string; likely: number; measured: number | null; excluded: string | null }>`
    select subject, likely, measured, excluded from planning_prediction where kind = ${kind} order by subject
  `.execute(site.live.platform.database);
  return rows;
};

/** Waits for predictions of a kind, while the clock goes on a little. */
const foreseen = async (kind: string, stepMs: number) =>
  await until(`${kind} is foreseen`, async () => {
    const rows = await openRows(kind);
    if (rows.length === 0) site.live.platform.clock.advance(stepMs);
    return rows.length === 0 ? undefined : rows;
  });

/** A training job's run that says what it trains and logs the time of its steps. */
async function trains(id: string, params: Readonly<Record<string, string>>): Promise<string> {
  const { live, tracking } = site;
  const { database } = live.platform;
  const runId = Buffer.from(id.padEnd(16, "0")).toString("hex");
  await sql`insert into resource (uid, kind, project, name, labels, spec, status, generation, version, created_at, updated_at)
    values (${runId}, 'TrainingJob', 'default', ${id}, '{}', '{}', ${JSON.stringify({ workloadId: id, runId })}::jsonb, 1, 1, 0, 0)`.execute(
    database,
  );
  const experimentId = await tracking.ensureExperiment("default", "runs");
  await tracking.ensureRun({ runId, project: "default", experimentId, name: id, tags: {} });
  await sql`update tracking_run set params = ${JSON.stringify(params)}::jsonb where run_id = ${runId}`.execute(
    database,
  );
  return runId;
}

async function logSteps(runId: string, key: string, values: readonly number[]): Promise<void> {
  for (const [step, value] of values.entries()) {
    await sql`insert into tracking_metric (run_id, key, step, measured_at, value)
      values (${runId}, ${key}, ${step}, ${step}, ${value})`.execute(site.live.platform.database);
  }
}

const trained = {
  "planning.model": "Llama-3.1-8B",
  "planning.sequenceTokens": "4096",
  "planning.globalSequences": "512",
};

test("the step of a run that says what it trains is foreseen, compared with what it logs, and corrects the next answer", async () => {
  site = await planningPlatform(8);
  const { live, app, found } = site;
  const factor = 1.5;
  for (const id of ["a", "b", "c"]) {
    const runId = await trains(id, trained);
    await live.submit(id, { resources: gpus(8, 8) });
    await live.reach(id, "running");
    const rows = await until(`the step of ${id} is foreseen`, async () => {
      const all = await openRows("step-time");
      return all.find(({ subject }) => subject === id);
    });
    // The first step warms up; the median does not see it.
    await logSteps(runId, "step_time_seconds", [90, ...Array.from({ length: 12 }, () => rows.likely * factor)]);
    await live.end(id);
  }
  const { group, words } = await found("step-time", (item) => item.n === 3);

  expect(group).toBe("H100-SXM megatron-core");
  expect(words).toContain("80 % of 3 predictions");
  const question = { model: "Llama-3.1-8B", accelerator: "H100", gpus: 8, sequenceTokens: 4096, globalSequences: 512 };
  const payload = { ...question, tokens: 1e11 };
  const reply = await app.inject({ method: "POST", url: "/api/v1/planning/size-training", payload });
  const { answer } = reply.json<{ answer: { step: { seconds: number }; errors: { words: string }[] } }>();
  const [row] = await openRows("step-time");
  // Three comparisons against a prior of ten: 1.5^(3/13).
  expect(answer.step.seconds / (row?.likely ?? 0)).toBeCloseTo(factor ** (3 / 13), 2);
  expect(answer.errors[0]?.words).toMatch(/^±.*; this site: ±\d.* % \(80 % of 3 predictions\), too few .*\(10\)$/);
});

test("tokens a second stand for steps, and a run that logs neither is counted with its reason", async () => {
  site = await planningPlatform(8);
  const { live, found } = site;
  for (const [id, logs] of [
    ["a", true],
    ["b", false],
  ] as const) {
    const runId = await trains(id, trained);
    await live.submit(id, { resources: gpus(8, 8) });
    await live.reach(id, "running");
    await until(`the step of ${id} is foreseen`, async () =>
      (await openRows("step-time")).some((row) => row.subject === id),
    );
    if (logs)
      await logSteps(
        runId,
        "tokens_per_second",
        Array.from({ length: 8 }, () => 4096 * 64),
      );
    await live.end(id);
  }
  const { n, excluded } = await found("step-time", (item) => item.n === 1 && Object.keys(item.excluded).length === 1);

  expect(n).toBe(1);
  expect(Object.keys(excluded)[0]).toMatch(/logged none of step_time_seconds/);
  expect((await openRows("step-time"))[0]?.measured).toBeCloseTo(8, 9);
});

/** Sums of one second of streams, as a gateway flushes them. */
async function serves(at: number, streams: number, ttftSeconds: number, tpotSeconds: number): Promise<void> {
  const window = {
    ...emptySums,
    project: "default",
    deployment: "chat",
    versionId: "v",
    version: "1",
    revision: 1,
    isBaseline: false,
    startsAt: at,
    requests: streams,
    ttftCount: streams,
    logTtftSum: streams * Math.log(ttftSeconds * 1000),
    tpotCount: streams,
    logTpotSum: streams * Math.log(tpotSeconds * 1000),
    tokenCount: streams,
    tokensInSum: streams * 1000,
    tokensOutSum: streams * 200,
    histogram: { 130: streams },
  };
  const sums = { shadows: [], predictions: [], dropped: 0, ejected: [] };
  await site.traffic.record({ gateway: "g", sequence: at, windows: [window], ...sums });
}

/** A deployment that says which model it serves has a replica. @returns when the next whole hour begins. */
async function chatRuns(): Promise<number> {
  const { live } = site;
  const spec = deploymentSpecSchema.parse({
    runtime: "process",
    pool: "training",
    process: { command: ["serve"], protocol: "openai" },
    resources: { gpus: 1 },
  });
  const labels = { "planning.model": "Llama-3.1-8B", "planning.engine": "vllm" };
  await live.platform.resources.apply("tester", { kind: "Deployment", project: "default", name: "chat", labels, spec });
  const owner = { kind: "Deployment", project: "default", name: "chat" };
  await live.submit("r0", { owner, purpose: "replica", resources: gpus(1) });
  await live.reach("r0", "running");
  return Math.ceil(live.platform.clock.now() / hourMs) * hourMs;
}

test("first token and token times of a deployment are foreseen by the hour under its load, and compared", async () => {
  site = await planningPlatform(8);
  const { foundLater, app } = site;
  const { clock } = site.live.platform;
  const hourAt = await chatRuns();
  await serves(hourAt - 10 * minuteMs, 100, 0.3, 0.02);
  clock.set(hourAt + 5 * minuteMs);
  const [foreseenToken] = await foreseen("tpot", aWhileMs);
  await serves(hourAt + 10 * minuteMs, 100, 0.3, 0.02);
  clock.set(hourAt + hourMs + 5 * minuteMs);
  const token = await foundLater("tpot", aWhileMs, (item) => item.n === 1);

  expect(foreseenToken?.likely).toBeGreaterThan(0.001);
  expect(token.group).toBe("H100-SXM vllm");
  expect((await openRows("tpot"))[0]?.measured).toBeCloseTo(0.02, 9);
  expect((await openRows("ttft"))[0]?.measured).toBeCloseTo(0.3, 9);
  const question = { model: "Llama-3.1-8B", accelerator: "H100", engine: "vllm", inputTokens: 1000, outputTokens: 200 };
  const reply = await app.inject({ method: "POST", url: "/api/v1/planning/size-inference", payload: question });
  const { answer } = reply.json<{ answer: { errors: { words: string }[]; assumptions: string[] } }>();
  expect(answer.errors[0]?.words).toMatch(/this site: ±\d.*the one prediction/);
  expect(answer.assumptions.join("\n")).toMatch(/the time of a token after it: \d\.\d+ times the shipped prediction/);
});

test("a deployment whose load became another one is not compared", async () => {
  site = await planningPlatform(8);
  const { foundLater } = site;
  const { clock } = site.live.platform;
  const hourAt = await chatRuns();
  await serves(hourAt - 10 * minuteMs, 2000, 0.3, 0.02);
  clock.set(hourAt + 5 * minuteMs);
  await foreseen("tpot", aWhileMs);
  await serves(hourAt + 10 * minuteMs, 40_000, 0.3, 0.02);
  clock.set(hourAt + hourMs + 5 * minuteMs);

  const { n, excluded } = await foundLater("tpot", aWhileMs, (item) => Object.keys(item.excluded).length > 0);
  expect(n).toBe(0);
  expect(excluded).toEqual({ "the load became another one": 1 });
});

test("watts that an exporter pushes are compared with the nameplate's share, and correct the next plan", async () => {
  site = await planningPlatform(8);
  const { live, app, foundLater } = site;
  const { clock } = live.platform;
  await live.submit("a", { resources: gpus(8, 8) });
  await live.reach("a", "running");
  clock.set(Math.ceil(clock.now() / hourMs) * hourMs + 3 * minuteMs);
  const push = async (text: string) =>
    await app.inject({
      method: "POST",
      url: "/api/v1/planning/telemetry",
      headers: { "content-type": "text/plain" },
      payload: text,
    });
  const text = '# HELP x\nnode_power_watts{node="n1"} 9300\nnode_power_watts{node="elsewhere"} 1\nup 1\n';
  const taken = await push(text);
  await push(text);
  await push(text);
  clock.advance(6 * minuteMs);
  const [watts] = await foreseen("power", aWhileMs);
  clock.advance(hourMs);
  const { group, factor } = await foundLater("power", aWhileMs, (item) => item.n === 1);

  expect(taken.json()).toEqual({ taken: 1, unknown: ["elsewhere"] });
  // A DGX H100's 10.2 kW at a busy share of 0.76.
  expect(watts?.likely).toBeCloseTo(10_200 * 0.76, 6);
  expect(group).toBe("H100-SXM server");
  expect(factor).toBeCloseTo((9300 / (10_200 * 0.76)) ** (1 / 11), 6);
  const payload = {
    name: "small",
    startMonth: "2026-12",
    fleet: { gpu: "H100" },
    demand: { stages: [{ stage: "training", gpus: 12 }] },
    simulation: { draws: 100 },
  };
  const reply = await app.inject({ method: "POST", url: "/api/v1/planning/plan", payload });
  const { answer } = reply.json<{ answer: { assumptions: { path: string; source: string }[] } }>();
  const share = answer.assumptions.find(({ path }) => path === "facility.busyShare");
  expect(share?.source).toMatch(/^this site: 1\.0\d times the shipped share, from 1 node-hours of H100-SXM server$/);
  expect((await push("node_power_watts 4\n")).statusCode).toBe(400);
  expect((await push('node_power_watts{node="n1"} NaN\n')).json()).toMatchObject({
    error: { message: expect.stringContaining("line 1: node_power_watts must be watts") },
  });
});

test("interruptions of a day are counted against GPU-hours, and the rate is shrunk toward the shipped one", async () => {
  site = await planningPlatform(8);
  const { live, foundLater } = site;
  const { clock, database } = live.platform;
  await foreseen("failures", 6 * minuteMs);
  await live.submit("a", { resources: gpus(8, 8) });
  await live.reach("a", "running");
  clock.advance(2 * hourMs);
  await live.end("a", 3);
  await sql`update task set outcome = outcome || '{"kind": "lost"}' where workload = 'a'`.execute(database);
  clock.advance(22 * hourMs + 10 * minuteMs);
  const rate = await foundLater("failures", 6 * minuteMs, (item) => item.n >= 1 && (item.interruptions ?? 0) > 0);

  expect(rate.group).toBe("H100-SXM");
  expect(rate.interruptions).toBe(1);
  expect(rate.gpuHours).toBeGreaterThanOrEqual(16);
  expect(rate.factor).toBeCloseTo(4 / (3 + (rate.gpuHours ?? 0) / 50_677), 2);
  expect(rate.isOwn).toBe(false);
});
