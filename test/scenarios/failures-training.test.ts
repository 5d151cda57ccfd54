import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endPostgres, type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { until } from "../until.ts";
import { messageOf, ProjectSession } from "./project-session.ts";
import { writeSmallFlights } from "./small-chain.ts";

const codeFolder = join(import.meta.dirname, "../fixtures/small-chain");

let directory: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let server: ServerProcess;
const session = new ProjectSession(() => server, "failing");

beforeAll(async () => {
  directory = await temporaryDataDirectory();
  const flights = join(dirname(directory.path), "flights.parquet");
  await writeSmallFlights(flights);
  server = await start();
  await session.apply(
    { kind: "Project", name: "failing", spec: { team: "default" } },
    { kind: "Pool", name: "local", spec: { role: "any", driver: "local" } },
    session.resource("Dataset", "flights", { source: { path: flights }, timestamp: "departs_at" }),
    session.resource("Model", "delay", {}),
  );
  await session.reached("datasets", "flights", "valid");
});

afterAll(async () => {
  await server.end("SIGKILL");
  await endPostgres(directory.path).catch(() => undefined);
  await directory.remove();
});

async function start(): Promise<ServerProcess> {
  return await startServerProcess({ dataDir: directory.path, cwd: "/" });
}

/** A job that runs a Python program of one text on a month of flights. */
function job(name: string, program: string, spec: Readonly<Record<string, unknown>> = {}): unknown {
  return session.resource("TrainingJob", name, {
    pool: "local",
    resources: { cpus: 0.25, memory: "256MB" },
    workdir: codeFolder,
    command: ["python3", "-c", program],
    model: "delay",
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

/** The status of a job's run in tracking. */
async function runStatus(runId: unknown): Promise<string> {
  return (await session.read<{ readonly status: string }>(`runs/${String(runId)}`)).status;
}

/** Processes of this machine whose command line holds a text. */
async function processesWith(text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir("/proc")) {
    const command = await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "");
    if (command.includes(text)) found.push(entry);
  }
  return found;
}

/** Words that no other program of this machine has, so that what is left of a task can be found. */
const mark = `of-${randomUUID()}`;

const failures = [
  {
    name: "exits",
    program: "import sys; sys.exit('the column altitude is not in the training set')",
    spec: {},
    says: [
      /exited with code 1/,
      /the column altitude is not in the training set/,
      /millwright logs training-job\/exits/,
    ],
  },
  {
    name: "hangs",
    program: `import time; time.sleep(100_000) # ${mark}`,
    spec: { maxDuration: "2s" },
    says: [/ran for more than 2\.0s/, /raise maxDuration/, /millwright logs training-job\/hangs/],
  },
  {
    name: "eats",
    program: `import time; memory = bytearray(400_000_000); time.sleep(100_000) # ${mark}`,
    spec: {},
    says: [/out-of-memory: used .* of 256 ?MB/, /raise resources\.memory/, /millwright logs training-job\/eats/],
  },
  {
    name: "misnames",
    program: [
      "import os, runpy",
      `os.environ["MILLWRIGHT_FEATURES"] = '["distance", "altitude"]'`,
      'runpy.run_path("train.py")',
    ].join("\n"),
    spec: {},
    says: [
      /names inputs that the training set does not have: altitude/,
      /it has distance, hour/,
      /add what is missing to trainingSet/,
    ],
  },
  {
    name: "forgets",
    program: "print('trained, but logged nothing')",
    spec: {},
    says: [/the run logged no model\/model\.onnx/, /mlflow\.log_artifacts/],
  },
] as const;

describe("a training program that", () => {
  beforeAll(async () => {
    await session.apply(...failures.map(({ name, program, spec }) => job(name, program, spec)));
  });

  test.each(failures)("$name fails its job with the cause and the next step", async (given) => {
    const status = await session.reached("training-jobs", given.name, "failed", "succeeded");

    expect(status.phase).toBe("failed");
    for (const part of given.says) expect(messageOf(status)).toMatch(part);
    expect(await runStatus(status["runId"])).toBe("FAILED");
    expect(status["candidateId"]).toBeNull();
  });

  test("fails leaves no candidate and no process behind", async () => {
    expect(await session.versions()).toEqual([]);
    expect(await processesWith(mark)).toEqual([]);
  });
});

test("a model that takes other inputs than its description says is rejected with what it wants and what was found", async () => {
  await session.apply(
    session.resource("Model", "narrow", {}),
    session.resource("Evaluation", "next-week", {
      model: "narrow",
      pool: "local",
      resources: { cpus: 0.5, memory: "1GB" },
      data: {
        dataset: "flights",
        timestamp: "departs_at",
        label: "late",
        columns: ["distance", "hour", "origin"],
        window: { length: "7d" },
        minRows: 100,
      },
      baseline: { groupBy: ["origin"] },
      bootstrap: { resamples: 20 },
      gate: [{ metric: "brier", atMost: 1 }],
    }),
    // Its file takes three columns, the training set has two.
    job("narrows", 'import runpy; runpy.run_path("train.py")', { model: "narrow" }),
  );
  const rejected = await until("the version is rejected", async () =>
    (await session.versions()).find((version) => version.model === "narrow" && version.state !== "candidate"),
  );

  expect(rejected.state).toBe("rejected");
  const { verdict } = await session.read<{ readonly verdict: { readonly message: string } }>(
    `model-versions/${rejected.id}`,
  );
  expect(verdict.message).toMatch(/declares 2 inputs \(distance, hour\)/);
  expect(verdict.message).toMatch(/its file's only input "input" takes 3/);
  expect(verdict.message).toMatch(/register it with the columns that the file was made from/);
});

test("a job whose server is killed goes on by itself, in one attempt, each step once, and is reported truly", async () => {
  const gates = dirname(directory.path);
  const open = (name: string) => writeFile(join(gates, name), "");
  const program = [
    "import os, pathlib, time",
    "gates = pathlib.Path(os.environ['GATES'])",
    "for step in range(9):",
    "    print('step', step, flush=True)",
    "    if step % 3 == 2:",
    "        (gates / f'reached-{step}').touch()",
    "        while not (gates / f'pass-{step}').exists(): time.sleep(0.02)",
  ].join("\n");
  const reached = (step: number) => until(`step ${step} is reached`, () => existsSync(join(gates, `reached-${step}`)));
  await session.apply(job("survives", program, { model: undefined, env: { GATES: gates } }));
  const status = await session.reached("training-jobs", "survives", "running");
  const workload = () =>
    session.read<{ readonly state: string; readonly attempt: number }>(`workloads/${String(status["workloadId"])}`);
  await reached(2);
  await server.end("SIGKILL");
  // Nobody watches while it takes these steps.
  await open("pass-2");
  await reached(5);
  server = await start();
  expect(await workload()).toMatchObject({ state: "running", attempt: 1 });
  await open("pass-5");
  await reached(8);
  await open("pass-8");

  const ended = await session.reached("training-jobs", "survives", "succeeded", "failed");
  expect(ended).toMatchObject({ phase: "succeeded", workloadId: status["workloadId"], runId: status["runId"] });
  expect(await workload()).toMatchObject({ state: "succeeded", attempt: 1 });
  expect((await session.log(String(status["workloadId"]))).trim().split("\n")).toEqual(
    Array.from({ length: 9 }, (_, step) => `step ${step}`),
  );
  expect(await runStatus(status["runId"])).toBe("FINISHED");
});
