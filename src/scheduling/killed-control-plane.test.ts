import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { freshPlatform, type FreshPlatform } from "../../test/platform.ts";
import { until } from "../../test/until.ts";
import { type Random, seededRandom } from "../base/random.ts";
import { poolKind } from "../compute/model.ts";
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

beforeEach(async () => {
  platform = await freshPlatform();
  // Never started: it only submits and reads.
  compute = computeRoom(platform, { hostEnvironment: {} });
  await platform.resources.apply("tester", { kind: "Team", name: "owners", spec: { description: "" } });
  await platform.resources.apply("tester", { kind: "Project", name: "default", spec: { team: "owners" } });
  const spec = poolKind.spec.parse({
    role: "training",
    simulatedGpus: { model: "H100", count: 2, memory: "80GB" },
  });
  await platform.resources.apply("tester", { kind: "Pool", name: "training", spec });
});
afterEach(async () => {
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

/**
 * Starts control planes and kills each at a moment of chance; the last one lives until everything has ended.
 *
 * @param meanwhile happens after each kill.
 * @param atLast happens while the last one lives.
 */
async function outliveKills(
  random: Random,
  meanwhile?: () => Promise<void>,
  atLast?: () => Promise<void>,
): Promise<void> {
  for (let count = 0; count < killsCount; count += 1) {
    const child = await startControlPlane();
    const lifeMs = random.next() * lifeMsMax;
    const from = performance.now();
    await until("its time is over", () => performance.now() - from > lifeMs);
    await kill(child);
    await meanwhile?.();
  }
  const last = await startControlPlane();
  await atLast?.();
  await until("all workloads have ended", async () => (await compute.workloads.list({ active: true })).length === 0);
  await kill(last);
}

test(
  `a control plane killed at any moment loses nothing, runs nothing twice, promises no GPU twice (seed ${seed})`,
  async () => {
    const random = seededRandom(seed);
    const counted = join(platform.dataDirectory, "ran");
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
    await outliveKills(random);

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

/** Says when it begins and ends, with what it was given; told to stop, it says so too. `work` is what lies between. */
function sayingScript(id: string, file: string, work: string): string {
  const say = (word: string) =>
    `echo "${id} ${word} $MILLWRIGHT_SIMULATED_GPUS ${"$"}{MILLWRIGHT_GPU_SHARE:-1} $MILLWRIGHT_ATTEMPT" >> ${file}`;
  return `trap '${say("stops")}; exit 143' TERM; ${say("begins")}; ${work}; ${say("ends")}`;
}

test(
  `nor does it with shares of GPUs, and priorities that others must make room for (seed ${seed + 1})`,
  async () => {
    const random = seededRandom(seed + 1);
    const said = join(platform.dataDirectory, "said");
    // Those of the lowest priority hold their places until others have taken some, however slow this machine is.
    const gate = join(platform.dataDirectory, "gate");
    const low = 20;
    const workOf = (priority: number): string =>
      priority === low ? `while [ ! -e ${gate} ]; do sleep 0.05 & wait; done` : "sleep 0.3 & wait";
    let submitted = 0;
    const submit = async (priority: number, gpus: number): Promise<void> => {
      const id = `job-${submitted}`;
      submitted += 1;
      await compute.workloads.submit({
        id,
        project: "default",
        owner: { kind: "TrainingJob", project: "default", name: id },
        purpose: "training",
        pool: "training",
        priority,
        resources: { cpus: 0.1, memory: 1e8, gpus, gpuModel: null },
        command: {
          argv: ["/bin/sh", "-c", sayingScript(id, said, workOf(priority))],
          files: {},
          env: {},
          secretEnv: {},
          requirements: null,
          maxDurationMs: 600_000,
          graceMs: 2_000,
        },
        maxRestarts: 0,
      });
    };
    for (const gpus of [1, 0.5, 0.5, 1, 2]) await submit(low, gpus);
    await outliveKills(
      random,
      async () => {
        if (submitted < workloadsCount + 2) await submit(low + 8 * submitted, random.next() < 0.5 ? 0.5 : 1);
      },
      async () => {
        await until("one of the lowest priority holds its place", async () => {
          const active = await compute.workloads.list({ active: true });
          return active.some(({ priority, state }) => priority === low && state === "running");
        });
        await submit(100, 2);
        await until("one has made room", async () =>
          (await compute.workloads.list({})).some(({ timesPreempted }) => timesPreempted > 0),
        );
        await writeFile(gate, "");
      },
    );

    const ended = await compute.workloads.list({});
    expect(ended.map((each) => [each.id, each.state])).toEqual(ended.map((each) => [each.id, "succeeded"]));
    // Whoever made room began once more for each time, and nobody else did.
    expect(ended.map((each) => each.attempt - 1)).toEqual(ended.map((each) => each.timesPreempted));
    const lines = (await readFile(said, "utf8")).trim().split("\n");
    const begun = lines.filter((line) => line.includes(" begins "));
    expect(new Set(begun).size).toBe(begun.length);
    const held = new Map<string, number>();
    for (const line of lines) {
      const [, word = "", devices = "", share = ""] = line.split(" ");
      for (const device of devices.split(",")) {
        held.set(device, (held.get(device) ?? 0) + Number(share) * (word === "begins" ? 1 : -1));
      }
      expect(Math.max(...held.values())).toBeLessThanOrEqual(1);
    }
    expect([...held.values()]).toEqual([...held.values()].map(() => 0));
    const left = await sql`
      select workload from gpu_claim union all select workload from planned_start
      union all select workload from usage_entry where to_at is null`.execute(platform.database);
    expect(left.rows).toEqual([]);
  },
  timeoutMs,
);
