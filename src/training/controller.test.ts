import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FreshPlatform, freshPlatform } from "../../test/platform.ts";
import { until } from "../../test/until.ts";
import { readEvents } from "../platform/event-log.ts";
import type { Reconciler } from "../platform/reconciler.ts";
import { modelKind } from "../registry/model.ts";
import { trackingRoom } from "../tracking/room.ts";
import { FakeRooms } from "./fixtures/fake-rooms.ts";
import { trainingJobKind, trainingJobSpecSchema } from "./model.ts";
import { trainingRoom } from "./room.ts";

const project = "default";
let platform: FreshPlatform;
let rooms: FakeRooms;
let reconciler: Reconciler;
let workdir: string;
let cancel: (name: string) => Promise<unknown>;

beforeAll(async () => {
  platform = await freshPlatform();
  rooms = new FakeRooms(trackingRoom(platform).tracking, platform.objects);
  const room = trainingRoom(platform, rooms.needs());
  reconciler = await platform.run(room.controllers);
  workdir = join(platform.dataDirectory, "work");
  await mkdir(workdir);
  await writeFile(join(workdir, "train.py"), "print('trains')");
  await writeFile(join(workdir, "requirements.txt"), "mlflow==3.17.2\n# nothing else\n");
  await platform.resources.apply("ada", { kind: "Model", project, name: "late", spec: modelKind.spec.parse({}) });
  cancel = async (name) =>
    await room.routes[0]?.handler({
      params: { project, name },
      body: { reason: "" },
      caller: { identity: "grace", project: null },
    } as never);
});
afterAll(async () => await platform.close());

const trainingSet = {
  dataset: "rows",
  timestamp: "at",
  from: "2001-02-01",
  to: "2001-04-01",
  columns: ["hour", "late"],
  label: "late",
};
const specOf = (change: object = {}) =>
  trainingJobSpecSchema.parse({
    pool: "training",
    workdir,
    command: ["python", "train.py"],
    requirements: "requirements.txt",
    model: "late",
    trainingSet,
    ...change,
  });
const apply = async (name: string, change: object = {}, actor = "ada") =>
  await platform.resources.apply(actor, { kind: "TrainingJob", project, name, spec: specOf(change) });

/** The job once it is in the phase; time passes meanwhile. */
const inPhase = async (name: string, phase: string, generation = 1) =>
  await until(`${name} is ${phase}`, async () => {
    platform.clock.advance(500);
    reconciler.notify();
    const job = await platform.resources.get(trainingJobKind, project, name);
    return job?.status.phase === phase && job.status.generation === generation ? job.status : undefined;
  });

const follow = async (workloadId: string | null, state: "running" | "succeeded" | "failed") => {
  await rooms.setState(workloadId ?? "", state);
  await platform.waker.wake("training-job", `${project}/TrainingJob/${(workloadId ?? "").split(".")[1]}`);
};

test("takes a job from its spec to a candidate with its whole lineage", async () => {
  await apply("whole", { trainingSet: { ...trainingSet, maxRows: 500 }, resources: { memory: "4GB", cpus: 2 } });
  const queued = await inPhase("whole", "queued");
  const request = rooms.request(queued.workloadId ?? "");
  expect(request).toMatchObject({
    purpose: "training",
    pool: "training",
    resources: { cpus: 2, memory: 4e9, gpus: 0, gpuModel: null },
    command: {
      argv: ["python", "train.py"],
      requirements: ["mlflow==3.17.2"],
      secretEnv: { MLFLOW_TRACKING_TOKEN: expect.stringMatching(/^key-/) },
    },
  });
  expect(request.command.env).toMatchObject({
    MLFLOW_RUN_ID: queued.runId,
    MILLWRIGHT_FEATURES: '["hour","delay_1h"]',
    MILLWRIGHT_LABEL: "late",
  });
  expect(Object.keys(request.command.files)).toEqual(["requirements.txt", "train.py"]);
  expect(await readdir(request.command.env["MILLWRIGHT_CHECKPOINT_DIR"] ?? "")).toEqual([]);
  await follow(queued.workloadId, "running");
  expect(await inPhase("whole", "running")).toMatchObject({ message: "runs on here" });
  await rooms.logModel(queued.runId ?? "", { inputs: ["hour", "delay_1h"] });
  await follow(queued.workloadId, "succeeded");
  const done = await inPhase("whole", "succeeded");
  expect(rooms.candidates.get(done.candidateId ?? "")).toMatchObject({
    model: "late",
    inputs: ["hour", "delay_1h"],
    registeredBy: "controller:training-job",
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    lineage: {
      trainingJob: "whole",
      runId: queued.runId,
      startedBy: "user:ada",
      codeHash: queued.codeHash,
      datasets: ["rows@1"],
      trainingSet: { from: Date.UTC(2001, 1, 1), to: Date.UTC(2001, 3, 1), rows: 500 },
    },
  });
  expect(rooms.liveKeys()).toEqual([]);
  expect(JSON.stringify(await readEvents(platform.database, { limit: 1000, order: "oldest-first" }))).not.toContain(
    "key-",
  );
});

