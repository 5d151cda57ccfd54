import { spawn } from "node:child_process";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshPlatform, type FreshPlatform } from "../../test/platform.ts";
import { until } from "../../test/until.ts";
import { workloadFrom } from "../../test/workload-values.ts";
import type { Workload, WorkloadRequest, Workloads } from "../compute/ports.ts";
import type { TrainingSetRequest, TrainingSets } from "../features/ports.ts";
import { RegistryStore } from "../registry/store.ts";
import { evaluationKind } from "./model.ts";
import { evaluationRoom, type EvaluationRoom } from "./room.ts";

const fixtures = fileURLToPath(new URL("fixtures", import.meta.url));
const day = 86_400_000;
const tickMs = 50;
const trainingEnd = Date.UTC(2001, 3, 1);

let platform: FreshPlatform;
let registry: RegistryStore;
let room: EvaluationRoom;
const built: TrainingSetRequest[] = [];
const runs = new Map<string, Workload>();

/** Runs each workload as a process of its own, as the local driver does. */
const workloads: Workloads = {
  async submit(request) {
    const known = runs.get(request.id);
    if (known !== undefined) return known;
    const workload = toWorkload(request, "running");
    runs.set(request.id, workload);
    const folder = join(platform.dataDirectory, "tasks", request.id);
    await mkdir(folder, { recursive: true });
    for (const [name, path] of Object.entries(request.command.files)) await copyFile(path, join(folder, name));
    const [program = "", ...given] = request.command.argv;
    spawn(program, given, { cwd: folder, stdio: "ignore" }).on("exit", (exitCode) => {
      const message = `the program ended with ${exitCode}`;
      const outcome = { kind: "exited", exitCode, message } as const;
      runs.set(request.id, { ...toWorkload(request, exitCode === 0 ? "succeeded" : "failed"), outcome, endedAt: 1 });
    });
    return workload;
  },
  get: async (id) => runs.get(id),
  list: async () => [...runs.values()],
  cancel: async () => undefined,
  checkpoint: async () => undefined,
  taskFolder: async (id) => join(platform.dataDirectory, "tasks", id),
};

function toWorkload({ command: _command, ...request }: WorkloadRequest, state: Workload["state"]): Workload {
  return workloadFrom(request, { state, phase: state, node: "here", startedAt: 0 });
}

/** Two files: rows whose label is drawn with the probability sigmoid(risk), and the training window's labels. */
const trainingSets: TrainingSets = {
  async build(request) {
    built.push(request);
    const name = request.featureViews.length === 0 ? "training" : "evaluation";
    const path = join(platform.dataDirectory, `${name}.parquet`);
    return { id: name, path, rows: 5000, fingerprint: "f", madeFrom: ["flights@1"], featureColumns: ["risk", "noise"] };
  },
};

async function writeRows(): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  await connection.run("SELECT setseed(0.5)");
  await connection.run(`CREATE TABLE drawn AS
    SELECT 6 * random() - 3 AS risk, 8 * random() - 4 AS noise, random() AS luck, i FROM range(5000) AS t(i)`);
  await connection.run(`CREATE TABLE labelled AS
    SELECT risk, noise, (luck < 1 / (1 + exp(-risk)))::TINYINT AS late, chr(65 + (i % 3)::INTEGER) AS origin,
      make_timestamp(${trainingEnd * 1000} + i * 500000000) AS date FROM drawn`);
  for (const name of ["evaluation", "training"]) {
    await connection.run(`COPY labelled TO '${join(platform.dataDirectory, `${name}.parquet`)}' (FORMAT parquet)`);
  }
  instance.closeSync();
}

const lineage = {
  trainingJob: "train",
  runId: "r",
  workload: "w",
  codeHash: "c",
  trainingSet: { id: "s", fingerprint: "f", rows: 5000, from: trainingEnd - 59 * day, to: trainingEnd },
  datasets: ["flights@1"],
  featureViews: ["origin-delay"],
  startedBy: "user:ada",
};

async function candidate(id: string, file: string): Promise<void> {
  const objectKey = `models/${id}.onnx`;
  await platform.objects.put(objectKey, await readFile(join(fixtures, file)));
  await registry.register({
    id,
    project: "default",
    model: "delay",
    objectKey,
    sha256: id,
    inputs: ["risk", "noise"],
    lineage,
    registeredBy: "controller:training",
  });
}

async function judged(id: string): Promise<string> {
  return await until(`${id} has its verdict`, async () => {
    const state = (await registry.get(id))?.state;
    return state !== undefined && state !== "candidate" && state;
  });
}

