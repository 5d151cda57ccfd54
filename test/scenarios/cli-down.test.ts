import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readLeftTasks } from "../../src/cli/left-tasks.ts";
import { until } from "../until.ts";

/* What `millwright down` leaves running, and what `down --all` stops, with the real program and a real replica. */

const commandLimitMs = 120_000;
const program = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const model = fileURLToPath(new URL("../../src/serving/fixtures/tensors.onnx", import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "millwright-down-"));
});
afterAll(async () => {
  await millwright(["down", "--all"]);
  await rm(folder, { recursive: true, force: true });
}, commandLimitMs);

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly talk: string;
}

function millwright(words: readonly string[]): Promise<Ended> {
  const env = { ...process.env, MILLWRIGHT_DATA_DIR: folder, MILLWRIGHT_SERVER: "", MILLWRIGHT_KEY: "" };
  return new Promise((resolve) => {
    const options = { env, timeout: commandLimitMs };
    const child = execFile(process.execPath, [program, ...words], options, (error, output, talk) => {
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, output, talk });
    });
    child.stdin?.end();
  });
}

async function up(): Promise<void> {
  expect((await millwright(["up", "--detach", "--port", "0", "--gateway-port", "0"])).code).toBe(0);
}

const runningPids = async (): Promise<readonly number[]> => (await readLeftTasks(folder)).map(({ pid }) => pid);

async function serving(): Promise<void> {
  const ended = await millwright(["wait", "deployment/steady", "--for", "phase=serving", "--timeout", "60s"]);
  expect(ended.code === 0 ? "" : ended.talk).toBe("");
  await until("its replica is known as one", async () => (await readLeftTasks(folder))[0]?.isReplica);
}

test("replicas go on when the server stops, which says so, and all stops with --all until the next start", {
  timeout: 4 * commandLimitMs,
}, async () => {
  await writeFile(
    join(folder, "steady.yaml"),
    `kind: Pool
name: local
spec: {}
---
kind: Deployment
project: default
name: steady
spec:
  runtime: onnx
  pool: local
  resources: { cpus: 0.2, memory: 512MB }
  onnx: { file: ${model} }
`,
  );
  await up();
  expect((await millwright(["apply", "-f", join(folder, "steady.yaml"), "--yes"])).talk).not.toContain("error");
  await serving();
  const before = await runningPids();
  const left = await millwright(["down"]);

  expect(left.output).toMatch(
    /^stopped \(pid \d+\); 1 replica goes on, and the next millwright up finds it; to stop it too: millwright down --all\n$/,
  );
  expect([left.code, await runningPids()]).toEqual([0, before]);
  const again = await millwright(["down", "--json"]);
  expect(JSON.parse(again.output)).toMatchObject({ stopped: false, tasksLeft: 1, tasksStopped: 0 });

  await up();
  await serving();
  expect(await runningPids()).toEqual(before);

  const all = await millwright(["down", "--all"]);
  expect([all.code, all.output]).toEqual([0, expect.stringContaining("1 replica stopped")]);
  expect(await runningPids()).toEqual([]);
  expect(await millwright(["down", "--all", "--json"])).toMatchObject({ code: 0 });

  await up();
  await serving();
  const described = (await millwright(["get", "workloads", "--json"])).output;
  expect(await runningPids()).toHaveLength(1);
  expect(described).not.toContain('"failed"');
});

test("tasks that do not end in time are named, and the command ends with 7", { timeout: commandLimitMs }, async () => {
  const pids = await runningPids();
  // It hears of nothing before the command has looked.
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  const { code, talk } = await millwright(["down", "--all", "--timeout", "0s"]).finally(() => {
    for (const pid of pids) process.kill(pid, "SIGCONT");
  });

  expect([code, talk]).toEqual([7, expect.stringMatching(/1 replica did not end within 0 s .supervisors \d+/)]);
  await until("its grace is over", async () => (await runningPids()).length === 0);
});
