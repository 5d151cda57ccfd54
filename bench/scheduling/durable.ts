/**
 * Kueue's load tests through the whole durable path: submitted to PostgreSQL (fsync on), scheduled by the live
 * controller, driven from state to state by the workload controller, with every event in the log and every GPU- and
 * CPU-second in the ledger. Only the tasks are not there: a stand-in says that each ran as long as the load says.
 *
 * `npm run bench:scheduling:durable -- [--load baseline] [--zero] [--count 15000] [--json]`
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { poolKind } from "../../src/compute/model.ts";
import type { ComputeNode, WorkloadRequest } from "../../src/compute/ports.ts";
import { type ComputeRoom, computeRoom } from "../../src/compute/room.ts";
import { type Database, openDatabase } from "../../src/platform/database.ts";
import { startEmbeddedPostgres } from "../../src/platform/embedded-postgres.ts";
import { eventChannel } from "../../src/platform/event-log.ts";
import { listen } from "../../src/platform/listener.ts";
import { jsonLog } from "../../src/platform/log.ts";
import { migrate } from "../../src/platform/migration.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { Reconciler } from "../../src/platform/reconciler.ts";
import { PostgresResourceStore, type ResourceStore } from "../../src/platform/resource-store.ts";
import { idsFrom, systemClock } from "../../src/platform/system.ts";
import { quotaKind } from "../../src/scheduling/model.ts";
import { schedulingRoom } from "../../src/scheduling/room.ts";
import { kinds } from "../../src/server/kinds.ts";
import { migrations } from "../../src/server/migrations.ts";
import type { TraceJob } from "../../src/scheduling/simulator/ports.ts";
import { StandInDriver } from "../../test/stand-in-driver.ts";
import { provenance } from "../provenance.ts";
import { chooseWords } from "./choose-words.ts";
import { type KueueLoad, kueueLoads, kueueWorkloads } from "./kueue-workloads.ts";
import { readOptions } from "../../tools/read-options.ts";

const pool = "main";
/** Submissions on their way at once: Kueue's runner has as many clients as queues. */
const submittersMax = 256;
const lookMs = 100;

const values = readOptions({
  load: { type: "string", default: "baseline" },
  zero: { type: "boolean", default: false },
  count: { type: "string", default: "1000000" },
  json: { type: "boolean", default: false },
});
const [loadName = "baseline"] = chooseWords("--load", values.load, kueueLoads);
const load = kueueWorkloads(loadName, values.zero ? 0 : 1);
const classes = new Map(load.jobs.map((job) => [idOf(job), load.classes.get(job.item.id) ?? ""]));
const jobs = load.jobs
  .toSorted((left, right) => left.item.submittedAt - right.item.submittedAt)
  .slice(0, Number(values.count));
const result = await withPlatform(load, measure);
process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : writeLines(result));
process.exit(0);

/** What is measured on. */
interface Running {
  readonly database: Database;
  readonly resources: ResourceStore;
  readonly compute: ComputeRoom;
}