beforeAll(async () => {
  platform = await freshPlatform();
  registry = new RegistryStore(platform.database as never, platform.clock);
  room = evaluationRoom({ ...platform, clock: { now: () => Date.now() } }, { registry, trainingSets, workloads });
  await writeRows();
  await platform.resources.apply("ada", {
    kind: "Evaluation",
    project: "default",
    name: "delay-gate",
    spec: evaluationKind.spec.parse({
      model: "delay",
      pool: "local",
      data: {
        dataset: "flights",
        timestamp: "date",
        label: "late",
        columns: ["origin"],
        featureViews: ["origin-delay"],
        window: { length: "30d" },
      },
      baseline: { groupBy: ["origin"] },
      bootstrap: { block: "1d" },
      gate: [
        { metric: "auc", against: "baseline", betterBy: 0.1 },
        { metric: "brier", against: "champion", notWorseBy: 0.002 },
      ],
    }),
  });
  const reconciler = await platform.run(room.controllers);
  const ticking = setInterval(() => {
    platform.clock.advance(tickMs);
    reconciler.notify();
  }, tickMs);
  return () => clearInterval(ticking);
});
afterAll(async () => await platform.close());

describe("an evaluation", () => {
  test("judges a candidate by itself on the window after its training, against the baseline", async () => {
    await candidate("good", "good.onnx");

    expect(await judged("good")).toBe("passed");
    expect(built[0]).toMatchObject({ from: trainingEnd, to: trainingEnd + 30 * day, featureViews: ["origin-delay"] });
    const [report] = await room.reports.ofVersion("default", "good");
    expect(report?.measurement).toMatchObject({ rows: 5000, blocks: 29, differences: [{ against: "baseline" }] });
    const figures = report?.measurement?.models.map((model) => model.figures);
    expect(figures?.[0]?.auc.value).toBeGreaterThan(0.84);
    expect(figures?.[0]?.calibration.value).toBeLessThan(0.05);
    expect(figures?.[1]?.auc.value).toBeLessThan(0.6);
    expect((await registry.get("good"))?.metrics).toMatchObject({ evaluationRows: 5000, auc: figures?.[0]?.auc.value });
  });

  test("compares with the champion on the same rows, and rejects what is worse", async () => {
    await registry.approve("good", {
      identity: "grace",
      override: false,
      reason: null,
      comment: "",
      approvalsRequired: 1,
    });
    await candidate("worse", "worse.onnx");

    expect(await judged("worse")).toBe("rejected");
    const [report] = await room.reports.ofVersion("default", "worse");
    expect(report?.gate.rules.map((rule) => rule.outcome)).toContain("broken");
    expect(report?.measurement?.differences.map((difference) => difference.against)).toEqual(["baseline", "champion"]);
    expect(report?.gate.message).toMatch(/brier not worse than the champion by more than 0.002/);
  });

  test("rejects a model with the wrong input names, and says which it has", async () => {
    await candidate("renamed", "renamed.onnx");

    expect(await judged("renamed")).toBe("rejected");
    const suite = await until("the suite is idle", async () => {
      const found = await platform.resources.get(evaluationKind, "default", "delay-gate");
      return found?.status.verdict === "rejected" && found.status.lastCandidate === "renamed" && found;
    });
    expect(suite.status.summary).toContain(
      'the version declares the inputs risk, noise, but its file takes "hazard", "noise"; the names must be equal',
    );
  });

  test("says why it judges no model that takes no rows, and judges the others meanwhile", async () => {
    await registry.register({
      id: "chatty",
      project: "default",
      model: "delay",
      objectKey: "models/chatty.gguf",
      sha256: "chatty",
      inputs: [],
      lineage: { ...lineage, trainingSet: null },
      registeredBy: "ada",
    });
    await candidate("after", "make_models.py");

    expect(await judged("after")).toBe("rejected");
    const suite = await until("the suite tells of the version without rows", async () => {
      const found = await platform.resources.get(evaluationKind, "default", "delay-gate");
      return found?.status.phase === "blocked" && found;
    });
    expect(suite.status.conditions[0]?.message).toContain(
      "was registered without inputs and trainingWindow; approve it with an override",
    );
    expect((await registry.get("chatty"))?.state).toBe("candidate");
    await registry.reject("chatty", "grace", "no rows");
  });

  test("rejects a file that is no model", async () => {
    await candidate("garbage", "make_models.py");

    expect(await judged("garbage")).toBe("rejected");
    expect(await room.reports.ofVersion("default", "garbage")).toMatchObject([{ measurement: null, passed: false }]);
  });
});
