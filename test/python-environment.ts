import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** How long building an environment may take: the largest downloads some 200 MB once. */
export const environmentTimeoutMs = 600_000;

/**
 * A Python environment with packages from the registry, such as a system's own unmodified client, built once and kept in the
 * system's temporary folder.
 *
 * @param name of the environment, for people; part of its folder's name.
 * @param requirements as pip takes them, each with its version.
 * @returns the path of its interpreter.
 * @throws when the machine has no `python3`, or the packages cannot be installed.
 */
export async function pythonWith(name: string, requirements: readonly string[]): Promise<string> {
  const version = await run("python3", ["--version"]).then(
    ({ stdout }) => stdout.trim(),
    (error: unknown) => {
      throw new Error(`tests with ${name} need python3 (with venv) on the PATH; install it`, { cause: error });
    },
  );
  const hash = createHash("sha256").update(JSON.stringify({ version, requirements })).digest("hex").slice(0, 16);
  const folder = join(tmpdir(), `millwright-test-${name}-${hash}`);
  const python = join(folder, "bin", "python");
  const complete = join(folder, "complete");
  if (existsSync(complete)) return python;
  await rm(folder, { recursive: true, force: true });
  const options = { timeout: environmentTimeoutMs, maxBuffer: 64 * 1024 * 1024 };
  const hasUv = await run("uv", ["--version"]).then(
    () => true,
    () => false,
  );
  try {
    if (hasUv) {
      await run("uv", ["venv", "--python", "python3", folder], options);
      await run("uv", ["pip", "install", "--python", python, ...requirements], options);
    } else {
      await run("python3", ["-m", "venv", folder], options);
      await run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...requirements], options);
    }
  } catch (cause) {
    const message = `these tests need ${requirements.join(" ")} from the Python registry, which could not be installed`;
    throw new Error(message, { cause });
  }
  await writeFile(complete, "");
  return python;
}
