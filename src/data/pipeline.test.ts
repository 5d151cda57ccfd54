import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { applyPool, gateKeeper, type LocalQueue, livePlatform, openLocalQueue } from "../../test/local-queue.ts";
import type { FreshPlatform } from "../../test/platform.ts";
import { until } from "../../test/until.ts";
import type { Workload } from "../compute/ports.ts";
import { readEvents } from "../platform/event-log.ts";
import { datasetSpecSchema, pipelineKind, pipelineSpecSchema, type PipelineStatus, type StepStatus } from "./model.ts";
import { type DataRoom, dataRoom } from "./room.ts";

const project = "default";
const owner = { kind: "Pipeline", project, name: "prepare" };

let platform: FreshPlatform;
let queue: LocalQueue;
let room: DataRoom;
let folder: string;

beforeEach(async () => {
  platform = await livePlatform();
  queue = await openLocalQueue(platform);
  room = dataRoom(platform, queue);
  await room.start?.(new AbortController().signal);
  await platform.run([...room.controllers, ...queue.controllers]);
  folder = await mkdtemp(join(tmpdir(), "pipeline-test-"));
});

afterEach(async () => {
  await queue.stop();
  await room.stop?.();
  await platform.close();
  await rm(folder, { recursive: true, force: true });
});

async function applyPipeline(sqlBySteps: Readonly<Record<string, string>>, spec: object = {}): Promise<void> {
  const steps = Object.entries(sqlBySteps).map(([name, sql]) => ({ name, sql, output: name }));
  for (const { output } of steps) {
    const parsed = datasetSpecSchema.parse({});
    await platform.resources.apply("tester", { kind: "Dataset", project, name: output, spec: parsed });
  }
  const parsed = pipelineSpecSchema.parse({ steps, ...spec });
  await platform.resources.apply("tester", { kind: "Pipeline", project, name: owner.name, spec: parsed });
}

async function reached(what: string, isWanted: (status: PipelineStatus) => boolean): Promise<PipelineStatus> {
  let last: PipelineStatus | undefined;
  return await until(`the pipeline ${what}`, async () => {
    last = (await platform.resources.get(pipelineKind, project, owner.name))?.status;
    return last !== undefined && isWanted(last) && last;
  }).catch((cause: unknown) => {
    throw new Error(`the pipeline stayed ${JSON.stringify(last)}`, { cause });
  });
}

const isSettled = ({ phase }: PipelineStatus): boolean => phase === "succeeded" || phase === "failed";

async function workloadOf(step: StepStatus | undefined): Promise<Workload> {
  const workload = await queue.workloads.get(step?.workload ?? "none");
  if (workload === undefined) throw new Error(`step ${JSON.stringify(step)} names no workload`);
  return workload;
}

async function versionsOf(dataset: string): Promise<number> {
  return (await room.datasets.latest(project, dataset))?.version ?? 0;
}

/** Fills the only place until the gate opens. */
async function holdPlace(): Promise<{ open(): Promise<void> }> {
  const gate = join(folder, "gate");
  await queue.workloads.submit(gateKeeper("keeper", "local", gate));
  await until("the keeper runs", async () => (await queue.workloads.get("keeper"))?.state === "running");
  return { open: async () => await writeFile(gate, "") };
}

test("runs each step as a workload of the pipeline, and none for a step whose rows are there", async () => {
  await applyPool(platform, "local");
  await applyPipeline(
    { first: "SELECT 1 AS a", second: "SELECT 2 AS b" },
    { priority: 70, preemptible: false, resources: { cpus: 0.5, memory: "1GB", maxDuration: "5m" } },
  );
  const status = await reached("is settled", isSettled);

  expect(status.steps.map((step) => [step.state, step.rows, step.output])).toEqual([
    ["succeeded", 1, "first@1"],
    ["succeeded", 1, "second@1"],
  ]);
  expect(await workloadOf(status.steps[0])).toMatchObject({
    state: "succeeded",
    owner,
    purpose: "pipeline",
    pool: "local",
    priority: 70,
    isPreemptible: false,
    limitMs: 300_000,
    resources: { cpus: 0.5, memory: 1e9, gpus: 0 },
  });

  await applyPipeline({ first: "SELECT 1 AS a", second: "SELECT 3 AS b" });
  await reached("has made the second step again", ({ phase, steps }) => {
    return phase === "succeeded" && steps[1]?.output === "second@2";
  });
  expect(await queue.workloads.list({ owner })).toHaveLength(3);
  expect(await versionsOf("first")).toBe(1);
  expect(await readdir(join(platform.dataDirectory, "steps"))).toEqual([]);
});

