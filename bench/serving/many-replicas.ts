/**
 * What 4,000 replicas of one deployment cost a request, beside 4: one gateway, one upstream, the same load in turn. Each replica has
 * an address of its own (a path of the same upstream), hence connections, breaker and place in the balancer of its own.
 *
 * `npm run bench:gateway:replicas -- [--json] [--rounds 5] [--seconds 4] [--connections 16]`
 */
import { modelRoute } from "../../src/serving/fixtures/model-route.ts";
import { median } from "../benchmark.ts";
import { provenance } from "../provenance.ts";
import { startBenchGateway } from "./bench-gateway.ts";
import { ensureProgram, startUpstreams } from "./upstreams.ts";
import { cpuMicros } from "./process-cpu.ts";
import { type LoadResult, runLoad } from "./wrk-load.ts";
import { readOptions } from "../../tools/read-options.ts";

const replicaCounts = [4, 4_000] as const;

const values = readOptions({
  json: { type: "boolean", default: false },
  rounds: { type: "string", default: "5" },
  seconds: { type: "string", default: "4" },
  connections: { type: "string", default: "16" },
});
const connections = Number(values.connections);
const seconds = Number(values.seconds);

ensureProgram("nginx", "nginx-light");
ensureProgram("wrk", "wrk");
const upstreams = await startUpstreams();
const gateway = await startBenchGateway();

interface Round extends LoadResult {
  readonly cpuMicrosPerRequest: number;
}

async function measure(count: number): Promise<Round> {
  const request = {
    url: `http://127.0.0.1:${gateway.port}/v1/chat/completions`,
    headers: { authorization: "Bearer bench" },
    body: JSON.stringify({ model: nameOf(count), messages: [{ role: "user", content: "x".repeat(900) }] }),
  };
  const before = cpuMicros(gateway.pid);
  const result = await runLoad(request, connections, seconds);
  return { ...result, cpuMicrosPerRequest: (cpuMicros(gateway.pid) - before) / Math.max(1, result.requests) };
}

function nameOf(count: number): string {
  return `of-${count}`;
}

try {
  for (const count of replicaCounts) {
    const replicas = Array.from({ length: count }, (_, index) => ({
      id: `replica-${index}`,
      address: { kind: "http" as const, url: `http://127.0.0.1:${upstreams.whole}/${count}/${index}` },
    }));
    await gateway.publish(modelRoute(nameOf(count), replicas));
  }
  // The first requests open the connections of every replica.
  for (const count of replicaCounts) await measure(count);
  const rounds = new Map<number, Round[]>(replicaCounts.map((count) => [count, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const count of replicaCounts) rounds.get(count)?.push(await measure(count));
  }
  const rows = replicaCounts.map((count) => {
    const own = rounds.get(count) ?? [];
    const of = (value: (round: Round) => number): number => Math.round(median(own.map(value)) * 1_000) / 1_000;
    return {
      replicas: count,
      cpuMicrosPerRequest: of((round) => round.cpuMicrosPerRequest),
      rps: of((round) => round.requests / round.seconds),
      p50Ms: of((round) => round.p50Ms),
      p99Ms: of((round) => round.p99Ms),
      errors: own.reduce((sum, round) => sum + round.errors, 0),
    };
  });
  if (values.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else {
    process.stdout.write(
      "| replicas | CPU, us a request | requests/s | p50, ms | p99, ms | errors |\n|---|---|---|---|---|---|\n",
    );
    for (const row of rows) process.stdout.write(`| ${Object.values(row).join(" | ")} |\n`);
    for (const line of provenance()) process.stdout.write(`- ${line}\n`);
  }
} finally {
  await gateway.stop();
  await upstreams.stop();
}
