import { dirname, join } from "node:path";
import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FreshDatabase, freshDatabase } from "../database.ts";
import { type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { until } from "../until.ts";
import { halfWritten, mountSmallDisk, type SmallDisk } from "../full-disk.ts";
import { messageOf, ProjectSession } from "./project-session.ts";
import { writeSmallFlights } from "./small-chain.ts";

const codeFolder = join(import.meta.dirname, "../fixtures/small-chain");
const diskMegabytes = 64;

let directory: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let database: FreshDatabase;
let disk: SmallDisk;
let server: ServerProcess;
const session = new ProjectSession(() => server, "default");

beforeAll(async () => {
  directory = await temporaryDataDirectory();
  database = await freshDatabase();
  disk = mountSmallDisk(directory.path, diskMegabytes);
  const flights = join(dirname(directory.path), "flights.parquet");
  await writeSmallFlights(flights);
  server = await startServerProcess({ dataDir: directory.path, cwd: "/", env: { DATABASE_URL: database.url } });
  await session.apply(
    { kind: "Pool", name: "local", spec: { role: "any", driver: "local" } },
    session.resource("Dataset", "flights", { source: { path: flights }, timestamp: "departs_at" }),
    session.resource("Dataset", "far", {}),
    session.resource("Model", "delay", {}),
  );
  await session.reached("datasets", "flights", "valid");
});

afterAll(async () => {
  await server.end("SIGKILL");
  disk.remove();
  await database.close();
  await directory.remove();
});

const pipeline = () =>
  session.resource("Pipeline", "keep-far", {
    inputs: { flights: "flights" },
    steps: [{ name: "far", output: "far", sql: "SELECT * FROM flights WHERE distance > 200" }],
  });

function job(name: string, spec: Readonly<Record<string, unknown>>): unknown {
  return session.resource("TrainingJob", name, {
    pool: "local",
    resources: { cpus: 0.25, memory: "256MB" },
    workdir: codeFolder,
    command: ["python3", "train.py"],
    trainingSet: {
      dataset: "flights",
      timestamp: "departs_at",
      from: "2001-01-08",
      to: "2001-02-12",
      columns: ["distance", "hour", "late"],
      label: "late",
    },
    ...spec,
  });
}

/** Begins a program: it goes on once a file is there. */
const waitForGate = [
  "import os, pathlib, time",
  "while not pathlib.Path(os.environ['GATE']).exists(): time.sleep(0.02)",
].join("\n");

const artifact = "api/2.0/mlflow-artifacts/artifacts/1/by-hand/artifacts/weights.bin";

async function upload(bytes: number): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`${server.controlUrl}/${artifact}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${server.key}`, "content-type": "application/octet-stream" },
    body: Buffer.alloc(bytes, 1),
  });
  return { status: answer.status, text: await answer.text() };
}

test("a full disk is told wherever it is met, leaves nothing half-written, and work goes on once there is room", async () => {
  disk.fill();
  await session.apply(pipeline(), job("learn", { model: "delay" }));

  const failed = await session.reached("pipelines", "keep-far", "failed", "succeeded");
  expect(failed).toMatchObject({ phase: "failed", conditions: [{ reason: "DiskFull" }] });
  expect(messageOf(failed)).toMatch(/no space is left .*; free some on that disk/);

  const waiting = await session.observed("training-jobs", "learn", (status) => messageOf(status).includes("no space"));
  expect(waiting.phase).toBe("pending");
  expect(messageOf(waiting)).toMatch(/waits: no space is left .*; free some on that disk/);

  for (const bytes of [10, 8_000_000]) {
    const refused = await upload(bytes);
    expect(refused.status).toBe(503);
    expect(JSON.parse(refused.text)).toEqual({
      error_code: "TEMPORARILY_UNAVAILABLE",
      message: expect.stringMatching(/no space is left to write .*weights\.bin; free some on that disk/),
    });
  }
  expect(await server.call("GET", "/api/v1/status")).toMatchObject({ status: 200 });
  expect(halfWritten(disk.path)).toEqual([]);

  disk.free();
  expect(await upload(8_000_000)).toMatchObject({ status: 200 });
  expect(await session.reached("training-jobs", "learn", "succeeded", "failed")).toMatchObject({ phase: "succeeded" });
  await session.reached("pipelines", "keep-far", "succeeded");
  expect(await session.reached("datasets", "far", "valid")).toMatchObject({ latestVersion: 1 });
  expect(await session.versions()).toMatchObject([{ model: "delay", state: "candidate" }]);
  expect(halfWritten(disk.path)).toEqual([]);
});

test("a program that finds no room fails its job with the disk's name", async () => {
  const gate = join(dirname(directory.path), "full");
  const program = [
    waitForGate,
    "pathlib.Path(os.environ['MILLWRIGHT_CHECKPOINT_DIR'], 'weights.bin').write_bytes(bytes(4_000_000))",
  ].join("\n");
  await session.apply(job("overfull", { command: ["python3", "-c", program], env: { GATE: gate } }));
  await session.reached("training-jobs", "overfull", "running");
  disk.fill();
  await writeFile(gate, "");

  const failed = await session.reached("training-jobs", "overfull", "failed", "succeeded");

  expect(failed.phase).toBe("failed");
  expect(messageOf(failed)).toMatch(/exited with code 1: .*no space is left on the disk of .*; free some/);
  expect(messageOf(failed)).toContain("millwright logs training-job/overfull");
  disk.free();
});

test("a job that gets its place on a full disk says so, and starts once there is room", async () => {
  const gate = join(dirname(directory.path), "leave");
  await session.apply(
    { kind: "Pool", name: "narrow", spec: { role: "any", driver: "local", limits: { cpus: 0.25, memory: "1GB" } } },
    job("first", { pool: "narrow", command: ["python3", "-c", waitForGate], env: { GATE: gate } }),
  );
  await session.reached("training-jobs", "first", "running");
  await session.apply(job("second", { pool: "narrow", model: "delay" }));
  await session.reached("training-jobs", "second", "queued");
  disk.fill();
  await writeFile(gate, "");

  const waiting = await session.observed("training-jobs", "second", (status) => messageOf(status).includes("no space"));
  expect(waiting.phase).toBe("queued");
  expect(messageOf(waiting)).toMatch(/starts on .*: waits: no space is left .*; free some on that disk/);
  disk.free();

  expect(await session.reached("training-jobs", "second", "succeeded", "failed")).toMatchObject({ phase: "succeeded" });
  expect(await session.status("training-jobs", "first")).toMatchObject({ phase: "succeeded" });
  const { items } = await session.read<{ readonly items: readonly { readonly attempt: number }[] }>("workloads");
  expect(items.map((item) => item.attempt)).toEqual(items.map(() => 1));
  expect(halfWritten(disk.path)).toEqual([]);
});

test("a server that starts on a full disk says so, and starts once there is room", async () => {
  await server.end("SIGTERM");
  disk.fill();
  const options = { dataDir: directory.path, cwd: "/", env: { DATABASE_URL: database.url } };
  await expect(startServerProcess(options)).rejects.toMatchObject({
    code: "platform.disk-full",
    message: expect.stringContaining("free some on that disk"),
  });
  disk.free();
  server = await startServerProcess(options);
  expect(await server.call("GET", "/api/v1/status")).toMatchObject({ status: 200 });
  expect(existsSync(join(directory.path, "ballast"))).toBe(false);
  expect((await readdir(directory.path)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  await until("every job kept its end", async () => {
    const { items } = await session.read<{ readonly items: readonly { readonly state: string }[] }>("workloads");
    return items.every((item) => item.state === "succeeded" || item.state === "failed");
  });
});
