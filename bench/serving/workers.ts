/**
 * How the gateway scales with its workers: one host for each number of workers, nginx as proxy with as many worker processes beside
 * it, the same load in turn. Limits of three kinds are in force. The load generator and the upstream need cores of their own, so
 * figures count only on a machine with well more cores than workers.
 *
 * `npm run bench:gateway:workers -- [--json] [--workers 1,2,4] [--connections 256] [--rounds 5] [--seconds 4] [--threads 2]`
 *
 * `--threads`: of the load generator, and worker processes of the upstream.
 */
import type { LimitRule } from "../../src/serving/gateway/limits/limit-rule.ts";
import { LeaseBook } from "../../src/serving/gateway/limits/lease-book.ts";
import { modelRoute } from "../../src/serving/fixtures/model-route.ts";
import { median } from "../benchmark.ts";
import { provenance } from "../provenance.ts";
import { startBenchGateway } from "./bench-gateway.ts";
import { cpuMicros } from "./process-cpu.ts";
import { chatBody, type Contestant, ensureProgram, saysNothing, startNginxProxy, startUpstreams } from "./upstreams.ts";
import { type LoadResult, runLoad } from "./wrk-load.ts";
import { readOptions } from "../../tools/read-options.ts";

const values = readOptions({
  json: { type: "boolean", default: false },
  workers: { type: "string", default: "1,2,4" },
  connections: { type: "string", default: "256" },
  rounds: { type: "string", default: "5" },
  seconds: { type: "string", default: "4" },
  threads: { type: "string", default: "2" },
});
const workerCounts = values.workers.split(",").map(Number);
const connections = Number(values.connections);
const seconds = Number(values.seconds);
const threads = Number(values.threads);

const warmUpSeconds = 3;

const everyone = { identity: null, key: null, project: "default", team: null, deployment: null };

/** Limits that no load here reaches: each request is counted, none is refused. */
const rules: readonly LimitRule[] = [
  { id: "requests", name: "requests", subject: everyone, measure: "requests", amount: 100_000_000 },
  { id: "tokens", name: "tokens", subject: everyone, measure: "tokens", amount: 10_000_000_000 },
  { id: "at-once", name: "at-once", subject: everyone, measure: "concurrency", amount: 1_000_000 },
];

interface Round extends LoadResult {
  readonly cpuMicros: number;
}

/** A gateway without a control plane, whose limits are lent as the server lends them. */
async function startGateway(workers: number, upstream: number): Promise<Contestant> {
  const book = new LeaseBook(Date.now());
  book.setRules(rules, Date.now());
  const gateway = await startBenchGateway(
    workers,
    ({ worker, reports }) => book.lease(worker, reports, Date.now()).grants,
  );
  gateway.setLimits({ rules, teams: {} });
  await gateway.publish(
    modelRoute("bench", [{ address: { kind: "http", url: `http://127.0.0.1:${upstream}` } }], {
      slo: { ttftMs: 1_000, tpotMs: 100 },
      price: { inputPerMillion: 1_000_000, outputPerMillion: 3_000_000 },
    }),
  );
  return {
    name: "millwright",
    about: "key check, limits of three kinds, admission, routing and metrics on",
    pid: gateway.pid,
    request: (isStream) => ({
      url: `http://127.0.0.1:${gateway.port}/v1/chat/completions`,
      headers: { authorization: "Bearer bench" },
      body: chatBody("bench", isStream),
    }),
    troubles: saysNothing,
    stop: async () => await gateway.stop(),
  };
}

async function measure(proxy: Contestant, spanSeconds = seconds): Promise<Round> {
  const before = cpuMicros(proxy.pid);
  const result = await runLoad(proxy.request(false), connections, spanSeconds, threads);
  return { ...result, cpuMicros: (cpuMicros(proxy.pid) - before) / Math.max(1, result.requests) };
}

ensureProgram("nginx", "nginx-light");
ensureProgram("wrk", "wrk");
const upstreams = await startUpstreams(threads);
const entrants: { readonly workers: number; readonly name: string; readonly proxy: Contestant; rounds: Round[] }[] = [];
try {
  for (const workers of workerCounts) {
    const proxies = [await startGateway(workers, upstreams.whole), await startNginxProxy(upstreams, workers)];
    for (const [index, proxy] of proxies.entries()) {
      entrants.push({ workers, name: index === 0 ? "millwright" : "nginx", proxy, rounds: [] });
      await measure(proxy, warmUpSeconds);
    }
  }
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const entrant of entrants) entrant.rounds.push(await measure(entrant.proxy));
  }
  const rpsOf = (rounds: readonly Round[]): number => median(rounds.map((round) => round.requests / round.seconds));
  const rows = entrants.map(({ workers, name, rounds }) => {
    const of = (value: (round: Round) => number): number => Math.round(median(rounds.map(value)) * 100) / 100;
    const single = entrants.find((other) => other.name === name && other.workers === workerCounts[0]);
    return {
      proxy: name,
      workers,
      rps: Math.round(rpsOf(rounds)),
      speedup: Math.round((rpsOf(rounds) / rpsOf(single?.rounds ?? rounds)) * 100) / 100,
      cpuMicrosPerRequest: of((round) => round.cpuMicros),
      p50Ms: of((round) => round.p50Ms),
      p99Ms: of((round) => round.p99Ms),
      errors: rounds.reduce((sum, round) => sum + round.errors, 0),
    };
  });
  if (values.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else {
    process.stdout.write(
      `| proxy | workers | requests/s | times ${workerCounts[0]} | CPU, us a request | p50, ms | p99, ms | errors |\n|---|---|---|---|---|---|---|---|\n`,
    );
    for (const row of rows) process.stdout.write(`| ${Object.values(row).join(" | ")} |\n`);
    for (const line of provenance()) process.stdout.write(`- ${line}\n`);
  }
} finally {
  for (const { proxy } of entrants) await proxy.stop();
  await upstreams.stop();
}
