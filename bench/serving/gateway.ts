/**
 * The gateway beside its peers in one run: CPU of the proxy's processes for each request, requests a second, latency added.
 *
 * `npm run bench:gateway -- [--json] [--write] [--rounds 5] [--seconds 3] [--connections 1,16,128,1000] [--workers N]
 * [--proxies millwright,nginx,portkey,litellm]`
 *
 * `--workers 2` also measures a gateway of two workers beside that of one, as `millwright-2`. Codes of what the gateway refused are
 * written to stderr.
 */
import { readFile, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { median } from "../benchmark.ts";
import { provenance } from "../provenance.ts";
import { startLiteLlm, startMillwright, startPortkey } from "./gateway-peers.ts";
import {
  type Contestant,
  direct,
  ensureProgram,
  startNginxProxy,
  startUpstreams,
  type Upstreams,
} from "./upstreams.ts";
import { cpuMicros } from "./process-cpu.ts";
import { runLoad } from "./wrk-load.ts";
import { readOptions } from "../../tools/read-options.ts";

/** Chunks of one streamed answer. */
const chunksPerStream = 64;

/** A proxy is warmed up for this long before it is measured, so that compilers have done their work. */
const warmUpSeconds = 3;

/** One proxy at one number of connections in one round. */
interface Sample {
  readonly cpuMicrosPerRequest: number;
  readonly rps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
}

/** What is told of one proxy at one number of connections: medians over the rounds. */
interface Row {
  readonly proxy: string;
  readonly connections: number;
  readonly stream: boolean;
  readonly cpuMicrosPerRequest: number;
  readonly rps: number;
  readonly p50AddedMs: number;
  readonly p99AddedMs: number;
  readonly errors: number;
}

const values = readOptions({
  json: { type: "boolean", default: false },
  write: { type: "boolean", default: false },
  rounds: { type: "string", default: "5" },
  seconds: { type: "string", default: "3" },
  connections: { type: "string", default: "1,16,128,1000" },
  workers: { type: "string", default: "1" },
  proxies: { type: "string", default: "millwright,nginx,portkey,litellm" },
});
const rounds = wholeNumber("--rounds", values.rounds);
const seconds = wholeNumber("--seconds", values.seconds);
const connectionCounts = values.connections.split(",").map((word) => wholeNumber("--connections", word));
const workers = wholeNumber("--workers", values.workers);

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  process.stderr.write(`${option} wants a whole number above 0, found ${text}\n`);
  process.exit(2);
}

const manyWorkers = `millwright-${workers}`;
const starters: Readonly<Record<string, (upstreams: Upstreams) => Promise<Contestant>>> = {
  millwright: async (upstreams) => await startMillwright(upstreams, 1),
  [manyWorkers]: async (upstreams) => await startMillwright(upstreams, workers),
  nginx: startNginxProxy,
  portkey: startPortkey,
  litellm: startLiteLlm,
};

async function startContestants(upstreams: Upstreams): Promise<readonly Contestant[]> {
  const started: Contestant[] = [direct(upstreams)];
  const asked = values.proxies.split(",");
  if (workers > 1 && !asked.includes(manyWorkers)) asked.splice(asked.indexOf("millwright") + 1, 0, manyWorkers);
  for (const name of asked) {
    const start = starters[name];
    if (start === undefined)
      throw new Error(`--proxies wants some of ${Object.keys(starters).join(", ")}, found ${name}`);
    process.stderr.write(`starting ${name}\n`);
    started.push(await start(upstreams));
  }
  return started;
}

async function measure(contestant: Contestant, connections: number, isStream: boolean): Promise<Sample> {
  const before = contestant.pid === 0 ? 0 : cpuMicros(contestant.pid);
  const result = await runLoad(contestant.request(isStream), connections, seconds);
  const used = contestant.pid === 0 ? 0 : cpuMicros(contestant.pid) - before;
  if (result.errors > 0) process.stderr.write(`${await contestant.troubles()}\n`);
  return {
    cpuMicrosPerRequest: used / Math.max(1, result.requests),
    rps: result.requests / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    errors: result.errors,
  };
}

/** Both sorts of answers, with few connections and with many, so that no round pays for what a start costs. */
async function warmUp(contestants: readonly Contestant[]): Promise<void> {
  const most = Math.max(...connectionCounts);
  for (const contestant of contestants) {
    for (const isStream of [false, true]) {
      await runLoad(contestant.request(isStream), Math.min(16, most), warmUpSeconds);
      await runLoad(contestant.request(isStream), most, 1);
    }
  }
}

