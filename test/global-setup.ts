import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { openDatabase } from "../src/platform/database.ts";
import { startEmbeddedPostgres } from "../src/platform/embedded-postgres.ts";
import { silentLog } from "../src/platform/log.ts";
import { migrate } from "../src/platform/migration.ts";
import { systemClock } from "../src/platform/system.ts";
import { migrations } from "../src/server/migrations.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A PostgreSQL whose database `millwright` has every migration: the template of tests' databases. */
    readonly databaseUrl: string;
  }
}

/** Starts one real PostgreSQL for the whole test run; each test file clones its template. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "millwright-test-"));
  await chmod(folder, 0o755);
  const server = await startEmbeddedPostgres({ folder: join(folder, "postgres"), log: silentLog, isDurable: false });
  const { database, close } = openDatabase(server.url, silentLog);
  try {
    await migrate(database as never, migrations, systemClock);
  } catch (error) {
    await server.stop();
    throw error;
  } finally {
    await close();
  }
  project.provide("databaseUrl", server.url);
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
