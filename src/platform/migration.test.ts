import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshDatabase, type FreshDatabase } from "../../test/database.ts";
import { testClock } from "../../test/platform.ts";
import { migrations } from "../server/migrations.ts";
import { migrate } from "./migration.ts";

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(async () => {
  await fresh.close();
});

const run = (steps: Parameters<typeof migrate>[1]) => migrate(fresh.database as never, steps, testClock());

describe("migrations", () => {
  test("a schema that is up to date is left alone", async () => {
    expect(await run(migrations)).toEqual([]);
  });

  test("a step that fails leaves nothing of itself behind", async () => {
    const broken = { number: 9001, name: "broken", sql: "create table half (id int); select nonsense()" };
    await expect(run([...migrations, broken])).rejects.toThrow(/nonsense/);
    expect((await sql`select to_regclass('half') as found`.execute(fresh.database)).rows).toEqual([{ found: null }]);
  });

  test("two steps with one number are a mistake of ours", async () => {
    const [first] = migrations;
    if (first === undefined) throw new Error("there are no migrations");
    await expect(run([first, { ...first, name: "twin" }])).rejects.toThrow(/both have the number/);
  });

  test("a schema that is newer than the code is refused, with what to do", async () => {
    const future = { number: 9002, name: "from-the-future", sql: "select 1" };
    await run([...migrations, future]);
    const refused = run(migrations);
    await expect(refused).rejects.toMatchObject({ code: "platform.schema-newer", details: { number: 9002 } });
    await expect(refused).rejects.toThrow(/from-the-future.*start the newer version/);
  });
});
