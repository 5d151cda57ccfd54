import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
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

/** A loaded machine takes its time to make a virtual environment. */
const slowMs = 240_000;

describe("Python environments", () => {
  let folder = "";
  let wheel = "";
  let cache = "";
  let environments: CachedPythonEnvironments;
  const host = { PATH: process.env["PATH"], HOME: process.env["HOME"] };
  /** No registry: nothing can be fetched. */
  const offline = { ...host, PIP_NO_INDEX: "1", UV_OFFLINE: "1", UV_NO_INDEX: "1" };

  const open = (
    hostEnvironment: Record<string, string | undefined>,
    toolsFolder = join(folder, "tools"),
  ): CachedPythonEnvironments =>
    new CachedPythonEnvironments({ folder: join(cache, "environments"), toolsFolder, hostEnvironment, log: silentLog });
  const settle = async (
    requirements: readonly string[],
    by = environments,
    asker = "job",
    onProgress: (progress: string) => void = () => undefined,
  ): Promise<EnvironmentState> => {
    for (;;) {
      const settled = Promise.withResolvers<void>();
      const state = await by.request(requirements, asker, settled.resolve);
      if (state.kind !== "building") return state;
      onProgress(state.progress);
      await settled.promise;
    }
  };
  const pythonOf = (state: EnvironmentState): string => (state.kind === "ready" ? state.environment.python : "");
  const files = async (ending: string): Promise<readonly string[]> =>
    (await readdir(join(cache, "environments"))).filter((name) => name.endsWith(ending));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "python-environment-"));
    spawnSync("python3", ["-c", wheelScript, folder]);
    wheel = join(folder, "tiny-1.0-py3-none-any.whl");
    cache = await mkdtemp(join(folder, "cache-"));
    // The tests below need `uv` among the tools: fetched once, as a server without it does.
    const first = open(host);
    await settle([], first);
    await first.close();
  }, slowMs);
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    cache = await mkdtemp(join(folder, "cache-"));
    environments = open(offline);
  });
  afterEach(async () => {
    await environments.close();
  });

  test("fetches uv from the Python registry where the machine has none", () => {
    expect(existsSync(join(folder, "tools", "uv", "bin", "uv"))).toBe(true);
  });

  test("builds once for all who ask", async () => {
    const seen: string[] = [];
    const [first, second] = await Promise.all([
      settle([wheel], environments, "first", (progress) => seen.push(progress)),
      settle([`${wheel} `], environments, "second"),
    ]);

    expect(spawnSync(pythonOf(first), ["-c", "import tiny; print(tiny.answer)"]).stdout.toString()).toBe("42\n");
    expect(second).toEqual(first);
    expect(await files(".json")).toHaveLength(1);
    expect(seen[0]).toMatch(/^building Python environment/);
  });

  test(
    "builds with venv and pip where uv cannot be had",
    async () => {
      const without = open(offline, join(cache, "no-tools"));
      const state = await settle([wheel], without);
      await without.close();

      expect(spawnSync(pythonOf(state), ["-c", "import tiny; print(tiny.answer)"]).stdout.toString()).toBe("42\n");
    },
    slowMs,
  );

  test("is found by the next server, and shared by two that build at once", async () => {
    const other = open(offline);
    const [first, second] = await Promise.all([settle([]), settle([], other)]);
    await other.close();

    expect(second).toEqual(first);
    expect(await files(".json")).toHaveLength(1);
    expect(await files(".lock")).toEqual([]);
  });

  test("takes over the build of a server that died", async () => {
    await settle([]);
    const [pointer = ""] = await files(".json");
    await rm(join(cache, "environments", pointer));
    await writeFile(
      join(cache, "environments", pointer.replace(".json", ".lock")),
      JSON.stringify({ pid: process.pid, startTicks: 1, bootId: "before" }),
    );

    expect((await settle([])).kind).toBe("ready");
  });

  test("names the package that cannot be had, to each who waited, and leaves nothing behind", async () => {
    const requirements = [wheel, "no-such-package-at-all==1.0"];
    const states = await Promise.all([
      settle(requirements, environments, "first"),
      settle(requirements, environments, "second"),
    ]);

    for (const state of states) {
      const error = state.kind === "failed" ? state.error : undefined;
      expect(isFault(error, "compute.environment-failed")).toBe(true);
      expect(error?.message).toMatch(
        /^the Python environment could not be built because of no-such-package-at-all(?:==1\.0)?; mend the requirements/,
      );
    }
    expect(await files("")).toEqual([]);
  });

  test("says that Python is missing", async () => {
    const bare = open({ PATH: "/nowhere" });

    await expect(bare.request([], "job", () => undefined)).rejects.toSatisfy((error) =>
      isFault(error, "compute.python-missing"),
    );
  });

  test("prunes what was last used long ago and is not needed", async () => {
    const [old, needed] = [await settle([]), await settle([wheel])];
    for (const name of await files("")) await utimes(join(cache, "environments", name), 1, 1);

    expect(await environments.prune(2000, [[wheel]])).toBe(1);
    expect([existsSync(pythonOf(old)), existsSync(pythonOf(needed))]).toEqual([false, true]);
  });
});
