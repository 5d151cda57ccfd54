import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { simulationReportSchema } from "../../src/scheduling/simulator/report/model.ts";
import { ownTraceColumns } from "../../src/scheduling/simulator/trace/own-trace.ts";
import { policyNames } from "../../src/scheduling/simulator/model.ts";

const root = join(import.meta.dirname, "../..");
const program = join(root, "src/cli/main.ts");
const cluster = join(root, "examples/simulate/cluster.yaml");
const trace = join(root, "examples/simulate/trace.csv");
/** One simulation of the example takes about a second. */
const commandLimitMs = 60_000;
const answerSchema = z.object({
  schema_version: z.number(),
  report: simulationReportSchema,
  files: z.array(z.string()),
});
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "millwright-simulate-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly talk: string;
}

function simulate(...words: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const given = { env: { ...process.env, MILLWRIGHT_DATA_DIR: folder }, timeout: commandLimitMs, maxBuffer: 1e8 };
    execFile(process.execPath, [program, "simulate", ...words], given, (error, output, talk) => {
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, output, talk });
    });
  });
}

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

test("the example runs without a server, and leaves a report with plots that repeat", async () => {
  const out = join(folder, "out");
  const { code, output, talk } = await simulate(
    "--cluster",
    cluster,
    "--trace",
    trace,
    "--policy",
    "fifo",
    "--out",
    out,
    "--json",
  );
  expect({ code, talk }).toEqual({ code: 0, talk: "" });
  const { report, files } = answerSchema.parse(JSON.parse(output));

  expect(report).toMatchObject({
    policy: "fifo",
    cluster: { nodes: 16, gpus: 128 },
    outcomes: { succeeded: 160, refused: 0, waiting: 0 },
  });
  expect(report.queues.map(({ name }) => name).toSorted()).toEqual(["language", "vision"]);
  expect((await readdir(out)).toSorted()).toEqual([
    "queue-gpu-hours.svg",
    "queue-length.svg",
    "queue-waiting.svg",
    "report.html",
    "report.json",
    "utilisation.svg",
    "waiting.svg",
  ]);
  expect(files).toHaveLength(7);
  expect(JSON.parse(await readFile(join(out, "report.json"), "utf8"))).toEqual(report);
  const again = await simulate("--cluster", cluster, "--trace", trace, "--policy", "fifo", "--json");
  expect(answerSchema.parse(JSON.parse(again.output)).report).toEqual(report);
});

test("people see tables, and a simulation can be cut short", async () => {
  const { code, output } = await simulate("--cluster", cluster, "--trace", trace, "--policy", "fifo", "--until", "4h");

  expect(code).toBe(0);
  expect(output).toMatch(/^FIGURE +VALUE$/m);
  expect(output).toMatch(/^cluster +16 nodes, 128 GPUs, 1664 CPUs$/m);
  expect(output).toMatch(/^makespan +3h5[0-9]m$/m);
  expect(output).toMatch(/^QUEUE +WORKLOADS/m);
});

test("a mistake in the cluster file is shown at its line and column", async () => {
  const text = await readFile(cluster, "utf8");
  const bad = await write("bad.yaml", text.replace("gpuModel: H100", "gpuModle: H100").replace("lend: 16", "lend: 80"));
  const lending = await write("lending.yaml", text.replace("lend: 16", "lend: 80"));

  const misspelt = await simulate("--cluster", bad, "--trace", trace);
  const lent = await simulate("--cluster", lending, "--trace", trace);

  expect(misspelt.code).toBe(2);
  expect(misspelt.talk).toContain("bad.yaml:16:9: pools[0].nodes[1].gpuModle: there is no such field");
  expect(misspelt.talk).toContain('did you mean "gpuModel"?');
  expect(lent.code).toBe(2);
  expect(lent.talk).toMatch(/lending\.yaml:33:38: .*lends 80, more than the nominal 16 that is its own/);
});

test("mistakes in the trace are named by row and column; a missing one, and queues without quota, too", async () => {
  const bad = await write("bad.csv", "id,submit_s,duration_s,queue\nx,0,-5,vision\ny,1,1e99,vision\n");
  const foreign = await write("foreign.csv", "id,submit_s,duration_s,queue\nx,0,5,marketing\n");

  const rows = await simulate("--cluster", cluster, "--trace", bad);
  const missing = await simulate("--cluster", cluster, "--trace", join(folder, "none.csv"));
  const queue = await simulate("--cluster", cluster, "--trace", foreign);

  expect(rows.code).toBe(2);
  expect(rows.talk).toContain('row 2, column duration_s: wanted a number from 0 to 1000000000, found "-5"');
  expect(rows.talk).toContain("row 3, column duration_s");
  expect(missing).toMatchObject({ code: 3 });
  expect(missing.talk).toContain("scheduling.trace-unreadable");
  expect(queue.code).toBe(2);
  expect(queue.talk).toContain(
    "the trace submits to marketing; quotas without children, which are queues, are vision, language",
  );
});

test("an unknown policy is answered with a suggestion", async () => {
  const { code, talk } = await simulate("--cluster", cluster, "--trace", trace, "--policy", "esay");

  expect(code).toBe(2);
  expect(talk).toContain('--policy knows no "esay"; did you mean "easy"?');
});

test("the guide describes every column of a trace and every policy", async () => {
  const guide = await readFile(join(root, "docs/guides/simulate.md"), "utf8");

  for (const column of ownTraceColumns) expect(guide).toContain(`\`${column}\``);
  for (const policy of policyNames) expect(guide).toContain(`| \`${policy}\` |`);
});
