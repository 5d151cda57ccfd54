import { readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../test/until.ts";
import { openServing, type ServingPlatform } from "./fixtures/serving-platform.ts";

/*
 * Replicas that span several machines, on a pool that simulates them: the real queue, the real driver, and a program that writes down
 * who it is.
 */

interface Member {
  readonly rank: number;
  readonly of: number;
  readonly meet: string;
  readonly pid: number;
  readonly world: string;
}

/** Writes down its place and answers on its port; only the first member is asked. */
const program = `const [, port, rank, of, meet, folder] = process.argv;
const { renameSync, writeFileSync } = require("node:fs");
const world = [process.env.WORLD_SIZE, process.env.MASTER_ADDR + ":" + process.env.MASTER_PORT].join(" at ");
const file = folder + "/" + rank + "-" + process.pid;
writeFileSync(file + ".part", JSON.stringify({ rank: Number(rank), of: Number(of), meet, pid: process.pid, world }));
renameSync(file + ".part", file + ".json");
require("node:http").createServer((q, s) => { q.resume(); q.on("end", () => s.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({
  id: rank, object: "chat.completion", created: 0, model: "wide", usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }] }))); }).listen(Number(port))`;

let serving: ServingPlatform;
let folder: string;

beforeEach(async () => {
  serving = await openServing();
  folder = join(serving.platform.dataDirectory, "members");
  await mkdir(folder);
});

afterEach(async () => await serving.close());

async function deploy(gpus: number, replicas: number): Promise<void> {
  await serving.pool("local", { simulatedGpus: { model: "H100", count: gpus } });
  const command = [process.execPath, "-e", program, "{port}", "{rank}", "{nodes}", "{master}:{master_port}", folder];
  await serving.deploy("wide", {
    replicas,
    resources: { cpus: 0.1, memory: "128MiB", gpus: 1 },
    process: { command, nodes: 2, readiness: { path: "/health" }, grace: "1s" },
  });
}

/** All members that ever started. */
function members(): readonly Member[] {
  const whole = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return whole.map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Member);
}

function isRunning({ pid }: Member): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("members are told their ranks and one place to meet, gangs of one machine different ones, and the first is asked", async () => {
  await deploy(4, 2);
  await serving.settled("wide", 2);
  const gangs = Map.groupBy(
    await until("four members run", () => members().length === 4 && members()),
    (member) => member.meet,
  );

  expect([...gangs.values()].map((gang) => gang.map(({ rank, of }) => `${rank}/${of}`).toSorted())).toEqual([
    ["0/2", "1/2"],
    ["0/2", "1/2"],
  ]);
  expect(members().every(({ world, meet }) => world === `2 at ${meet}`)).toBe(true);
  const places = (await serving.workloadsOf("wide")).map((workload) => workload.places.length);
  expect(places).toEqual([2, 2]);
  expect((await serving.ask("wide")).body.id).toBe("0");
});

test("a gang that does not fit whole starts no member, and the status says what it lacks", async () => {
  await deploy(3, 2);
  await until("one gang serves", async () => (await serving.statusOf("wide"))?.replicas.some((each) => each.ready));
  // The first member answers; the second one may still be on its way up.
  await until("both of its members run", () => members().length === 2);
  const waiting = await until("the other one has a reason", async () => {
    const workloads = await serving.workloadsOf("wide");
    return workloads.find((workload) => workload.state === "queued" && workload.reason !== null);
  });

  expect(waiting.places).toEqual([]);
  expect(waiting.reason?.sentence).toMatch(/2 members|2 GPUs|1 GPU/);
  expect(members()).toHaveLength(2);
  await until("the status says the same", async () => {
    const shown = (await serving.statusOf("wide"))?.replicas.find((replica) => !replica.ready);
    const reason = (await serving.compute.workloads.get(waiting.id))?.reason;
    return shown !== undefined && shown.message === reason?.sentence;
  });
});

test("the death of one member ends the others, and a whole gang takes its place", async () => {
  await deploy(2, 1);
  await serving.settled("wide", 1);
  const first = await until("both run", () => members().length === 2 && members());
  const second = first.find(({ rank }) => rank === 1);
  if (second === undefined) throw new Error("there is no second member");
  process.kill(second.pid, "SIGKILL");
  await until("another gang is whole", () => members().length === 4);
  await serving.settled("wide", 1);

  expect(first.filter(isRunning)).toEqual([]);
  expect(members().filter(isRunning)).toHaveLength(2);
  await until("it answers", async () => (await serving.ask("wide")).status === 200);
});
