import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { canonicalJson } from "../../base/canonical-json.ts";
import type { Instant } from "../../base/clock.ts";
import { Fault, isFault } from "../../base/fault.ts";
import { ensureFolder, toDiskFault, writeFileAtomically } from "../../platform/files.ts";
import type { Log } from "../../platform/ports.ts";
import { findFailedPackage, tailOf, toProgress } from "../environment-failure.ts";
import type { EnvironmentState, PythonEnvironment, PythonEnvironments } from "../ports.ts";
import { takeLock } from "./identity-lock.ts";
import { findUv, type HostPython, readHostPython } from "./python-tools.ts";
import { runCommand } from "./run-command.ts";
import { inheritedVariables, type Variables } from "./task-environment.ts";

/** The longest that one build may take. */
const buildTimeoutMs = 1_800_000;
/** How often a build that another process does is looked at. */
const otherBuildLookMs = 500;
/** Changes when what a build makes changes, so that older environments are not taken for it. */
const formatVersion = 1;

export interface PythonEnvironmentsOptions {
  /** Where environments lie. */
  readonly folder: string;
  /** Where `uv` is installed when the machine has none. */
  readonly toolsFolder: string;
  readonly hostEnvironment: Variables;
  readonly log: Log;
}

interface Build {
  /** By name of who waits, so that asking again does not count twice. */
  readonly waiting: Map<string, () => void>;
  progress: string;
  done: Promise<void>;
}

/** Variables that tell pip and uv where to fetch from; builds see them, tasks do not. */
const registryVariable = /^(?:PIP|UV)_/;

/**
 * Python environments by content: requirements, Python's version and the platform.
 *
 * `<hash>.json` names the folder of a finished build and appears only when it is whole; its time is that of its last
 * use. A build works in a folder of its own name, so that one cut short never stands in the way of the next.
 */
export class CachedPythonEnvironments implements PythonEnvironments {
  readonly #options: PythonEnvironmentsOptions;
  readonly #builds = new Map<string, Build>();
  /** Failures, each with how many of those who waited for the build have not been told yet. */
  readonly #failures = new Map<string, { readonly error: Error; untold: number }>();
  readonly #stopping = new AbortController();
  #python: HostPython | undefined;

  constructor(options: PythonEnvironmentsOptions) {
    this.#options = options;
  }

  async request(requirements: readonly string[], asker: string, onSettled: () => void): Promise<EnvironmentState> {
    const hash = await this.#hashOf(requirements);
    const ready = await this.#find(hash);
    if (ready !== undefined) return { kind: "ready", environment: ready };
    const running = this.#builds.get(hash);
    if (running !== undefined) {
      running.waiting.set(asker, onSettled);
      return { kind: "building", progress: running.progress };
    }
    const failure = this.#failures.get(hash);
    if (failure !== undefined) {
      failure.untold -= 1;
      if (failure.untold <= 0) this.#failures.delete(hash);
      return { kind: "failed", error: failure.error };
    }
    const build: Build = {
      waiting: new Map([[asker, onSettled]]),
      progress: "building Python environment",
      done: Promise.resolve(),
    };
    this.#builds.set(hash, build);
    build.done = this.#run(hash, requirements, build);
    return { kind: "building", progress: build.progress };
  }