async function run(contestants: readonly Contestant[]): Promise<readonly Row[]> {
  await warmUp(contestants);
  const samples = new Map<string, Sample[]>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const connections of connectionCounts) {
      for (const isStream of [false, true]) {
        for (const contestant of contestants) {
          const sample = await measure(contestant, connections, isStream);
          const key = keyOf(contestant.name, connections, isStream);
          samples.set(key, [...(samples.get(key) ?? []), sample]);
          process.stderr.write(
            `round ${round}, ${connections} connections, ${isStream ? "streamed" : "whole"}, ${contestant.name}: ` +
              `${sample.cpuMicrosPerRequest.toFixed(0)} us, ${sample.rps.toFixed(0)} a second, ${sample.errors} errors\n`,
          );
        }
      }
    }
  }
  return contestants.flatMap((contestant) =>
    connectionCounts.flatMap((connections) =>
      [false, true].map((isStream) => toRow(samples, contestant.name, connections, isStream)),
    ),
  );
}

function keyOf(name: string, connections: number, isStream: boolean): string {
  return `${name}/${connections}/${isStream}`;
}

function toRow(
  samples: ReadonlyMap<string, readonly Sample[]>,
  name: string,
  connections: number,
  isStream: boolean,
): Row {
  const own = samples.get(keyOf(name, connections, isStream)) ?? [];
  const base = samples.get(keyOf("direct", connections, isStream)) ?? [];
  const added = (value: (sample: Sample) => number): number =>
    median(own.map((sample, round) => value(sample) - value(base[round] ?? sample)));
  return {
    proxy: name,
    connections,
    stream: isStream,
    cpuMicrosPerRequest: Math.round(median(own.map((sample) => sample.cpuMicrosPerRequest)) * 10) / 10,
    rps: Math.round(median(own.map((sample) => sample.rps))),
    p50AddedMs: Math.round(added((sample) => sample.p50Ms) * 1_000) / 1_000,
    p99AddedMs: Math.round(added((sample) => sample.p99Ms) * 1_000) / 1_000,
    errors: own.reduce((sum, sample) => sum + sample.errors, 0),
  };
}

function writePage(rows: readonly Row[], contestants: readonly Contestant[]): string {
  const cpuOf = (proxy: string, like: Row): number | undefined =>
    rows.find((row) => row.proxy === proxy && row.connections === like.connections && row.stream === like.stream)
      ?.cpuMicrosPerRequest;
  const ours = "millwright";
  const table = rows.map((row) => {
    const own = cpuOf(ours, row) ?? Number.NaN;
    const ratio = row.proxy === "direct" || row.proxy === ours ? "" : (row.cpuMicrosPerRequest / own).toFixed(2);
    const chunk = row.stream ? (row.cpuMicrosPerRequest / chunksPerStream).toFixed(1) : "";
    return `| ${row.proxy} | ${row.connections} | ${row.stream ? "streamed" : "whole"} | ${row.cpuMicrosPerRequest.toFixed(0)} | ${chunk} | ${ratio} | ${row.rps} | ${row.p50AddedMs} | ${row.p99AddedMs} | ${row.errors} |`;
  });
  return [
    "# Benchmark: the gateway",
    "",
    "Loopback. `whole`: a chat request of 1 KB, answered by nginx's `return 200` with one completion. `streamed`: the same request,",
    `answered by a program with ${chunksPerStream} chunks, one for each turn of its loop. wrk keeps the connections busy (closed loop). CPU is user and`,
    "system time of the proxy's processes with their children from `/proc`, divided by the requests; it is the figure to compare, since",
    "load generator, upstreams and proxies share the cores. Added latency is against the same load without a proxy in the same round.",
    `Medians of ${rounds} interleaved rounds of ${seconds} s. Ratio: the peer's CPU for each request over ours.`,
    "",
    "| proxy | connections | answers | CPU, us a request | us a chunk | ratio | requests/s | p50 added, ms | p99 added, ms | errors |",
    "|---|---|---|---|---|---|---|---|---|---|",
    ...table,
    "",
    ...contestants.map((contestant) => `- ${contestant.name}: ${contestant.about}`),
    ...provenance().map((line) => `- ${line}`),
    `- Load average at the end: ${loadavg()
      .map((value) => value.toFixed(1))
      .join(", ")}`,
    "",
  ].join("\n");
}

/** Sections of the page's own stay below what is measured anew. */
async function renewPage(path: string, page: string): Promise<void> {
  const old = await readFile(path, "utf8");
  const ownSections = old.indexOf("\n## ");
  await writeFile(path, page + (ownSections === -1 ? "" : old.slice(ownSections)));
}

ensureProgram("nginx", "nginx-light");
ensureProgram("wrk", "wrk");
const upstreams = await startUpstreams();
const contestants = await startContestants(upstreams);
try {
  const rows = await run(contestants);
  const page = writePage(rows, contestants);
  process.stdout.write(values.json ? `${JSON.stringify(rows, null, 2)}\n` : page);
  if (values.write) await renewPage(join(import.meta.dirname, "../../docs/benchmarks/gateway.md"), page);
} finally {
  for (const contestant of contestants.toReversed()) await contestant.stop();
  await upstreams.stop();
}
