import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { type Database, openDatabase } from "../src/platform/database.ts";
import { silentLog } from "../src/platform/log.ts";

/** A database of one test file's own: real PostgreSQL, every migration applied. */
export interface FreshDatabase {
  readonly database: Database;
  readonly url: string;
  /** Drops it. */
  close(): Promise<void>;
}

/** Clones the template; takes about 50 ms. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const template = inject("databaseUrl");
  const name = `test_${randomBytes(8).toString("hex")}`;
  await administer(template, `create database ${name} template millwright`);
  const url = new URL(template);
  url.pathname = `/${name}`;
  const open = openDatabase(url.href, silentLog);
  return {
    database: open.database,
    url: url.href,
    async close() {
      await open.close();
      await administer(template, `drop database ${name} with (force)`);
    },
  };
}

/** How often a clone is tried again while another test file is cloning the same template. */
const triesMax = 50;

async function administer(template: string, statement: string): Promise<void> {
  const url = new URL(template);
  url.pathname = "/postgres";
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await client.query(statement);
        return;
      } catch (error) {
        const isBusy = error instanceof pg.DatabaseError && error.code === "55006";
        if (!isBusy || attempt >= triesMax) throw error;
        await client.query("select pg_sleep(0.1)");
      }
    }
  } finally {
    await client.end();
  }
}
