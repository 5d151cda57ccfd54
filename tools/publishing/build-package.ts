import { chmod, cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../checks/run-program.ts";

/** The program that `npx millwright` runs, inside the built folder. */
const cliProgram = join("src", "cli", "main.js");
const shebang = "#!/usr/bin/env node\n";

/** What a part of the build is called, and how to do it. */
interface Part {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

/** The programs that write JavaScript and the user interface into `target`. */
function buildParts(root: string, target: string): readonly Part[] {
  const program = (name: string): string => join(root, "node_modules", ".bin", name);
  return [
    { name: "server and command line", command: [program("tsc"), "-p", "tsconfig.build.json", "--outDir", target] },
    {
      name: "user interface",
      command: [
        program("vite"),
        "build",
        "--config",
        join("web", "vite.config.ts"),
        "--outDir",
        join(target, "web"),
        "--emptyOutDir",
      ],
    },
  ];
}

/** Whether a file of `src` is needed at run time as it is: Python programs, templates, data; not code, not tests. */
function isAsset(path: string): boolean {
  return !/\.tsx?$|\.pyc$|(?:^|\/)(?:fixtures|__pycache__)(?:\/|$)/.test(path);
}

async function copyAssets(source: string, target: string): Promise<number> {
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  const assets = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(source.length + 1))
    .filter(isAsset);
  for (const asset of assets) await cp(join(source, asset), join(target, asset));
  return assets.length;
}

/** Makes the program start under Node when a shell runs it. */
async function makeExecutable(path: string): Promise<void> {
  const text = await readFile(path, "utf8");
  if (!text.startsWith("#!")) await writeFile(path, shebang + text);
  await chmod(path, 0o755);
}

/**
 * Builds what the published package carries: JavaScript from `src`, the user interface, and the files that both
 * need at run time. What lay in `target` before is removed.
 *
 * @param target an absolute folder; `dist` of the repository for a release, a temporary one for tests.
 * @param say is told each part as it is done.
 * @throws {Error} with the output of the program that failed.
 */
export async function buildPackage(
  root: string,
  target: string,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await rm(target, { recursive: true, force: true });
  for (const part of buildParts(root, target)) {
    const { exitCode, output, tookMs } = await runProgram(part.command, { folder: root }, signal);
    if (exitCode !== 0) throw new Error(`building the ${part.name} ended with ${exitCode}:\n${output}`);
    say(`${part.name}: ${(tookMs / 1000).toFixed(1)} s`);
  }
  const assets = await copyAssets(join(root, "src"), join(target, "src"));
  say(`${assets} files copied as they are`);
  await makeExecutable(join(target, cliProgram));
}
