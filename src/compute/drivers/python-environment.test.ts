import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { isFault } from "../../base/fault.ts";
import { silentLog } from "../../platform/log.ts";
import type { EnvironmentState } from "../ports.ts";
import { CachedPythonEnvironments } from "./python-environment.ts";

/** Makes a wheel by hand: a package `tiny` with a version. */
const wheelScript = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + "/tiny-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("tiny.py", "answer = 42")
    wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
    wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: hand\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("tiny-1.0.dist-info/RECORD", "")
`;

describe("Python environments", () => {
  let folder = "";
  let wheel = "";
  let environments: CachedPythonEnvironments;
  const host = { PATH: process.env["PATH"], HOME: process.env["HOME"] };
  /** No registry: uv cannot be fetched, so that venv and pip build. */
  const offline = { ...host, PIP_NO_INDEX: "1", PIP_FIND_LINKS: "/nowhere" };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "python-environment-"));
    spawnSync("python3", ["-c", wheelScript, folder]);
    wheel = join(folder, "tiny-1.0-py3-none-any.whl");
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    environments = open(await mkdtemp(join(folder, "cache-")), offline);
  });
  afterEach(async () => {
    await environments.close();
  });

  let cache = "";
  const open = (at: string, hostEnvironment: Record<string, string | undefined>): CachedPythonEnvironments => {
    cache = at;
    return new CachedPythonEnvironments({ folder: join(at, "environments"), toolsFolder: join(at, "tools"), hostEnvironment, log: silentLog });
  };
  const settle = async (requirements: readonly string[], by = environments, asker = "job"): Promise<EnvironmentState> =>
    await until("the environment is built", async () => {
      const state = await by.request(requirements, asker, () => undefined);
      return state.kind === "building" ? undefined : state;
    });
  const pythonOf = (state: EnvironmentState): string => (state.kind === "ready" ? state.environment.python : "");
  const built = async (): Promise<number> => (await readdir(join(cache, "environments"))).filter((name) => name.endsWith(".json")).length;

  test("builds with pip where uv cannot be had, once for all who ask", async () => {
    const [first, second] = await Promise.all([settle([wheel]), settle([`${wheel} `])]);

    expect(spawnSync(pythonOf(first), ["-c", "import tiny; print(tiny.answer)"]).stdout.toString()).toBe("42\n");
    expect(second).toEqual(first);
    expect(await built()).toBe(1);
  });

  test("is found by the next server, and shared by two that build at once", async () => {
    const other = open(cache, offline);
    const [first, second] = await Promise.all([settle([]), settle([], other)]);
    await other.close();

    expect(second).toEqual(first);
    expect((await readdir(join(cache, "environments"))).length).toBe(2);
  });

  test("takes over the build of a server that died", async () => {
    await settle([]);
    const [pointer = ""] = (await readdir(join(cache, "environments"))).filter((name) => name.endsWith(".json"));
    await rm(join(cache, "environments", pointer));
    await writeFile(join(cache, "environments", pointer.replace(".json", ".lock")), JSON.stringify({ pid: process.pid, startTicks: 1, bootId: "before" }));

    expect((await settle([])).kind).toBe("ready");
  });

  test("names the package that cannot be had, to each who waited, and leaves nothing behind", async () => {
    const requirements = [wheel, "no-such-package-at-all==1.0"];
    await environments.request(requirements, "first", () => undefined);
    await environments.request(requirements, "second", () => undefined);
    const states = [await settle(requirements, environments, "first"), await settle(requirements, environments, "second")];

    for (const state of states) {
      const error = state.kind === "failed" ? state.error : undefined;
      expect(isFault(error, "compute.environment-failed")).toBe(true);
      expect(error?.message).toMatch(/^the Python environment could not be built because of no-such-package-at-all==1\.0; mend the requirements/);
    }
    expect((await readdir(join(cache, "environments"))).filter((name) => !name.endsWith(".lock"))).toEqual([]);
  });

  test("says that Python is missing", async () => {
    const bare = open(cache, { PATH: "/nowhere" });

    await expect(bare.request([], "job", () => undefined)).rejects.toSatisfy((error) => isFault(error, "compute.python-missing"));
  });

  test("prunes what was last used long ago and is not needed", async () => {
    const [old, needed] = [await settle([]), await settle([wheel])];
    const names = (await readdir(join(cache, "environments"))).filter((name) => name.endsWith(".json"));
    for (const name of names) await utimes(join(cache, "environments", name), 1, 1);

    expect(await environments.prune(2000, [[wheel]])).toBe(1);
    expect([existsSync(pythonOf(old)), existsSync(pythonOf(needed))]).toEqual([false, true]);
  });

  test("fetches uv from the Python registry where the machine has none, and builds with it", async () => {
    const online = open(cache, host);
    const progress = new Set<string>();
    const state = await until("the environment is built", async () => {
      const now = await online.request(["six==1.17.0", wheel], "job", () => undefined);
      if (now.kind === "building") progress.add(now.progress);
      return now.kind === "building" ? undefined : now;
    });
    await online.close();

    expect(spawnSync(pythonOf(state), ["-c", "import six, tiny; print(six.__version__)"]).stdout.toString()).toBe("1.17.0\n");
    expect([...progress].every((line) => line.startsWith("building Python environment"))).toBe(true);
  });
});
