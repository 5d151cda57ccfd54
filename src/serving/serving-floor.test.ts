import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../test/until.ts";
import type { Workload, WorkloadRequest } from "../compute/ports.ts";
import { openServing, type ServingPlatform } from "./fixtures/serving-platform.ts";

/*
 * A pool for serving lends what lies idle, but keeps a floor: a flood of training of the highest priority can take neither the floor
 * while it lies idle, nor the replicas that stand on it.
 */

let serving: ServingPlatform;

beforeEach(async () => {
  serving = await openServing();
  await serving.pool("serving", { role: "serving", floor: 2, simulatedGpus: { model: "H100", count: 4 } });
});

afterEach(async () => await serving.close());

/** One GPU for as long as it may have it, before everything else. */
function training(id: string): WorkloadRequest {
  return {
    id,
    project: "default",
    owner: { kind: "TrainingJob", project: "default", name: id },
    purpose: "training",
    pool: "serving",
    priority: 100,
    resources: { cpus: 0.1, memory: 1e8, gpus: 1, gpuModel: null },
    command: {
      argv: ["/bin/sleep", "3600"],
      files: {},
      env: {},
      secretEnv: {},
      requirements: null,
      maxDurationMs: null,
      graceMs: 100,
    },
    maxRestarts: 0,
  };
}

async function flood(prefix: string, count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  for (const id of ids) await serving.compute.workloads.submit(training(id));
  return ids;
}

async function states(ids: readonly string[]): Promise<readonly Workload[]> {
  const found = await Promise.all(ids.map(async (id) => await serving.compute.workloads.get(id)));
  return found.filter((workload) => workload !== undefined);
}

/** Waits until each has a place or a reason to wait: the scheduler has looked at all of them. */
async function decided(ids: readonly string[]): Promise<readonly Workload[]> {
  return await until("the scheduler has decided over each", async () => {
    const all = await states(ids);
    return all.every(({ state, reason }) => state === "running" || (state === "queued" && reason !== null)) && all;
  });
}

const deployment = { pool: "serving", replicas: 2, resources: { cpus: 0.1, memory: "512MiB", gpus: 1 } };

test("training takes what is idle above the floor and no more, so that a deployment starts at once and nobody is stopped", async () => {
  const ids = await flood("train", 6);
  const before = await decided(ids);
  await serving.deploy("chat", deployment);
  await serving.settled("chat", 2);
  const after = await decided(ids);

  expect(before.filter(({ state }) => state === "running")).toHaveLength(2);
  const reasons = before.flatMap(({ reason }) => (reason === null ? [] : [reason]));
  expect(new Set(reasons.map(({ code }) => code))).toEqual(new Set(["guest-room-in-use"]));
  expect(reasons[0]?.sentence).toMatch(/pool serving keeps 2 GPUs for serving/);
  expect(after.map(({ state, timesPreempted }) => [state, timesPreempted])).toEqual(
    before.map(({ state }) => [state, 0]),
  );
  expect((await serving.ask("chat")).status).toBe(200);
});

test("a flood after it cannot take the replicas, even where they may be preempted", async () => {
  await serving.deploy("chat", { ...deployment, priority: 1, preemptible: true });
  await serving.settled("chat", 2);
  const replicas = await serving.workloadsOf("chat");
  const flooded = await decided(await flood("train", 8));

  expect(flooded.filter(({ state }) => state === "running")).toHaveLength(2);
  expect(
    (await serving.workloadsOf("chat")).map(({ id, state, timesPreempted, attempt }) => [
      id,
      state,
      timesPreempted,
      attempt,
    ]),
  ).toEqual(replicas.map(({ id }) => [id, "running", 0, 1]));
  expect((await serving.ask("chat")).status).toBe(200);
});

test("what training borrowed above the floor it gives back to a deployment that grows", async () => {
  await serving.deploy("chat", deployment);
  await serving.settled("chat", 2);
  const ids = await flood("train", 4);
  await decided(ids);
  await serving.deploy("chat", { ...deployment, replicas: 4 });
  await serving.settled("chat", 4);

  expect((await states(ids)).filter(({ state }) => state === "running")).toEqual([]);
});
