import { existsSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { ensureFolder, toDiskFault } from "../../platform/files.ts";
import { type CommandOptions, runCommand } from "./run-command.ts";
import type { Variables } from "./task-environment.ts";

const versionTimeoutMs = 30_000;
const installTimeoutMs = 300_000;

/** The machine's Python: what an environment depends on. */
export interface HostPython {
  /** Absolute path of the real interpreter, behind any shim. */
  readonly path: string;
  readonly version: string;
  readonly platform: string;
}

/** Asks `python3` who it is. @throws {Fault} `compute.python-missing`. */
export async function readHostPython(env: Variables, signal: AbortSignal): Promise<HostPython> {
  const script =
    "import json,sys,sysconfig;print(json.dumps([sys.executable,sys.version.split()[0],sysconfig.get_platform()]))";
  const end = await runCommand("python3", ["-c", script], { env, timeoutMs: versionTimeoutMs, signal });
  const line = end.output.trim().split("\n").at(-1) ?? "";
  if (end.exitCode !== 0 || !line.startsWith("[")) {
    const found = end.isMissing
      ? "there is no program python3 on the server's PATH"
      : `python3 does not work: ${end.output.trim().slice(-300)}`;
    throw new Fault(
      "compute.python-missing",
      `a workload needs a Python environment, and ${found}; install Python 3.9 or newer, then try again`,
    );
  }
  const [path = "", version = "", platform = ""] = JSON.parse(line) as readonly string[];
  return { path, version, platform };
}

/** Finds `uv`: on the PATH, among the tools, or installed there now from the Python registry; null where that fails. */
export async function findUv(
  tools: string,
  python: HostPython,
  env: Variables,
  signal: AbortSignal,
): Promise<string | null> {
  const onPath = await runCommand("uv", ["--version"], { env, timeoutMs: versionTimeoutMs, signal });
  if (onPath.exitCode === 0) return "uv";
  const home = join(tools, "uv");
  const installed = join(home, "bin", "uv");
  if (existsSync(installed)) return installed;
  await ensureFolder(tools);
  const partial = await mkdtemp(join(tools, "uv-"));
  try {
    if (!(await installUv(partial, python, { env, timeoutMs: installTimeoutMs, signal }))) return null;
    // The program uv needs nothing of what brought it, so that it may be moved.
    await rename(partial, home);
    return installed;
  } catch (error) {
    if (existsSync(installed)) return installed;
    throw toDiskFault(error, home);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

const pipInstall: readonly string[] = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"];

/** By the machine's own pip, which is quick; where Python has none, by the pip of a fresh virtual environment. */
async function installUv(folder: string, python: HostPython, options: CommandOptions): Promise<boolean> {
  const direct = await runCommand(python.path, [...pipInstall, "--target", folder, "uv"], options);
  if (direct.exitCode === 0) return true;
  // A pip that found nothing to install will not find it from elsewhere either.
  if (!direct.output.includes("No module named pip")) return false;
  const venv = await runCommand(python.path, ["-m", "venv", folder], options);
  if (venv.exitCode !== 0) return false;
  const pip = await runCommand(join(folder, "bin", "python"), [...pipInstall, "uv"], options);
  return pip.exitCode === 0;
}
