import { existsSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freshPlatform, type FreshPlatform } from "../../test/platform.ts";
import { until } from "../../test/until.ts";
import { isFault } from "../base/fault.ts";
import { poolKind } from "../compute/model.ts";
import type { Workload, WorkloadRequest, WorkloadState } from "../compute/ports.ts";
import { type ComputeRoom, computeRoom } from "../compute/room.ts";
import { readEvents } from "../platform/event-log.ts";
import { createHttpServer } from "../platform/http-server.ts";
import type { Reconciler } from "../platform/reconciler.ts";
import { schedulingRoom } from "./room.ts";

const hostEnvironment = { PATH: process.env["PATH"], HOME: process.env["HOME"] };

/** Compute and scheduling as a server runs them: real PostgreSQL, real processes. */
interface Running {
  readonly compute: ComputeRoom;
  readonly reconciler: Reconciler;
  stop(): Promise<void>;
}

async function serve(platform: FreshPlatform): Promise<Running> {
  const compute = computeRoom(platform, { hostEnvironment });
  const scheduling = schedulingRoom(platform, { queue: compute.queue, workloads: compute.workloads });
  await compute.start?.(new AbortController().signal);
  const reconciler = await platform.run([...compute.controllers, ...scheduling.controllers]);
  return {
    compute,
    reconciler,
    async stop() {
      await reconciler.stop();
      await compute.stop?.();
    },
  };
}

function shell(
  id: string,
  script: string,
  changes: Partial<WorkloadRequest> = {},
  secretEnv: Record<string, string> = {},
): WorkloadRequest {
  return {
    id,
    project: "default",
    owner: { kind: "TrainingJob", project: "default", name: id },
    purpose: "training",
    pool: "training",
    priority: 50,
    resources: { cpus: 0.5, memory: 1e8, gpus: 0, gpuModel: null },
    command: {
      argv: ["/bin/sh", "-c", script],
      files: {},
      env: {},
      secretEnv,
      requirements: null,
      maxDurationMs: null,
      graceMs: 100,
    },
    maxRestarts: 0,
    ...changes,
  };
}

