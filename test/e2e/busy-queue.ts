import { computeRoom } from "../../src/compute/room.ts";
import type { WorkloadRequest, Workloads } from "../../src/compute/ports.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { ReservationStatus } from "../../src/scheduling/reservations/model.ts";
import type { ServerProcess } from "../server-process.ts";
import { until } from "../until.ts";

/** Teams and projects, two pools that pretend to have GPUs, quotas with borrowing, and a reservation to come. */
function manifests(now: number): readonly unknown[] {
  const moment = (hours: number): string => new Date(now + hours * 3_600_000).toISOString().slice(0, 19) + "Z";
  return [
    { kind: "Team", name: "vision", spec: {} },
    { kind: "Team", name: "language", spec: {} },
    { kind: "Project", name: "maps", spec: { team: "vision" } },
    { kind: "Project", name: "faces", spec: { team: "vision" } },
    { kind: "Project", name: "chat", spec: { team: "language" } },
    { kind: "Pool", name: "h100", spec: { simulatedGpus: { model: "H100", count: 8 } } },
    { kind: "Pool", name: "a100", spec: { simulatedGpus: { model: "A100", count: 4 } } },
    {
      kind: "Quota",
      name: "vision",
      spec: { team: "vision", gpus: { H100: { nominal: 4, borrowingLimit: 3 } }, cpus: { nominal: 1 } },
    },
    {
      kind: "Quota",
      name: "language",
      spec: {
        team: "language",
        weight: 2,
        gpus: { H100: { nominal: 4, lendingLimit: 3 } },
        memory: { nominal: "4GB" },
      },
    },
    {
      kind: "Reservation",
      name: "course",
      spec: { pool: "a100", count: 1, start: moment(12), end: moment(16), queues: ["chat"], reason: "A course" },
    },
  ];
}

/** One workload: an ask of a project for GPUs of a pool. */
interface Ask {
  readonly name: string;
  readonly project: string;
  readonly pool: string;
  readonly gpus: number;
  readonly limitHours: number | null;
  readonly priority?: number;
}

/** Those that run, first, and those that wait for them. On `a100` all end before the reservation there begins. */
const running: readonly Ask[] = [
  { name: "segment-roads", project: "maps", pool: "h100", gpus: 4, limitHours: 3 },
  { name: "label-tiles", project: "maps", pool: "h100", gpus: 2, limitHours: 8 },
  { name: "answer-mail", project: "chat", pool: "h100", gpus: 1, limitHours: null },
  { name: "find-faces", project: "faces", pool: "a100", gpus: 2, limitHours: 9 },
  { name: "sort-faces", project: "faces", pool: "a100", gpus: 0.5, limitHours: 2 },
  { name: "embed-mail", project: "chat", pool: "a100", gpus: 0.25, limitHours: 4 },
];
const waiting: readonly Ask[] = [
  { name: "large-map", project: "maps", pool: "h100", gpus: 6, limitHours: 4 },
  { name: "small-map", project: "maps", pool: "h100", gpus: 2, limitHours: 1, priority: 20 },
  { name: "match-faces", project: "faces", pool: "a100", gpus: 4, limitHours: 2 },
  { name: "more-faces", project: "faces", pool: "h100", gpus: 3, limitHours: 2 },
  { name: "index-mail", project: "chat", pool: "a100", gpus: 2, limitHours: 3 },
];

function toRequest({ name, project, pool, gpus, limitHours, priority = 50 }: Ask): WorkloadRequest {
  return {
    id: `${project}.${name}`,
    project,
    owner: { kind: "TrainingJob", project, name },
    purpose: "training",
    pool,
    priority,
    resources: { cpus: 0.1, memory: 1e8, gpus, gpuModel: pool.toUpperCase() },
    command: {
      argv: ["/bin/sh", "-c", `echo ${name} begins; sleep 3600`],
      files: {},
      env: {},
      secretEnv: {},
      requirements: null,
      maxDurationMs: limitHours === null ? null : limitHours * 3_600_000,
      graceMs: 100,
    },
    maxRestarts: 0,
    isPreemptible: false,
  };
}

interface QueueItem {
  readonly id: string;
  readonly state: string;
  readonly reason: unknown;
  readonly plannedStart: unknown;
}

async function queueOf(server: ServerProcess): Promise<readonly QueueItem[]> {
  return ((await server.call("GET", "/api/v1/queue")).json as { items: readonly QueueItem[] }).items;
}

/**
 * Fills the queue of a server with shell workloads: some run, the others wait with a reason and a planned start.
 *
 * @param platform services on the server's own database: they submit what no manifest of the server could.
 */
export async function fillQueue(server: ServerProcess, platform: Platform, now: number): Promise<Workloads> {
  const applied = await server.call("POST", "/api/v1/apply", { manifests: manifests(now) });
  if (applied.status !== 200) throw new Error(`the manifests were refused: ${JSON.stringify(applied.json)}`);
  await until("the reservation has its node", async () => {
    const { json } = await server.call("GET", "/api/v1/reservations/course");
    return (json as { readonly status: ReservationStatus }).status.phase === "scheduled";
  });
  const { workloads } = computeRoom(platform, { hostEnvironment: {} });
  for (const ask of running) await workloads.submit(toRequest(ask));
  await until("the first workloads run", async () => {
    const items = await queueOf(server);
    return items.filter((each) => each.state === "running").length === running.length;
  });
  for (const ask of waiting) await workloads.submit(toRequest(ask));
  await until("the others wait with a reason, and those within their quota with a planned start", async () => {
    const items = (await queueOf(server)).filter((each) => each.state === "queued");
    const planned = items.filter((each) => each.plannedStart !== null);
    return items.length === waiting.length && items.every((each) => each.reason !== null) && planned.length >= 2;
  });
  return workloads;
}

/** Submits one more workload. */
export async function submitOne(workloads: Workloads, ask: Ask): Promise<void> {
  await workloads.submit(toRequest(ask));
}

/** Ends everything that `fillQueue` started. */
export async function emptyQueue(server: ServerProcess, workloads: Workloads): Promise<void> {
  for (const { id } of await queueOf(server)) await workloads.cancel(id, "tester", "the test is over");
  await until("nothing runs any more", async () => (await queueOf(server)).length === 0);
}