  async prune(before: Instant, keep: readonly (readonly string[])[]): Promise<number> {
    const { folder } = this.#options;
    const names = await readdir(folder).catch(() => []);
    const kept = new Set(await Promise.all(keep.map(async (requirements) => await this.#hashOf(requirements))));
    const isOld = async (name: string): Promise<boolean> => (await stat(join(folder, name))).mtimeMs < before;
    let count = 0;
    for (const pointer of names.filter((name) => name.endsWith(".json"))) {
      const hash = pointer.slice(0, -".json".length);
      if (kept.has(hash) || this.#builds.has(hash) || !(await isOld(pointer))) continue;
      // The pointer goes first: nobody may find an environment that is half gone.
      await rm(join(folder, pointer));
      count += 1;
    }
    const pointed = new Set(
      await Promise.all(
        (await readdir(folder).catch(() => []))
          .filter((name) => name.endsWith(".json"))
          .map(async (name) => await this.#folderOf(name)),
      ),
    );
    for (const name of names.filter((each) => !each.includes("."))) {
      const isBuilt = this.#builds.has(name.split("-")[0] ?? "");
      if (pointed.has(name) || isBuilt || !(await isOld(name))) continue;
      await rm(join(folder, name), { recursive: true, force: true });
    }
    return count;
  }

  /** The name of the folder that a pointer names. */
  async #folderOf(pointer: string): Promise<string> {
    const { folder } = JSON.parse(await readFile(join(this.#options.folder, pointer), "utf8")) as {
      readonly folder: string;
    };
    return folder;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#builds.values()].map((build) => build.done));
  }

  async #hashOf(requirements: readonly string[]): Promise<string> {
    this.#python ??= await readHostPython(this.#env(), this.#stopping.signal);
    const { version, platform } = this.#python;
    const content = {
      formatVersion,
      version,
      platform,
      requirements: [...new Set(requirements.map((line) => line.trim()))].toSorted(),
    };
    return createHash("sha256").update(canonicalJson(content)).digest("hex").slice(0, 24);
  }

  async #find(hash: string): Promise<PythonEnvironment | undefined> {
    const pointer = join(this.#options.folder, `${hash}.json`);
    if (!existsSync(pointer)) return undefined;
    const environment = describeEnvironment(join(this.#options.folder, await this.#folderOf(`${hash}.json`)));
    if (!existsSync(environment.python)) return undefined;
    const now = new Date();
    await utimes(pointer, now, now);
    return environment;
  }

  /** Builds in the background; the failure is kept for whoever asks next. */
  async #run(hash: string, requirements: readonly string[], build: Build): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#buildAlone(hash, requirements, build);
      log.info("python environment built", { hash });
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        this.#failures.set(hash, {
          error: error instanceof Error ? error : new Error(String(error)),
          untold: build.waiting.size,
        });
        log.warn("python environment not built", { hash, error: String(error) });
      }
    } finally {
      this.#builds.delete(hash);
      if (!this.#stopping.signal.aborted) for (const settled of build.waiting.values()) settled();
    }
  }

  /** One process builds; another that wants the same waits for it, and takes over when it dies. */
  async #buildAlone(hash: string, requirements: readonly string[], build: Build): Promise<void> {
    const { folder } = this.#options;
    await ensureFolder(folder);
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(buildTimeoutMs)]);
    for (;;) {
      const lock = await takeLock(join(folder, `${hash}.lock`));
      if (lock === undefined) {
        build.progress = "building Python environment: another server builds it";
        await pause(otherBuildLookMs, undefined, { signal });
        continue;
      }
      try {
        if ((await this.#find(hash)) === undefined) await this.#build(hash, requirements, build, signal);
        return;
      } finally {
        await lock.release();
      }
    }
  }

  async #build(hash: string, requirements: readonly string[], build: Build, signal: AbortSignal): Promise<void> {
    const { folder } = this.#options;
    const name = `${hash}-${randomBytes(4).toString("hex")}`;
    const path = join(folder, name);
    try {
      await this.#install(path, requirements, build, signal);
      await writeFileAtomically(
        join(folder, `${hash}.json`),
        JSON.stringify({ folder: name, requirements, python: this.#python }),
      );
    } catch (error) {
      await rm(path, { recursive: true, force: true });
      throw toDiskFault(error, path);
    }
  }

  async #install(path: string, requirements: readonly string[], build: Build, signal: AbortSignal): Promise<void> {
    const python = this.#python ?? (await readHostPython(this.#env(), signal));
    build.progress = "building Python environment: looking for uv";
    const uv = await findUv(this.#options.toolsFolder, python, this.#env(), signal);
    const list = `${path}.requirements.txt`;
    await writeFile(list, `${requirements.join("\n")}\n`).catch((error: unknown) => {
      throw toDiskFault(error, list);
    });
    const steps: readonly (readonly string[])[] =
      uv === null
        ? [
            [python.path, "-m", "venv", path],
            [
              join(path, "bin", "python"),
              "-m",
              "pip",
              "install",
              "--disable-pip-version-check",
              "--no-input",
              "-r",
              list,
            ],
          ]
        : [
            [uv, "venv", "--no-project", "--python", python.path, path],
            [uv, "pip", "install", "--python", join(path, "bin", "python"), "-r", list],
          ];
    try {
      for (const [program = "", ...parameters] of steps) {
        const onLine = (line: string): void => {
          build.progress = toProgress(line) ?? build.progress;
        };
        const end = await runCommand(program, parameters, {
          env: this.#env(),
          timeoutMs: buildTimeoutMs,
          signal,
          onLine,
        });
        if (end.exitCode !== 0) throw buildFault(end.output, requirements, signal);
      }
    } finally {
      await rm(list, { force: true });
    }
  }

  #env(): Variables {
    const host = this.#options.hostEnvironment;
    const registry = Object.entries(host).filter(([name]) => registryVariable.test(name));
    return { ...inheritedVariables(host), ...Object.fromEntries(registry), PYTHONNOUSERSITE: "1", NO_COLOR: "1" };
  }
}

function describeEnvironment(folder: string): PythonEnvironment {
  const binFolder = join(folder, "bin");
  return { folder, binFolder, python: join(binFolder, "python") };
}

function buildFault(output: string, requirements: readonly string[], signal: AbortSignal): Error {
  if (signal.aborted && isFault(signal.reason)) return signal.reason;
  if (/No space left on device|os error 28/i.test(output)) {
    return new Fault(
      "platform.disk-full",
      "no space is left to build the Python environment; free some on that disk, then try again",
    );
  }
  const failed = findFailedPackage(output, requirements);
  const what =
    failed === null
      ? "the Python environment could not be built"
      : `the Python environment could not be built because of ${failed}`;
  return new Fault(
    "compute.environment-failed",
    `${what}; mend the requirements, then try again. The build's last lines:\n${tailOf(output)}`,
    {
      details: { package: failed, requirements },
    },
  );
}