describe("workloads from the queue to their end", () => {
  let platform: FreshPlatform;
  let running: Running;

  beforeEach(async () => {
    platform = await freshPlatform();
    running = await serve(platform);
  });
  afterEach(async () => {
    for (const workload of await running.compute.workloads.list({ active: true }))
      await running.compute.workloads.cancel(workload.id, "tester", "the test is over");
    await until(
      "all workloads have ended",
      async () => (await running.compute.workloads.list({ active: true })).length === 0,
    );
    await running.stop();
    await platform.close();
  });

  const applyPool = async (spec: object = {}, name = "training"): Promise<void> => {
    await platform.resources.apply("tester", {
      kind: "Pool",
      name,
      spec: { role: "training", driver: "local", limits: {}, ...spec },
    });
    await until("the pool is ready", async () => (await poolOf(name))?.status.phase === "ready");
  };
  const poolOf = async (name: string) => await platform.resources.get(poolKind, null, name);
  const reach = async (id: string, ...states: readonly WorkloadState[]): Promise<Workload> =>
    await until(`${id} is ${states.join(" or ")}`, async () => {
      const workload = await running.compute.workloads.get(id);
      return workload !== undefined && states.includes(workload.state) ? workload : undefined;
    });
  const verbsOf = async (id: string): Promise<readonly string[]> =>
    (await readEvents(platform.database, { kind: "Workload", name: id, limit: 100, order: "oldest-first" })).map(
      (event) => event.verb,
    );

  test("runs a workload and records every change of its state", async () => {
    await applyPool();
    await running.compute.workloads.submit(shell("job-1", "echo hello"));
    const done = await reach("job-1", "succeeded");

    expect(done).toMatchObject({ attempt: 1, outcome: { kind: "exited", exitCode: 0 }, reason: null });
    expect(done.startedAt).not.toBeNull();
    expect(await verbsOf("job-1")).toEqual(expect.arrayContaining(["queued", "admitted", "starting", "succeeded"]));
  });

  test("takes the same submission as one workload", async () => {
    await applyPool();
    const counted = join(platform.dataDirectory, "count");
    const request = shell("job-1", `echo x >> ${counted}`);
    await Promise.all([running.compute.workloads.submit(request), running.compute.workloads.submit(request)]);
    await reach("job-1", "succeeded");
    await running.compute.workloads.submit(request);

    expect((await verbsOf("job-1")).filter((verb) => verb === "queued")).toHaveLength(1);
  });

  test("keeps secrets out of events and answers, and forgets them at the end", async () => {
    await applyPool();
    await running.compute.workloads.submit(
      shell("job-1", 'test "$TOKEN" = hush-hush && exit 4; exit 5', {}, { TOKEN: "hush-hush" }),
    );
    const done = await reach("job-1", "failed");
    const events = await readEvents(platform.database, { limit: 1000, order: "oldest-first" });

    expect(done.outcome?.exitCode).toBe(4);
    expect(JSON.stringify([done, events])).not.toContain("hush-hush");
    const rows = await platform.database
      .withTables<{ workload: { secret_env: unknown } }>()
      .selectFrom("workload")
      .select("secret_env")
      .execute();
    expect(rows).toEqual([{ secret_env: {} }]);
  });

  test("waits with a reason while there is no pool, and starts once there is one", async () => {
    await running.compute.workloads.submit(shell("job-1", "true"));
    const waiting = await until(
      "it has a reason",
      async () => (await running.compute.workloads.get("job-1"))?.reason ?? undefined,
    );
    await applyPool();

    expect(waiting.code).toBe("no-such-pool");
    expect((await reach("job-1", "succeeded")).reason).toBeNull();
  });

  test("refuses what no node could ever run", async () => {
    await applyPool({ limits: { memory: "1GB" } });

    await expect(
      running.compute.workloads.submit(
        shell("job-1", "true", { resources: { cpus: 1, memory: 2e9, gpus: 0, gpuModel: null } }),
      ),
    ).rejects.toSatisfy((error) => isFault(error, "compute.request-impossible"));
    expect(await running.compute.workloads.get("job-1")).toBeUndefined();
  });

  test("promises a GPU to one workload at a time, simulated ones by that name", async () => {
    await applyPool({ simulatedGpus: { model: "H100", count: 2, memory: "80GB" } });
    const resources = { cpus: 0.1, memory: 1e8, gpus: 1, gpuModel: "H100" };
    for (const id of ["a", "b", "c"]) await running.compute.workloads.submit(shell(id, "sleep 1000", { resources }));
    const first = await reach("a", "running");
    const second = await reach("b", "running");
    const third = await until("c waits for a GPU", async () => {
      const { reason } = (await running.compute.workloads.get("c")) ?? {};
      return reason?.code === "insufficient-gpus" ? reason : undefined;
    });

    expect([first.gpuIndices, second.gpuIndices]).toEqual([[0], [1]]);
    expect(third.blockers.map((blocker) => blocker.id)).toEqual(["a"]);
    await running.compute.workloads.cancel("a", "tester", "make room");
    expect((await reach("c", "running")).gpuIndices).toEqual(first.gpuIndices);
    expect((await poolOf("training"))?.status).toMatchObject({
      gpuSummary: "2 × H100 (simulated)",
    });
  });

  test("cancels what waits and what runs", async () => {
    await applyPool({ limits: { cpus: 1 } });
    await running.compute.workloads.submit(
      shell("runs", "trap '' TERM; while :; do sleep 0.05; done", {
        resources: { cpus: 1, memory: 1e8, gpus: 0, gpuModel: null },
      }),
    );
    await reach("runs", "running");
    await running.compute.workloads.submit(shell("waits", "true"));
    await running.compute.workloads.cancel("waits", "ada", "not needed");
    await running.compute.workloads.cancel("runs", "ada", "wrong data");

    expect((await reach("waits", "cancelled")).outcome?.message).toBe("cancelled: not needed");
    expect((await reach("runs", "cancelled")).outcome?.message).toBe("cancelled: wrong data");
  });

  test("starts a killed task again as often as it may, then fails it", async () => {
    await applyPool();
    await running.compute.workloads.submit(shell("job-1", "kill -KILL $$", { maxRestarts: 1 }));
    const failed = await reach("job-1", "failed");

    expect(failed).toMatchObject({ attempt: 2, outcome: { kind: "signalled" } });
    expect((await verbsOf("job-1")).filter((verb) => verb === "queued")).toHaveLength(2);
  });

  test("goes on from what a task saved when it was told to make room", async () => {
    await platform.resources.apply("tester", { kind: "Team", name: "owners", spec: { description: "" } });
    await platform.resources.apply("tester", { kind: "Project", name: "default", spec: { team: "owners" } });
    await applyPool({ simulatedGpus: { model: "H100", count: 1, memory: "80GB" } });
    const checkpoints = await mkdtemp(join(platform.dataDirectory, "checkpoints-"));
    const saved = join(checkpoints, "step");
    const ready = join(platform.dataDirectory, "ready");
    const resources = { cpus: 0.1, memory: 1e8, gpus: 1, gpuModel: null };
    // The first start runs until it is told to stop, and saves how far it came; the next one begins there.
    const script = `test -e ${saved} && exit $(cat ${saved}); trap 'echo 7 > ${saved}; exit 1' TERM; touch ${ready}; sleep 1000 & wait`;
    const low = shell("low", script, { resources, priority: 10 });
    await running.compute.workloads.submit({
      ...low,
      command: { ...low.command, graceMs: 5_000, checkpointFolder: checkpoints },
    });
    await until("it would save its work", () => existsSync(ready));
    await running.compute.workloads.submit(shell("high", "true", { resources, priority: 90 }));
    await reach("high", "succeeded");
    const done = await reach("low", "failed");

    expect(done).toMatchObject({ attempt: 2, timesPreempted: 1, outcome: { kind: "exited", exitCode: 7 } });
    expect(done.checkpointAt).not.toBeNull();
    expect((await verbsOf("low")).filter((verb) => verb === "failed")).toHaveLength(1);
  });

  test("goes on with running workloads after the control plane was gone", async () => {
    await applyPool();
    const release = join(platform.dataDirectory, "release");
    await running.compute.workloads.submit(shell("job-1", `while [ ! -e ${release} ]; do sleep 0.02; done; exit 6`));
    await reach("job-1", "running");
    await running.stop();
    await writeFile(release, "");
    running = await serve(platform);

    expect(await reach("job-1", "failed")).toMatchObject({ attempt: 1, outcome: { kind: "exited", exitCode: 6 } });
  });

  test("fails a workload that cannot start, with the cause", async () => {
    await applyPool();
    const request = shell("job-1", "true");
    await running.compute.workloads.submit({
      ...request,
      command: { ...request.command, files: { data: "/no/such/file" } },
    });

    expect((await reach("job-1", "failed")).outcome).toMatchObject({
      kind: "start-failed",
      message: expect.stringContaining("/no/such/file"),
    });
  });

  test("runs the members of a gang side by side on one machine, each with its rank and its GPU", async () => {
    await applyPool({ simulatedGpus: { model: "H100", count: 2 } });
    const resources = { cpus: 0.5, memory: 1e8, gpus: 1, gpuModel: null };
    const script = 'echo "$RANK of $WORLD_SIZE on GPU $MILLWRIGHT_SIMULATED_GPUS"';
    await running.compute.workloads.submit(shell("gang", script, { members: { min: 2, max: 2 }, resources }));
    await reach("gang", "succeeded");

    const log = await readFile(join(platform.dataDirectory, "tasks", "gang", "1", "stdout.log"), "utf8");
    expect(log.trim().split("\n").toSorted()).toEqual(["0 of 2 on GPU 0", "1 of 2 on GPU 1"]);
  });

  test("lets a deleted pool go once its last workload has ended", async () => {
    await applyPool();
    await running.compute.workloads.submit(shell("job-1", "sleep 1000"));
    await reach("job-1", "running");
    await platform.resources.requestDeletion("tester", { kind: "Pool", project: null, name: "training" });
    await running.compute.workloads.submit(shell("job-2", "true"));
    await until(
      "job-2 hears that the pool drains",
      async () => (await running.compute.workloads.get("job-2"))?.reason?.code === "pool-draining",
    );
    await running.compute.workloads.cancel("job-1", "tester", "done");
    await reach("job-1", "cancelled");
    platform.clock.advance(10_000);

    const gone = await until("the pool is gone", async () => (await poolOf("training")) === undefined);
    expect(gone).toBe(true);
  });

  test("answers over HTTP: the queue with reasons and pools, why, logs to the end with the exit code", async () => {
    await applyPool({ limits: { cpus: 1 } });
    const { compute } = running;
    const scheduling = schedulingRoom(platform, { queue: compute.queue, workloads: compute.workloads });
    const server = createHttpServer({
      routes: [...compute.routes, ...scheduling.routes],
      gatekeeper: platform.gatekeeper,
      log: platform.log,
      newId: platform.newId,
      defaultProject: "default",
    });
    const base = await server.listen({ port: 0, host: "127.0.0.1" });
    const release = join(platform.dataDirectory, "release");
    const resources = { cpus: 1, memory: 1e8, gpus: 0, gpuModel: null };
    await compute.workloads.submit(
      shell("first", `echo one; while [ ! -e ${release} ]; do sleep 0.02; done; echo two; echo three >&2; exit 9`, {
        resources,
      }),
    );
    await reach("first", "running");
    await compute.workloads.submit(shell("second", "true", { resources }));
    await until(
      "second has a reason",
      async () => (await compute.workloads.get("second"))?.reason?.code === "insufficient-cpus",
    );
    const get = async (path: string): Promise<unknown> => await (await fetch(`${base}${path}`)).json();

    expect(await get("/api/v1/queue")).toMatchObject({
      items: [
        { id: "second", position: 1, reason: { code: "insufficient-cpus", blockers: [{ id: "first" }] } },
        { id: "first", position: null, state: "running" },
      ],
      pools: [{ name: "training", simulated: false, total: { cpus: 1 }, used: { cpus: 1 }, waiting: 1 }],
    });
    expect(await get("/api/v1/projects/default/workloads/second/why")).toMatchObject({
      state: "queued",
      position: 1,
      reason: { changes: ["wait for TrainingJob/first"] },
    });
    expect(await get("/api/v1/projects/other/workloads/second/why")).toMatchObject({
      error: { code: "compute.workload-missing" },
    });
    expect(await get("/api/v1/projects/default/workloads?owner=TrainingJob/first")).toMatchObject({
      items: [{ id: "first" }],
    });
    const follow = await fetch(`${base}/api/v1/projects/default/workloads/first/logs?follow=true`);
    await writeFile(release, "");
    expect((await follow.text()).trim().split("\n").toSorted()).toEqual(["one", "three", "two"]);
    await reach("second", "succeeded");
    const after = await fetch(`${base}/api/v1/projects/default/workloads/first/logs?stream=stdout&tail=1`);
    expect(after.headers.get("x-millwright-exit-code")).toBe("9");
    expect(await after.text()).toBe("two\n");
    expect(existsSync(join(platform.dataDirectory, "tasks", "first", "1", "work"))).toBe(true);
    await server.close();
  });
});
