import { readdir, readFile, readlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Random, seededRandom } from "../../src/base/random.ts";
import {
  endPostgres,
  type ServerProcess,
  startServerProcess,
  steadyPort,
  temporaryDataDirectory,
} from "../server-process.ts";
import { until } from "../until.ts";
import { chainPhases, judgedLineage, type SmallLineage, smallChain, writeSmallFlights } from "./small-chain.ts";

/** Runs of the chain with something killed in each; every seed gives other moments and victims. */
const runs = 20;
/** A chain takes about this long, so kills fall anywhere in it. */
const chainMs = 9_000;
const killsPerRunMax = 2;

const victims = ["server", "job", "postgres"] as const;

let directory: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let server: ServerProcess;
let flights: string;
let reference: SmallLineage;

beforeAll(async () => {
  directory = await temporaryDataDirectory();
  flights = join(dirname(directory.path), "flights.parquet");
  await writeSmallFlights(flights);
  server = await start(await steadyPort());
  reference = await runChain("untouched");
});

afterAll(async () => {
  await server.end("SIGKILL");
  await endPostgres(directory.path).catch(() => undefined);
  await directory.remove();
});

/** A server that comes back listens where it did before: running jobs know its address. */
async function start(port: number): Promise<ServerProcess> {
  return await startServerProcess({ dataDir: directory.path, cwd: "/", port });
}

async function runChain(project: string): Promise<SmallLineage> {
  const answer = await server.call("POST", "/api/v1/apply", { manifests: smallChain(project, flights) });
  expect(answer).toMatchObject({ status: 200 });
  return await judgedLineage(() => server, project);
}

/** Reads from a server whose PostgreSQL may have been killed a moment ago: meanwhile it says that it is unavailable. */
async function read<Answer>(path: string): Promise<Answer> {
  return await until(`${path} can be read`, async () => {
    const { status, json } = await server.call("GET", path);
    return status !== 503 && (json as Answer);
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Kills the supervisor or the program of a task that runs right now, whichever the draw says. */
async function killJob(random: Random): Promise<string> {
  const pids: number[] = [];
  for (const entry of await readdir("/proc")) {
    const command = await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "");
    if (!/train\.py|run-step|task-supervisor/.test(command)) continue;
    // Tests beside this one run tasks too: ours work in, or are told, our data directory.
    const folder = await readlink(`/proc/${entry}/cwd`).catch(() => "");
    if (command.includes(directory.path) || folder.startsWith(directory.path)) pids.push(Number(entry));
  }
  const pid = pids[Math.floor(random.next() * pids.length)];
  return pid === undefined ? "no job was running" : killProcess("job process", pid);
}

function killProcess(what: string, pid: number): string {
  try {
    process.kill(pid, "SIGKILL");
    return `${what} ${pid}`;
  } catch {
    return `${what} ${pid}, which had just ended`;
  }
}

async function kill(victim: (typeof victims)[number], random: Random): Promise<string> {
  if (victim === "job") return await killJob(random);
  if (victim === "postgres") {
    const text = await readFile(join(directory.path, "postgres/cluster/postmaster.pid"), "utf8").catch(() => "");
    const pid = Number(text.split("\n")[0]);
    return pid > 0 ? killProcess("PostgreSQL", pid) : "no PostgreSQL was running";
  }
  const { pid, controlUrl } = server;
  await server.end("SIGKILL");
  server = await start(Number(new URL(controlUrl).port));
  return `server ${pid}`;
}

test.each(Array.from({ length: runs }, (_, seed) => seed + 1))(
  "killed at random moments (seed %i), the chain ends with the same lineage, nothing lost and nothing twice",
  async (seed) => {
    const random = seededRandom(seed);
    const project = `seed-${seed}`;
    const told: string[] = [];
    const killing = (async () => {
      const count = 1 + Math.floor(random.next() * killsPerRunMax);
      for (let round = 0; round < count; round += 1) {
        await pause((random.next() * chainMs) / count);
        const victim = victims[Math.floor(random.next() * victims.length)] ?? "server";
        told.push(await kill(victim, random));
      }
    })();
    // The very first request may meet a server that is being killed: apply is idempotent, so it is sent again.
    const manifests = smallChain(project, flights);
    let isApplied = false;
    while (!isApplied) {
      const answer = await server.call("POST", "/api/v1/apply", { manifests }).catch(() => undefined);
      isApplied = answer?.status === 200;
      if (!isApplied) await pause(200);
    }
    await killing;
    const lineage = await judgedLineage(() => server, project).catch(async (error: unknown) => {
      throw new Error(`seed ${seed}, killed: ${told.join("; ")}\n${await chainPhases(server, project).catch(String)}`, {
        cause: error,
      });
    });
    expect(lineage, `seed ${seed}, killed: ${told.join("; ")}`).toEqual(reference);

    const { runs: runsOfJob } = await read<{ runs: readonly unknown[] }>(`/api/v1/projects/${project}/runs`);
    expect(runsOfJob, "one job has one run").toHaveLength(1);
    const history = `/api/v1/events?project=${project}&kind=ModelVersion&limit=100`;
    const { events } = await read<{ events: readonly { verb: string }[] }>(history);
    expect(events.map(({ verb }) => verb).toSorted()).toEqual(["passed", "registered"]);
    expect(await read("/api/v1/audit/verify")).toMatchObject({ isWhole: true });
  },
);
