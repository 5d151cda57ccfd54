import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { endPostgres, type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { until } from "../until.ts";

let directory: Awaited<ReturnType<typeof temporaryDataDirectory>>;
const running: ServerProcess[] = [];

beforeEach(async () => {
  directory = await temporaryDataDirectory();
});
afterEach(async () => {
  for (const server of running.splice(0)) await server.end("SIGKILL");
  await endPostgres(directory.path).catch(() => undefined);
  await directory.remove();
});

async function start(): Promise<ServerProcess> {
  const server = await startServerProcess({ dataDir: directory.path });
  running.push(server);
  return server;
}

const team = (name: string, description: string, version?: number) => ({
  manifests: [{ kind: "Team", name, spec: { description }, ...(version === undefined ? {} : { version }) }],
});

async function postmasterPid(): Promise<number> {
  const text = await readFile(join(directory.path, "postgres/cluster/postmaster.pid"), "utf8");
  return Number(text.split("\n")[0]);
}

describe("a server", () => {
  test("writes an admin key for its owner alone, and answers nobody without one", async () => {
    const server = await start();
    expect((await stat(join(directory.path, "admin.key"))).mode & 0o777).toBe(0o600);
    const status = await server.call("GET", "/api/v1/status");
    expect(status).toMatchObject({ status: 200, json: { counts: { Team: 1, Project: 1 } } });
    const stranger = await server.call("GET", "/api/v1/status", undefined, "mw_guess");
    expect(stranger).toMatchObject({ status: 401, json: { error: { code: "tenancy.key-invalid" } } });
  });

  test("refuses a second server on its data directory and names the first one's pid", async () => {
    const server = await start();
    await expect(startServerProcess({ dataDir: directory.path })).rejects.toMatchObject({
      code: "platform.server-running",
      message: expect.stringContaining(`pid ${server.pid}`),
    });
  });

  test("stops cleanly on SIGTERM and finds everything again", async () => {
    const server = await start();
    await server.call("POST", "/api/v1/apply", team("vision", "sees"));
    expect(await server.end("SIGTERM")).toBe(0);
    const again = await start();
    expect(again.key).toBe(server.key);
    expect(await again.call("GET", "/api/v1/teams/vision")).toMatchObject({
      status: 200,
      json: { spec: { description: "sees" } },
    });
  });

  test("killed in the middle of writes, keeps every acknowledged one and a whole log", async () => {
    const server = await start();
    const acknowledged: string[] = [];
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let count = 0; ; count += 1) {
        const name = `team-${writer}-${count}`;
        const answer = await server.call("POST", "/api/v1/apply", team(name, "made under fire")).catch(() => undefined);
        if (answer?.status !== 200) return;
        acknowledged.push(name);
      }
    });
    await until("some writes are acknowledged", () => acknowledged.length > 40);
    await server.end("SIGKILL");
    await Promise.all(writers);
    const again = await start();
    const teams = (await again.call("GET", "/api/v1/teams")).json as { items: { name: string }[] };
    const kept = new Set(teams.items.map((item) => item.name));
    expect(acknowledged.filter((name) => !kept.has(name))).toEqual([]);
    expect((await again.call("GET", "/api/v1/audit/verify")).json).toMatchObject({ isWhole: true });
  });

  test("outlives a killed PostgreSQL: says that it is unavailable, starts it again, goes on", async () => {
    const server = await start();
    await server.call("POST", "/api/v1/apply", team("vision", "sees"));
    process.kill(await postmasterPid(), "SIGKILL");
    const back = await until("the database is back", async () => {
      const answer = await server.call("GET", "/api/v1/teams/vision");
      expect([200, 503]).toContain(answer.status);
      return answer.status === 200 && answer;
    });
    expect(back.json).toMatchObject({ spec: { description: "sees" } });
  });

  test("tells the second of two writers of one version the conflict", async () => {
    const server = await start();
    const made = (await server.call("POST", "/api/v1/apply", team("vision", "sees"))).json as {
      results: { after: { version: number } }[];
    };
    const version = made.results[0]?.after.version;
    expect(await server.call("POST", "/api/v1/apply", team("vision", "sees well", version))).toMatchObject({
      status: 200,
    });
    expect(await server.call("POST", "/api/v1/apply", team("vision", "sees ill", version))).toMatchObject({
      status: 409,
      json: { error: { code: "platform.resource-conflict" } },
    });
  });

  test("refuses an expired key with the way to a new one", async () => {
    const server = await start();
    await server.call("POST", "/api/v1/identities", { name: "ada", team: "default", role: "member" });
    const issued = (await server.call("POST", "/api/v1/keys", { identity: "ada", expiresInMs: 1 })).json as {
      key: string;
    };
    const answer = await until("the key has expired", async () => {
      const now = await server.call("GET", "/api/v1/whoami", undefined, issued.key);
      return now.status === 401 && now;
    });
    expect(answer.json).toMatchObject({
      error: { code: "tenancy.key-expired", message: expect.stringContaining("key create") },
    });
  });

  test("refuses to start on a schema from the future", async () => {
    const server = await start();
    const password = await readFile(join(directory.path, "postgres/password"), "utf8");
    const port = (await readFile(join(directory.path, "postgres/cluster/postmaster.pid"), "utf8")).split("\n")[3];
    const client = new pg.Client({
      connectionString: `postgres://millwright:${password}@127.0.0.1:${port}/millwright`,
    });
    await client.connect();
    await client.query("insert into schema_migration values (9999, 'from-the-future', 0)");
    await client.end();
    await server.end("SIGTERM");
    await expect(startServerProcess({ dataDir: directory.path })).rejects.toMatchObject({
      code: "platform.schema-newer",
    });
  });
});
