import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FreshDatabase, freshDatabase } from "../../test/database.ts";
import { until } from "../../test/until.ts";
import { eventChannel } from "./event-log.ts";
import { LogBell } from "./log-bell.ts";

let fresh: FreshDatabase;
let listener: pg.Client;
let heard: number;

beforeEach(async () => {
  fresh = await freshDatabase();
  listener = new pg.Client({ connectionString: fresh.url });
  await listener.connect();
  heard = 0;
  listener.on("notification", () => {
    heard += 1;
  });
  await listener.query(`listen ${eventChannel}`);
});
afterEach(async () => {
  await listener.end();
  await fresh.close();
});

test("a storm of rings is heard twice: at its start, and once for all that followed", async () => {
  const bell = new LogBell(fresh.database);

  for (let count = 0; count < 100; count += 1) bell.ring();
  await until("the storm was heard", () => heard >= 2);
  bell.ring();
  await until("the next ring was heard", () => heard >= 3);

  expect(heard).toBe(3);
});

test("rings again after one that failed", async () => {
  let isAway = true;
  let failures = 0;
  const unreliable = fresh.database.withPlugin({
    transformQuery({ node }) {
      if (!isAway) return node;
      failures += 1;
      throw new Error("the database is away");
    },
    transformResult: async ({ result }) => result,
  });
  const bell = new LogBell(unreliable);
  bell.ring();
  await until("a ring failed", () => failures > 0);
  isAway = false;

  await until("the bell was heard", () => {
    bell.ring();
    return heard > 0;
  });
  expect(failures).toBe(1);
});
