import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { mountSmallDisk, type SmallDisk } from "../../../test/full-disk.ts";
import { until } from "../../../test/until.ts";
import { silentLog } from "../../platform/log.ts";
import type { TaskLaunch } from "../ports.ts";
import { LocalDriver } from "./local-driver.ts";

const pageBytes = 4096;
const never = new AbortController().signal;

const task: TaskLaunch = {
  id: "squeezed",
  attempt: 1,
  command: {
    argv: ["/bin/sh", "-c", "echo ran"],
    files: {},
    env: {},
    secretEnv: {},
    requirements: null,
    maxDurationMs: null,
    graceMs: 200,
  },
  resources: { cpus: 1, memory: 1e9, gpus: 0, gpuModel: null },
  gpus: [],
  environment: null,
};

let folder: string;
let disk: SmallDisk;
let driver: LocalDriver;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "full-disk-"));
  disk = mountSmallDisk(join(folder, "disk"), 1);
  driver = new LocalDriver({
    folder: join(disk.path, "tasks"),
    clock: { now: () => Date.now() },
    log: silentLog,
    hostEnvironment: { PATH: process.env["PATH"] },
  });
});
afterEach(async () => {
  await driver.close();
  disk.remove();
  await rm(folder, { recursive: true, force: true });
});

// The supervisor's claim takes one page, the room for the start one, the room for the end two.
test.each([0, 1, 2, 3])(
  "a start with %i pages left names the disk, and the same start succeeds once there is room",
  async (pages) => {
    disk.fill(pages * pageBytes);
    await expect(driver.launch(task, never)).rejects.toMatchObject({
      code: "platform.disk-full",
      message: expect.stringMatching(/no space is left .*free some on that disk/),
    });
    expect(await driver.observe(task)).toEqual({ kind: "absent" });

    disk.free();
    await driver.launch(task, never);
    const end = await until("the task has ended", async () => {
      const seen = await driver.observe(task);
      return seen.kind === "ended" && seen.end;
    });

    expect(end.outcome).toEqual({ kind: "exited", exitCode: 0, message: "finished" });
    expect(new TextDecoder().decode((await driver.readLog(task, "stdout", 0, 100)).bytes)).toBe("ran\n");
  },
);