test("queues the steps that find their pool full, says why, and runs them one after the other", async () => {
  await applyPool(platform, "local", { limits: { cpus: 1, memory: "4GB" } });
  const keeper = await holdPlace();
  await applyPipeline({ first: "SELECT 1 AS a", second: "SELECT 2 AS b" });

  const waiting = await reached("says why it waits", ({ steps }) => {
    const told = steps.filter((step) => step.state === "queued" && !step.message.startsWith("waits for a place"));
    return told.length === 2;
  });
  const [first, second] = [await workloadOf(waiting.steps[0]), await workloadOf(waiting.steps[1])];
  expect([first.state, second.state]).toEqual(["queued", "queued"]);
  expect(waiting.steps[0]?.message).toBe(first.reason?.sentence);
  expect(waiting).toMatchObject({ phase: "running", conditions: [{ reason: "Queued" }] });

  await keeper.open();
  const done = await reached("is settled", isSettled);
  expect(done.phase).toBe("succeeded");
  expect(done.steps.map((step) => step.workload)).toEqual([first.id, second.id]);
  const places = await readEvents(platform.database, { after: 0, limit: 1000, order: "oldest-first" });
  const comings = places.filter(({ subject, verb }) => {
    return subject.name.startsWith("step.") && (verb === "admitted" || verb === "succeeded");
  });
  expect(comings.map(({ verb }) => verb)).toEqual(["admitted", "succeeded", "admitted", "succeeded"]);
});

test("holds a step back while its project's quota is used up, in a pool that has room", async () => {
  await platform.resources.apply("tester", { kind: "Team", name: "owners", spec: { description: "" } });
  await platform.resources.apply("tester", { kind: "Project", name: project, spec: { team: "owners" } });
  const quota = { project, weight: 1, gpus: {}, others: {}, policies: {}, cpus: { nominal: 1, borrowingLimit: 0 } };
  await platform.resources.apply("tester", { kind: "Quota", name: project, spec: quota });
  await applyPool(platform, "local");
  const keeper = await holdPlace();
  await applyPipeline({ rows: "SELECT 1 AS a" });

  const waiting = await reached("is held back", ({ steps }) => {
    return steps[0]?.message.includes("queue project/default has 1 CPU, of which 1 CPU is used") === true;
  });
  expect(await workloadOf(waiting.steps[0])).toMatchObject({ state: "queued", reason: { code: "quota-in-use" } });

  await keeper.open();
  expect(await reached("is settled", isSettled)).toMatchObject({ phase: "succeeded" });
});

test("tells a wrong query with its place in the SQL, does not run it again, and runs the mended one", async () => {
  await applyPool(platform, "local");
  await applyPipeline({ rows: "SELECT 1 AS a,\n  nothere" });
  const failed = await reached("is settled", isSettled);

  expect(failed).toMatchObject({ phase: "failed", conditions: [{ reason: "QueryFailed" }] });
  expect(failed.steps[0]?.message).toMatch(/^line 2, column 3 of its SQL: .*Binder Error.*nothere/);
  expect((await workloadOf(failed.steps[0])).state).toBe("succeeded");
  await platform.waker.wake("pipeline", `${project}/Pipeline/${owner.name}`);
  await applyPipeline({ rows: "SELECT 1 AS a,\n  2 AS b" });
  expect(await reached("is well", ({ phase }) => phase === "succeeded")).toMatchObject({ steps: [{ rows: 1 }] });
  expect(await queue.workloads.list({ owner })).toHaveLength(2);
  expect(await versionsOf("rows")).toBe(1);
});

test("asks for a pool, and for a name where several fit, and goes on once it has one", async () => {
  await applyPipeline({ rows: "SELECT 1 AS a" });
  expect(await reached("misses a pool", ({ steps }) => steps.length > 0)).toMatchObject({
    phase: "pending",
    steps: [{ state: "waiting", workload: null }],
    conditions: [{ reason: "PoolMissing" }],
  });

  await applyPool(platform, "one");
  await applyPool(platform, "two");
  await applyPipeline({ rows: "SELECT 2 AS a" });
  const unclear = await reached("finds several", ({ conditions }) => conditions[0]?.reason === "PoolUnclear");
  expect(unclear.conditions[0]?.message).toContain("name one of one, two as spec.pool");

  await applyPipeline({ rows: "SELECT 2 AS a" }, { pool: "two" });
  const done = await reached("is settled", isSettled);
  expect((await workloadOf(done.steps[0])).pool).toBe("two");
});

