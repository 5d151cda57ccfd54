import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { callJson, startProgram, type TestReplica } from "../fixtures/start-replica.ts";
import { replicaAddressFile, replicaProblemFile } from "../runtimes/replica-files.ts";
import type { ProcessTask } from "../runtimes/process-task.ts";

const standIn = fileURLToPath(new URL("../fixtures/openai-stand-in.ts", import.meta.url));
const started: TestReplica[] = [];

afterEach(async () => {
  for (const replica of started.splice(0)) {
    // The program below must not outlive the test, so its supervisor is not simply killed.
    replica.child.kill("SIGTERM");
    await replica.ended;
    replica.stop();
  }
});

function taskOf(change: Partial<ProcessTask>): ProcessTask {
  return {
    deployment: "chat",
    version: "1",
    model: "toy",
    command: [process.execPath, standIn, "{port}", "{model}", "{gpus}", '{"json": {"stays": 1}}'],
    workerCommand: null,
    environment: { STAND_IN_MARKER: "on port {port}" },
    protocol: "openai",
    engine: "vllm",
    slots: 8,
    adapters: ["legal"],
    port: null,
    modelFile: null,
    nodes: 1,
    gpus: 2,
    cpus: 1,
    readinessPath: "/health",
    readinessTimeoutMs: 60_000,
    graceMs: 60_000,
    warmUp: [],
    explanation: ["why it is so"],
    ...change,
  };
}

function start(change: Partial<ProcessTask> = {}, env: Readonly<Record<string, string>> = {}): TestReplica {
  const replica = startProgram({ program: "process-server", task: taskOf(change), env });
  started.push(replica);
  return replica;
}

function portOf(address: Awaited<TestReplica["ready"]>): number {
  if (address.kind !== "model" || address.address.kind !== "http") throw new Error("the replica wants a port");
  return Number(new URL(address.address.url).port);
}

const say = (content: string) => ({ model: "toy", messages: [{ role: "user", content }] });
const chat = "/v1/chat/completions";

test("a program is started on a free port with its placeholders filled in, warmed up, and then told of", async () => {
  const { ready } = start({ warmUp: [{ path: chat, body: say("warm") }] });
  const address = await ready;
  const port = portOf(address);

  expect(address).toMatchObject({ kind: "model", protocol: "openai", engine: "vllm", slots: 8, adapters: ["legal"] });
  expect((await callJson({ port }, "/seen")).body).toEqual({
    rest: ["toy", "2", '{"json": {"stays": 1}}'],
    warmedBy: [say("warm")],
    marker: `on port ${port}`,
    held: 0,
  });
});

test("told to stop, it lets answers under way come to their end", async () => {
  const { ready, child, ended, folder } = start();
  const port = portOf(await ready);
  const held = callJson({ port }, chat, say("hold"));
  await until("the request has arrived", async () => (await callJson({ port }, "/seen")).body.held === 1);
  child.kill("SIGTERM");

  expect((await held).body).toMatchObject({ choices: [{ message: { content: "held until the end" } }] });
  expect(await ended).toBe(0);
  expect(existsSync(join(folder, replicaAddressFile))).toBe(false);
});

test("a program that does not end within its grace is killed", async () => {
  const deaf = `process.on("SIGTERM", () => {}); require("http").createServer((q, s) => s.end()).listen(process.argv[1])`;
  const { ready, child, ended } = start({ command: [process.execPath, "-e", deaf, "{port}"], graceMs: 50 });
  await ready;
  child.kill("SIGTERM");

  expect(await ended).toBe(0);
});

test("a program that crashes is seen: the address goes and its exit code is passed on", async () => {
  const { ready, ended, folder } = start();
  const port = portOf(await ready);
  await callJson({ port }, chat, say("crash")).catch(() => undefined);

  expect(await ended).toBe(7);
  expect(existsSync(join(folder, replicaAddressFile))).toBe(false);
  expect(existsSync(join(folder, replicaProblemFile))).toBe(false);
});

