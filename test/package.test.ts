import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { type Outcome, runProgram } from "../tools/checks/run-program.ts";
import { buildPackage } from "../tools/publishing/build-package.ts";

const root = join(import.meta.dirname, "..");
/** One program of the installation; with a cold cache npm fetches some hundred megabytes. */
const programTimeoutMs = 180_000;
/** Building, packing and installing together. */
const installTimeoutMs = 400_000;
const manifestSchema = z.object({ version: z.string(), files: z.array(z.string()) });
const simulationSchema = z.object({
  report: z.object({ policy: z.string(), outcomes: z.object({ succeeded: z.number() }) }),
});
const upSchema = z.object({ controlUrl: z.string() });

/** Where programs are found: this very Node first, and nothing of the repository's own packages. */
const path = [dirname(process.execPath), ...(process.env["PATH"] ?? "").split(delimiter)]
  .filter((folder) => !folder.endsWith(join("node_modules", ".bin")))
  .join(delimiter);

/** The environment of somebody who never saw this repository: nothing of the npm that runs the tests. */
const environment = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|vitest|node_(env|options|path)$|init_cwd$)/i.test(name)),
  ),
  PATH: path,
  ONNXRUNTIME_NODE_INSTALL: "skip",
};

let workplace: string;
let home: string;

async function run(command: readonly [string, ...string[]], folder: string): Promise<Outcome> {
  const outcome = await runProgram(command, { folder, environment }, AbortSignal.timeout(programTimeoutMs));
  if (outcome.exitCode !== 0)
    throw new Error(`${command.join(" ")} ended with ${outcome.exitCode}:\n${outcome.output}`);
  return outcome;
}

/** Packs what a release would publish, without touching the repository's own `dist`; returns the tarball's path. */
async function pack(staging: string): Promise<string> {
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(root, "package.json"), "utf8")));
  await buildPackage(root, join(staging, "dist"), () => undefined, AbortSignal.timeout(programTimeoutMs));
  const published = new Set(["package.json", "README.md", "LICENSE", "CHANGELOG.md", "examples"]);
  const present = (await readdir(root)).filter((name) => published.has(name));
  for (const name of present) await cp(join(root, name), join(staging, name), { recursive: true });
  await run(["npm", "pack", "--pack-destination", workplace], staging);
  return join(workplace, `millwright-${manifest.version}.tgz`);
}

beforeAll(async () => {
  workplace = await mkdtemp(join(tmpdir(), "millwright-package-"));
  // PostgreSQL runs as an account of its own when a root starts it: it must reach the data directory.
  await chmod(workplace, 0o755);
  home = join(workplace, "home");
  const staging = join(workplace, "staging");
  await mkdir(home);
  await mkdir(staging);
  await run(["npm", "install", "--no-audit", "--no-fund", "--fetch-retries=1", await pack(staging)], home);
}, installTimeoutMs);

afterAll(async () => {
  await rm(workplace, { recursive: true, force: true });
});

test("the installed package answers with its version", async () => {
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(root, "package.json"), "utf8")));

  const { output } = await run(["npx", "millwright", "--version"], home);

  expect(output).toContain(manifest.version);
});

test("the package carries programs, the user interface and the licence, and neither sources nor tests", async () => {
  const installed = join(home, "node_modules", "millwright");
  const paths = (await readdir(installed, { recursive: true })).map(String);

  expect(paths).toEqual(
    expect.arrayContaining(["LICENSE", "CHANGELOG.md", "dist/src/cli/main.js", "dist/src/server/main.js"]),
  );
  expect(paths).toContain("dist/web/index.html");
  expect(paths.filter((path) => /\.test\.|^dist\/.*\.tsx?$|fixtures|__pycache__/.test(path))).toEqual([]);
});

test("every Python program and data file of src is in the package", async () => {
  const sources = (await readdir(join(root, "src"), { recursive: true })).map(String);
  const programs = sources.filter((path) => path.endsWith(".py") && !path.includes("fixtures"));
  const installed = await readdir(join(home, "node_modules", "millwright", "dist", "src"), { recursive: true });

  expect(installed).toEqual(expect.arrayContaining(programs));
});

test("the installed package simulates its own example", async () => {
  const example = join(home, "node_modules", "millwright", "examples", "simulate");
  const files = ["--cluster", join(example, "cluster.yaml"), "--trace", join(example, "trace.csv")];

  const { output } = await run(["npx", "millwright", "simulate", ...files, "--policy", "fifo", "--json"], home);

  const { report } = simulationSchema.parse(JSON.parse(output));
  expect(report).toEqual({ policy: "fifo", outcomes: { succeeded: 160 } });
});

test("the installed server starts in an empty folder and shows the user interface", { timeout: 180_000 }, async () => {
  const data = join(workplace, "data");
  const flags = ["--data-dir", data];
  try {
    const { output } = await run(
      ["npx", "millwright", "up", "--detach", "--json", ...flags, "--port", "0", "--gateway-port", "0"],
      home,
    );
    const { controlUrl } = upSchema.parse(JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1)));

    const answer = await fetch(controlUrl, { signal: AbortSignal.timeout(10_000) });

    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toContain("text/html");
    expect(await answer.text()).toContain('<div id="root">');
  } finally {
    await run(["npx", "millwright", "down", ...flags], home);
  }
});
