import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshPlatform, type FreshPlatform } from "../../test/platform.ts";
import { until } from "../../test/until.ts";
import { seededRandom } from "../base/random.ts";
import { type ComputeRoom, computeRoom } from "../compute/room.ts";
import { readEvents } from "../platform/event-log.ts";

const program = fileURLToPath(new URL("./fixtures/control-plane.ts", import.meta.url));
const seed = 20_261_123;
const workloadsCount = 8;
const killsCount = 8;
/** The longest that a control plane lives before it is killed. */
const lifeMsMax = 900;
const timeoutMs = 180_000;

let platform: FreshPlatform;
let compute: ComputeRoom;

beforeAll(async () => {
  platform = await freshPlatform();
  // Never started: it only submits and reads.
  compute = computeRoom(platform, { hostEnvironment: {} });
});
afterAll(async () => {
  await platform.close();
});

async function startControlPlane(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["--no-warnings", program, platform.url, platform.dataDirectory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const failed = once(child, "exit").then(() => Promise.reject(new Error("the control plane did not start")));
  await Promise.race([once(child.stdout, "data"), failed]);
  failed.catch(() => undefined);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

test(
  `a control plane killed at any moment loses nothing, runs nothing twice, promises no GPU twice (seed ${seed})`,
  async () => {
    const random = seededRandom(seed);
    const counted = join(platform.dataDirectory, "ran");
    const spec = {
      role: "training",
      driver: "local",
      limits: {},
      simulatedGpus: { model: "H100", count: 2, memory: "80GB" },
    };
    await platform.resources.apply("tester", { kind: "Pool", name: "training", spec });
    for (let index = 0; index < workloadsCount; index += 1) {
      const id = `job-${index}`;
      await compute.workloads.submit({
        id,
        project: "default",
        owner: { kind: "TrainingJob", project: "default", name: id },
        purpose: "training",
        pool: "training",
        priority: 50,
        resources: { cpus: 0.1, memory: 1e8, gpus: 1, gpuModel: null },
        command: {
          argv: [
            "/bin/sh",
            "-c",
            `echo ${id} begins >> ${counted}; sleep 0.3; echo ${id} ends >> ${counted}; exit ${index}`,
          ],
          files: {},
          env: {},
          secretEnv: {},
          requirements: null,
          maxDurationMs: null,
          graceMs: 100,
        },
        maxRestarts: 0,
      });
    }
    for (let count = 0; count < killsCount; count += 1) {
      const child = await startControlPlane();
      const lifeMs = random.next() * lifeMsMax;
      const from = performance.now();
      await until("its time is over", () => performance.now() - from > lifeMs);
      await kill(child);
    }
    const last = await startControlPlane();
    await until("all workloads have ended", async () => (await compute.workloads.list({ active: true })).length === 0);
    await kill(last);

    const ended = (await compute.workloads.list({})).toSorted((left, right) => (left.id < right.id ? -1 : 1));
    expect(ended.map((each) => each.outcome?.exitCode)).toEqual(
      Array.from({ length: workloadsCount }, (_, index) => index),
    );
    expect(ended.map((each) => each.attempt)).toEqual(ended.map(() => 1));
    const lines = (await readFile(counted, "utf8")).trim().split("\n");
    expect(lines).toHaveLength(2 * workloadsCount);
    expect(new Set(lines).size).toBe(lines.length);
    let running = 0;
    for (const line of lines) {
      running += line.endsWith("begins") ? 1 : -1;
      expect(running).toBeLessThanOrEqual(2);
    }
    const events = await readEvents(platform.database, { kind: "Workload", limit: 1000, order: "oldest-first" });
    const ends = events
      .filter((event) => ["succeeded", "failed"].includes(event.verb))
      .map((event) => event.subject.name);
    expect(ends.toSorted()).toEqual(ended.map((each) => each.id));
  },
  timeoutMs,
);
