import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { Pool } from "undici";
import { startServer } from "../src/server/start-server.ts";
import type { Benchmark, Comparison } from "./benchmark.ts";

const trials = 7;
const writesPerTrial = 400;
const manyClients = 32;

/** One side of a comparison: makes one durable write. */
type Write = (client: number, count: number) => Promise<void>;

/** Resources updated (with their events) per second through the HTTP API, against plain inserts. */
export const resourceWrites: Benchmark = {
  name: "resource-writes",
  method:
    "Each write of ours is one `POST /api/v1/apply` that changes a Team: parsed, authorised, checked, stored with an " +
    "event in the Merkle log, and durable (fsync) when answered. Each write of the peer is one `insert` of a row of the " +
    "same text, autocommitted, through node-postgres, on the same PostgreSQL (fsync on). Both sides take turns, trial by " +
    `trial, ${writesPerTrial} writes each, with one client and with ${manyClients}. Client, server and database share the machine's cores.`,
  async run(report) {
    process.env["MILLWRIGHT_LOG_LEVEL"] = "error";
    const folder = await mkdtemp(join(tmpdir(), "millwright-bench-"));
    await chmod(folder, 0o755);
    const server = await startServer({ dataDir: join(folder, "data"), port: 0, gatewayPort: 0 });
    try {
      return await compare(server.controlUrl, join(folder, "data"), server.keyFile, report);
    } finally {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function compare(
  url: string,
  dataDir: string,
  keyFile: string,
  report: (progress: string) => void,
): Promise<readonly Comparison[]> {
  const key = (await readFile(keyFile, "utf8")).trim();
  const http = new Pool(url, { connections: manyClients });
  const database = new pg.Pool({ connectionString: await databaseUrl(dataDir), max: manyClients });
  await database.query("create table plain_event (seq bigserial primary key, entry text not null)");
  const text = JSON.stringify({
    actor: "admin",
    at: 1,
    verb: "updated",
    subject: { kind: "Team", name: "team-0", project: null },
    data: { spec: { description: "x".repeat(80) } },
  });
  const apply: Write = async (client, count) => {
    const manifest = {
      kind: "Team",
      name: `team-${client}`,
      spec: { description: `count ${count} ${"x".repeat(60)}` },
    };
    const { statusCode, body } = await http.request({
      path: "/api/v1/apply",
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ manifests: [manifest] }),
    });
    const answer = await body.text();
    if (statusCode !== 200) throw new Error(`apply answered ${statusCode}: ${answer}`);
  };
  const insert: Write = async () => {
    await database.query("insert into plain_event (entry) values ($1)", [text]);
  };
  try {
    const comparisons: Comparison[] = [];
    for (const clients of [1, manyClients]) {
      const rates: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
      await rateOf(apply, clients, -1);
      await rateOf(insert, clients, -1);
      for (let trial = 0; trial < trials; trial += 1) {
        rates.ours.push(await rateOf(apply, clients, trial));
        rates.peer.push(await rateOf(insert, clients, trial));
        report(
          `${clients} client(s), trial ${trial + 1} of ${trials}: ${rates.ours.at(-1)?.toFixed(0)} against ${rates.peer.at(-1)?.toFixed(0)} writes/s`,
        );
      }
      comparisons.push({
        what: `durable writes, ${clients} client${clients === 1 ? "" : "s"}`,
        unit: "writes/s",
        ...rates,
        peerName: "plain insert",
        isHigherBetter: true,
      });
    }
    return comparisons;
  } finally {
    await http.close();
    await database.end();
  }
}

/** Writes per second with this many clients, each waiting for its answer before the next write. */
async function rateOf(write: Write, clients: number, trial: number): Promise<number> {
  const each = Math.ceil(writesPerTrial / clients);
  const start = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let count = 0; count < each; count += 1) await write(client, trial * writesPerTrial + count);
    }),
  );
  return (each * clients * 1000) / (performance.now() - start);
}

async function databaseUrl(dataDir: string): Promise<string> {
  const password = await readFile(join(dataDir, "postgres/password"), "utf8");
  const [, , , port] = (await readFile(join(dataDir, "postgres/cluster/postmaster.pid"), "utf8")).split("\n");
  return `postgres://millwright:${password}@127.0.0.1:${port}/millwright`;
}