test("stops a step whose SQL is another now, and the steps of a pipeline that is gone", async () => {
  await applyPool(platform, "local", { limits: { cpus: 1, memory: "4GB" } });
  const keeper = await holdPlace();
  await applyPipeline({ rows: "SELECT 1 AS a" });
  const before = await reached("has a workload", ({ steps }) => steps[0]?.state === "queued");
  await applyPipeline({ rows: "SELECT 2 AS a" });
  const after = await reached("has another one", ({ steps }) => {
    return steps[0]?.state === "queued" && steps[0].workload !== before.steps[0]?.workload;
  });
  const isCancelled = async (step: StepStatus | undefined) => (await workloadOf(step)).state === "cancelled";
  await until("the old workload is cancelled", async () => await isCancelled(before.steps[0]));

  await platform.resources.requestDeletion("tester", owner);
  await until("the new workload is cancelled", async () => await isCancelled(after.steps[0]));
  await keeper.open();
  expect(await versionsOf("rows")).toBe(0);
});

test("lets a step that waits follow its pipeline to another pool", async () => {
  await applyPool(platform, "local", { limits: { cpus: 1, memory: "4GB" } });
  const keeper = await holdPlace();
  await applyPipeline({ rows: "SELECT 1 AS a" });
  const before = await reached("has a workload", ({ steps }) => steps[0]?.state === "queued");

  await applyPool(platform, "other");
  await applyPipeline({ rows: "SELECT 1 AS a" }, { pool: "other" });
  const done = await reached("is settled", isSettled);

  expect((await workloadOf(done.steps[0])).pool).toBe("other");
  expect(await versionsOf("rows")).toBe(1);
  await until("the old one is cancelled", async () => (await workloadOf(before.steps[0])).state === "cancelled");
  await keeper.open();
});

test("says who cancelled a step, and runs it again when the pipeline's spec is another", async () => {
  await applyPool(platform, "local", { limits: { cpus: 1, memory: "4GB" } });
  const keeper = await holdPlace();
  await applyPipeline({ rows: "SELECT 1 AS a" });
  const waiting = await reached("has a workload", ({ steps }) => steps[0]?.state === "queued");
  await queue.workloads.cancel(waiting.steps[0]?.workload ?? "", "tester", "not today");
  const failed = await reached("is settled", isSettled);
  expect(failed).toMatchObject({ phase: "failed", conditions: [{ reason: "Cancelled" }] });
  expect(failed.steps[0]?.message).toContain("cancelled: not today");

  await keeper.open();
  await applyPipeline({ rows: "SELECT 1 AS a" }, { priority: 90 });
  expect(await reached("is well", ({ phase }) => phase === "succeeded")).toMatchObject({ steps: [{ rows: 1 }] });
});

test("starts a step again whose program was killed, and registers its rows once", async () => {
  await applyPool(platform, "local");
  // Long enough to be met alive; ends by itself.
  const rows = "SELECT count(*) AS pairs FROM range(60000) a, range(60000) b WHERE a.range % 7 = b.range % 11";
  await applyPipeline({ rows });
  const running = await reached("runs", ({ steps }) => steps[0]?.state === "running");
  const { id } = await workloadOf(running.steps[0]);
  const started = join(platform.dataDirectory, "tasks", id, "1", "started.json");
  await until("its program is known", () => existsSync(started));
  const task = JSON.parse(await readFile(started, "utf8")) as { readonly process: { readonly pid: number } };
  process.kill(task.process.pid, "SIGKILL");

  const done = await reached("is settled", isSettled);
  expect(done).toMatchObject({ phase: "succeeded", steps: [{ rows: 1, workload: id, output: "rows@1" }] });
  expect((await workloadOf(done.steps[0])).attempt).toBe(2);
  expect(await readdir(join(platform.dataDirectory, "datasets", project, "rows"))).toEqual([`${id}.parquet`]);
});
