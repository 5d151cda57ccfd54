import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../test/until.ts";
import { openServing, type ServingPlatform } from "./fixtures/serving-platform.ts";

/* How replicas stand that were told to stop, on the real local driver. */

/** Answers until a file is there, also once it was told to stop; says with another file that it was. */
const program = `const [, port, told, gate] = process.argv;
const { existsSync, writeFileSync } = require("node:fs");
process.on("SIGTERM", () => {
  writeFileSync(told, "");
  setInterval(() => existsSync(gate) && process.exit(0), 20);
});
require("node:http").createServer((asked, answer) => answer.writeHead(200, { "content-type": "application/json" }).end("{}")).listen(Number(port))`;

let serving: ServingPlatform;
let told: string;
let gate: string;

beforeEach(async () => {
  serving = await openServing();
  told = join(serving.platform.dataDirectory, "told");
  gate = join(serving.platform.dataDirectory, "gate");
  await serving.pool("local", {});
});

afterEach(async () => {
  await writeFile(gate, "");
  await serving.close();
});

test("a replica that was told to stop is ready no more though it runs on, and another takes its place once it has ended", async () => {
  const command = [process.execPath, "-e", program, "{port}", told, gate];
  await serving.deploy("chat", { replicas: 1, process: { command, readiness: { path: "/health" }, grace: "2m" } });
  await serving.settled("chat", 1);
  const [before] = await serving.workloadsOf("chat");
  await serving.compute.workloads.cancel(before?.id ?? "", "ada", "it answers nonsense");
  await until("it was told", () => existsSync(told));
  const leaving = await until("it is ready no more", async () =>
    (await serving.statusOf("chat"))?.replicas.find((replica) => replica.workload === before?.id && !replica.ready),
  );

  expect(leaving).toMatchObject({ state: "running", message: "it is on its way out" });
  await writeFile(gate, "");
  await serving.settled("chat", 1, ({ id }) => id !== before?.id);
});