test("waits for what is missing, and says what that is", async () => {
  await apply("early", { model: "unborn" });
  const waiting = await until("the job says that it waits", async () => {
    const job = await platform.resources.get(trainingJobKind, project, "early");
    return job?.status.message.startsWith("waits: ") === true ? job.status : undefined;
  });
  expect(waiting).toMatchObject({ phase: "pending", message: expect.stringContaining("there is no model unborn") });
  await platform.resources.apply("ada", { kind: "Model", project, name: "unborn", spec: modelKind.spec.parse({}) });
  await inPhase("early", "queued");
});

test("a job whose program fails tells the cause, and its run has failed too", async () => {
  await apply("broken");
  const { workloadId, runId } = await inPhase("broken", "queued");
  await follow(workloadId, "failed");
  expect(await inPhase("broken", "failed")).toMatchObject({
    message: expect.stringContaining("exited with code 1: ValueError: no rows"),
  });
  expect((await rooms.tracking.run(runId ?? ""))?.status).toBe("FAILED");
  expect(rooms.liveKeys().filter((each) => each.includes(workloadId?.split(".")[2] ?? "?"))).toEqual([]);
});

test("a run that logged no model, or one with wrong inputs, registers nothing", async () => {
  await apply("silent");
  const first = await inPhase("silent", "queued");
  await follow(first.workloadId, "succeeded");
  expect(await inPhase("silent", "failed")).toMatchObject({
    message: expect.stringContaining("the run logged no model/model.onnx"),
  });
  await apply("wrong");
  const second = await inPhase("wrong", "queued");
  await rooms.logModel(second.runId ?? "", { inputs: ["colour"] });
  await follow(second.workloadId, "succeeded");
  expect(await inPhase("wrong", "failed")).toMatchObject({
    message: expect.stringContaining("colour"),
    candidateId: null,
  });
});

test("a cancelled job stops its workload and ends as cancelled", async () => {
  await apply("unwanted");
  const { workloadId, runId } = await inPhase("unwanted", "queued");
  await follow(workloadId, "running");
  await cancel("unwanted");
  expect(await inPhase("unwanted", "cancelled")).toMatchObject({ message: "cancelled by grace" });
  expect((await rooms.workloads.get(workloadId ?? ""))?.state).toBe("cancelled");
  expect((await rooms.tracking.run(runId ?? ""))?.status).toBe("KILLED");
});

test("a changed spec stops the old run and makes a new one; a deleted job stops and goes", async () => {
  await apply("changing");
  const first = await inPhase("changing", "queued");
  await apply("changing", { priority: 80 });
  const second = await inPhase("changing", "queued", 2);
  expect(second.runId).not.toBe(first.runId);
  expect((await rooms.workloads.get(first.workloadId ?? ""))?.state).toBe("cancelled");
  await platform.resources.requestDeletion("ada", { kind: "TrainingJob", project, name: "changing" });
  await until("the job is gone", async () => {
    platform.clock.advance(500);
    reconciler.notify();
    return (await platform.resources.get(trainingJobKind, project, "changing")) === undefined;
  });
  expect((await rooms.workloads.get(second.workloadId ?? ""))?.state).toBe("cancelled");
});

test("a person cannot hide behind startedBy", async () => {
  await apply("hidden", { startedBy: "drift-monitor:flights" });
  expect(await inPhase("hidden", "queued")).toMatchObject({ startedBy: "user:ada" });
  await apply("asked", { startedBy: "drift-monitor:flights" }, "controller:drift-monitor");
  expect(await inPhase("asked", "queued")).toMatchObject({ startedBy: "drift-monitor:flights" });
});

test("cut off before or after any of its effects, a job ends with one run, one workload and one candidate", async () => {
  rooms.finishAtOnce = true;
  await apply("count");
  await inPhase("count", "succeeded");
  const effects = rooms.countEffects("count");
  expect(effects).toBeGreaterThan(10);
  for (let at = 1; at <= effects; at += 1) {
    for (const moment of ["before", "after"] as const) {
      const name = `cut-${moment}-${at}`;
      rooms.cutAt(name, at, moment);
      await apply(name);
      const done = await inPhase(name, "succeeded");
      expect(rooms.made(name)).toEqual({ workloads: 1, runs: 1, candidates: 1, liveKeys: 0 });
      expect(rooms.candidates.has(done.candidateId ?? "")).toBe(true);
    }
  }
});