async function withPlatform<Result>(given: KueueLoad, work: (running: Running) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "millwright-bench-"));
  await chmod(folder, 0o755);
  const log = jsonLog((line) => process.stderr.write(line), "warn");
  const server = await startEmbeddedPostgres({ folder: join(folder, "postgres"), log });
  const { database, close } = openDatabase(server.url, log);
  await migrate(database as never, migrations, systemClock);
  const newId = idsFrom(systemClock);
  const resources = new PostgresResourceStore(database, kinds, systemClock, newId);
  const waker = {
    wake: async (controller: string, key: string) => await reconciler.wake(controller, key),
  };
  const parts: Pick<Platform, "database" | "resources" | "clock" | "log" | "newId" | "dataDirectory" | "waker"> = {
    database,
    resources,
    clock: systemClock,
    log,
    newId,
    dataDirectory: folder,
    waker,
  };
  const platform = parts as Platform;
  const durations = new Map(given.jobs.map((job) => [idOf(job), job.durationMs]));
  const driver = new StandInDriver({
    nodes: given.nodes.map(toMachine),
    clock: systemClock,
    durationOf: ({ id }) => durations.get(id) ?? 0,
  });
  const compute = computeRoom(platform, { hostEnvironment: {}, driver });
  const scheduling = schedulingRoom(platform, { queue: compute.queue, workloads: compute.workloads });
  const controllers = [...compute.controllers, ...scheduling.controllers];
  const reconciler: Reconciler = new Reconciler(database, controllers, systemClock, log);
  await compute.start?.(new AbortController().signal);
  await reconciler.start();
  const listener = listen(server.url, eventChannel, () => reconciler.logGrew(), log);
  try {
    return await work({ database, resources, compute });
  } finally {
    await reconciler.stop();
    await listener.stop();
    await compute.stop?.();
    await close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function toMachine({ id, cpuMillis, memory }: KueueLoad["nodes"][number]): ComputeNode {
  return { name: id, cpus: cpuMillis / 1000, memory, gpus: [] };
}

/** Declares the load's cluster: cohorts as groups of quotas, queues as projects. */
async function declare({ resources }: Running): Promise<void> {
  const apply = async (kind: string, name: string, spec: unknown): Promise<unknown> =>
    await resources.apply("bench", { kind, name, spec });
  await apply("Team", "bench", { description: "" });
  const cohorts = load.quotas.filter((node) => load.quotas.some((other) => other.parent === node.id));
  for (const { id } of cohorts) await apply("Quota", id, quotaKind.spec.parse({}));
  const queues = load.quotas.filter((node) => !cohorts.includes(node));
  await Promise.all(
    queues.map(async ({ id, parent, resources: limits }) => {
      const { nominal = 0, borrowingLimit = null } = limits["cpu"] ?? {};
      const cpus = {
        nominal: nominal / 1000,
        ...(borrowingLimit === null ? {} : { borrowingLimit: borrowingLimit / 1000 }),
      };
      await apply("Project", id, { team: "bench", description: "" });
      await apply("Quota", id, quotaKind.spec.parse({ project: id, parent: parent ?? undefined, cpus }));
    }),
  );
  // The load's cluster is larger than its quotas, so that only these bind: what nobody was given is lent to nobody.
  const given = queues.reduce((sum, { resources: limits }) => sum + (limits["cpu"]?.nominal ?? 0), 0);
  const spare = (load.nodes.reduce((sum, node) => sum + node.cpuMillis, 0) - given) / 1000;
  await apply("Quota", "spare", quotaKind.spec.parse({ cpus: { nominal: spare, lendingLimit: 0 } }));
  const levels = load.pools[0]?.levels ?? [];
  const topology = { levels, nodes: Object.fromEntries(load.nodes.map(({ id, domains }) => [id, [...domains]])) };
  await apply("Pool", pool, poolKind.spec.parse(levels.length === 0 ? {} : { topology }));
  for (;;) {
    const found = await resources.get(poolKind, null, pool);
    if (found?.status.nodes.length === load.nodes.length) return;
    await pause(lookMs);
  }
}

/** A load's ids have slashes, which those of workloads may not have. */
function idOf({ item }: TraceJob): string {
  return item.id.replaceAll("/", ".");
}

function toRequest(job: TraceJob): WorkloadRequest {
  const { item } = job;
  const id = idOf(job);
  return {
    id,
    project: item.queue,
    owner: { kind: "TrainingJob", project: item.queue, name: id },
    purpose: "training",
    pool,
    priority: item.priority,
    resources: { cpus: item.shape.cpuMillis / 1000, memory: Math.max(1, item.shape.memory), gpus: 0, gpuModel: null },
    members: item.members,
    topology: item.topology,
    command: {
      argv: ["true"],
      files: {},
      env: {},
      secretEnv: {},
      requirements: null,
      maxDurationMs: item.limitMs,
      graceMs: 0,
    },
    maxRestarts: 0,
  };
}

interface Result {
  readonly load: string;
  readonly workloads: number;
  readonly submitSeconds: number;
  readonly makespanSeconds: number;
  readonly idealMakespanSeconds: number;
  readonly admissionsPerSecond: number;
  readonly preemptions: number;
  /** Mean milliseconds in which a place is held and nothing runs: until the start, and after the end. */
  readonly idleMs: { readonly beforeStart: number; readonly afterEnd: number };
  /** Mean seconds from creation to first admission, by class. */
  readonly admissionSeconds: Readonly<Record<string, number>>;
  /** Of this process: the control plane and the submitters, without PostgreSQL. */
  readonly cpuSeconds: number;
  readonly kueue: KueueLoad["published"];
  readonly provenance: readonly string[];
}

async function measure(running: Running): Promise<Result> {
  await declare(running);
  const startedAt = systemClock.now();
  await submitAll(running, startedAt);
  const submittedAt = systemClock.now();
  for (;;) {
    const { rows } = await sql<{ open: number; running: number }>`
      select count(*) filter (where ended_at is null)::int as open,
        count(*) filter (where state in ('admitted', 'starting', 'running'))::int as running from workload`.execute(
      running.database,
    );
    const open = rows[0]?.open ?? 0;
    process.stderr.write(
      `  ${((systemClock.now() - startedAt) / 1000).toFixed(1)} s: ${open} open, ${rows[0]?.running} placed\n`,
    );
    if (open === 0) break;
    await pause(10 * lookMs);
  }
  const { rows } = await sql<{
    id: string;
    queued_at: number;
    admitted_at: number;
    times_preempted: number;
    ended_at: number;
    started_at: number | null;
    task_ended_at: number;
  }>`
    select w.id, w.queued_at, t.admitted_at, w.times_preempted, w.ended_at, t.started_at, t.ended_at as task_ended_at
    from workload w join task t on t.workload = w.id and t.attempt = 1`.execute(running.database);
  const last = Math.max(...rows.map((row) => row.admitted_at));
  const byClass = Map.groupBy(rows, (row) => classes.get(row.id) ?? "");
  const mean = (list: readonly { queued_at: number; admitted_at: number }[]): number =>
    list.reduce((sum, row) => sum + row.admitted_at - row.queued_at, 0) / list.length / 1000;
  return {
    load: loadName,
    workloads: rows.length,
    submitSeconds: (submittedAt - startedAt) / 1000,
    makespanSeconds: (Math.max(...rows.map((row) => row.ended_at)) - startedAt) / 1000,
    idealMakespanSeconds: load.idealMakespanMs / 1000,
    admissionsPerSecond: (1000 * rows.length) / (last - startedAt),
    preemptions: rows.reduce((sum, row) => sum + row.times_preempted, 0),
    idleMs: {
      beforeStart: meanOf(rows.flatMap((row) => (row.started_at === null ? [] : [row.started_at - row.admitted_at]))),
      afterEnd: meanOf(rows.filter((row) => row.times_preempted === 0).map((row) => row.ended_at - row.task_ended_at)),
    },
    admissionSeconds: Object.fromEntries([...byClass].map(([name, list]) => [name, mean(list)])),
    cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
    kueue: load.published,
    provenance: provenance(),
  };
}

function meanOf(list: readonly number[]): number {
  return list.reduce((sum, each) => sum + each, 0) / list.length;
}

/** Submits each workload when the load says, or, with runtimes of zero, as fast as they are taken. */
async function submitAll({ compute }: Running, startedAt: number): Promise<void> {
  const underWay = new Set<Promise<unknown>>();
  for (const job of jobs) {
    const due = values.zero ? 0 : startedAt + job.item.submittedAt - systemClock.now();
    if (due > 1) await pause(due);
    while (underWay.size >= submittersMax) await Promise.race(underWay);
    const sent: Promise<unknown> = compute.workloads.submit(toRequest(job)).finally(() => underWay.delete(sent));
    underWay.add(sent);
  }
  await Promise.all(underWay);
}

function writeLines(measured: Result): string {
  const { load: name, workloads, admissionsPerSecond, makespanSeconds, idealMakespanSeconds, preemptions } = measured;
  const classes = Object.entries(measured.admissionSeconds).map(
    ([each, seconds]) =>
      `  ${each}: ${seconds.toFixed(2)} s to admission (Kueue ${measured.kueue.admissionSeconds[each]} s)`,
  );
  return [
    `${name}: ${workloads} workloads, ${admissionsPerSecond.toFixed(1)} admissions/s, ${preemptions} preemptions`,
    `  makespan ${makespanSeconds.toFixed(1)} s, ideal ${idealMakespanSeconds.toFixed(1)} s, Kueue ${measured.kueue.wallSeconds} s`,
    `  ${(workloads / measured.kueue.wallSeconds).toFixed(1)} admissions/s at Kueue, whose figures come from other machines, with its API server in the way`,
    `  ${measured.cpuSeconds.toFixed(1)} s of CPU of the control plane`,
    `  places idle ${measured.idleMs.beforeStart.toFixed(0)} ms before the start and ${measured.idleMs.afterEnd.toFixed(0)} ms after the end`,
    ...classes,
    ...measured.provenance.map((line) => `  ${line}`),
    "",
  ].join("\n");
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
