import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
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

test("npx millwright up, status and down run the installed server, and it shows the user interface", async () => {
  const flags = ["--data-dir", join(workplace, "data"), "--json"];
  const millwright = async (...words: readonly string[]): Promise<unknown> => {
    const { output } = await run(["npx", "millwright", ...words, ...flags], home);
    return JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1));
  };
  try {
    const { controlUrl } = upSchema.parse(await millwright("up", "--detach", "--port", "0", "--gateway-port", "0"));

    const page = await fetch(controlUrl, { signal: AbortSignal.timeout(programTimeoutMs) });
    const text = await page.text();
    const script = /<script[^>]* src="([^"]+)"/.exec(text)?.[1] ?? "no script";
    const program = await fetch(new URL(script, controlUrl), { signal: AbortSignal.timeout(programTimeoutMs) });

    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(text).toContain('<div id="root">');
    expect(program.status).toBe(200);
    expect(program.headers.get("content-type")).toContain("javascript");
    expect(await millwright("status")).toMatchObject({ counts: { Team: 1, Project: 1 } });
  } finally {
    await millwright("down");
  }
  await expect(millwright("status")).rejects.toThrow("no server runs");
});

test("the installed server runs a pipeline's step by the program that the package carries", async () => {
  const flags = ["--data-dir", join(workplace, "data")];
  const manifests = join(workplace, "step.yaml");
  const resources = [
    { kind: "Pool", name: "local", spec: {} },
    { kind: "Dataset", name: "one", spec: {} },
    { kind: "Pipeline", name: "one", spec: { steps: [{ name: "one", output: "one", sql: "SELECT 1 AS a" }] } },
  ];
  await writeFile(manifests, resources.map((resource) => JSON.stringify(resource)).join("\n---\n"));
  try {
    await run(["npx", "millwright", "up", "--detach", "--port", "0", "--gateway-port", "0", ...flags], home);
    await run(["npx", "millwright", "apply", "-f", manifests, "--yes", ...flags], home);

    await run(["npx", "millwright", "wait", "pipeline/one", "--for", "phase=succeeded", ...flags], home);

    const { output } = await run(["npx", "millwright", "logs", "pipeline/one", ...flags], home);
    expect(output).toContain("step one reads nothing");
  } finally {
    await run(["npx", "millwright", "down", ...flags], home);
  }
});