test("a member of a gang that starts late leaves what the first one said in their folder", async () => {
  const said = Buffer.from("said by the first member");
  const late = startProgram({
    program: "process-server",
    task: taskOf({ nodes: 2 }),
    env: { MILLWRIGHT_RANK: "1", MASTER_ADDR: "127.0.0.1" },
    files: { [replicaAddressFile]: said },
  });
  started.push(late);
  await new Promise<void>((done) => {
    let output = "";
    late.child.stdout?.on("data", (chunk) => {
      output += String(chunk);
      // From then on it is heard when it is told to stop: told sooner, its program would outlive the test.
      if (output.includes("stand-in listens")) done();
    });
  });

  expect(readFileSync(join(late.folder, replicaAddressFile), "utf8")).toBe("said by the first member");
});

test("a program that never becomes ready ends with a sentence that says what was wanted", async () => {
  const { ready, ended } = start({ readinessTimeoutMs: 300 }, { STAND_IN_UNREADY: "1" });

  await expect(ready).rejects.toThrow(/wants to answer 200 on \/health within 0.3 s, found (status 503|connect)/);
  expect(await ended).toBe(1);
});

test("a program that fails to warm up does not become ready", async () => {
  const { ready, ended } = start({ warmUp: [{ path: chat, body: say("refuse") }] });

  await expect(ready).rejects.toThrow(/wants to answer the warm-up request .* with 2xx, found 500/);
  expect(await ended).toBe(1);
});

test.each([
  ["a program that is not there", { command: ["/no/such/program"] }, /"\/no\/such\/program" cannot be started/],
  ["a model that is not registered", { command: ["serve", "{model_path}"] }, /wants \{model_path\}/],
  ["a gang in a pool that runs none", { nodes: 2 }, /wants MILLWRIGHT_RANK .* and MASTER_ADDR/],
])("%s is told as the reason and not tried again", async (_what, change, message) => {
  const { ended, folder } = start(change);

  expect(await ended).toBe(3);
  expect(JSON.parse(readFileSync(join(folder, replicaProblemFile), "utf8"))).toMatchObject({
    message: expect.stringMatching(message),
  });
});

test("replicas that start together listen on ports of their own, also when one is taken", async () => {
  const taken = createServer();
  await new Promise<void>((done, fail) => {
    // A replica of another test may have it: then it is taken, too.
    taken.once("error", (error) => ("code" in error && error.code === "EADDRINUSE" ? done() : fail(error)));
    taken.listen(20_000, "127.0.0.1", () => done());
  });
  try {
    const ports = await Promise.all(Array.from({ length: 4 }, async () => portOf(await start().ready)));

    expect(new Set(ports).size).toBe(4);
    expect(ports).not.toContain(20_000);
  } finally {
    taken.close();
  }
});

test("of a gang only the first member says where it listens", async () => {
  const command = [process.execPath, standIn, "{port}", "{model}", "{rank}/{nodes}", "{master}:{master_port}"];
  const gang = { nodes: 2, command, workerCommand: [...command, "--headless"], port: null };
  const member = (rank: string) => start(gang, { MILLWRIGHT_RANK: rank, MASTER_ADDR: "127.0.0.1" });
  const first = member("0");
  const port = portOf(await first.ready);
  const second = member("1");
  let log = "";
  second.child.stdout?.on("data", (chunk) => {
    log += String(chunk);
  });
  await until("the second member runs", () => log.includes("stand-in listens"));

  expect((await callJson({ port }, "/seen")).body.rest).toEqual(["toy", "0/2", "127.0.0.1:29500"]);
  expect(log).toMatch(/toy 1\/2 127\.0\.0\.1:29500 --headless/);
  expect(existsSync(join(second.folder, replicaAddressFile))).toBe(false);
  second.child.kill("SIGTERM");
  expect(await second.ended).toBe(0);
});
