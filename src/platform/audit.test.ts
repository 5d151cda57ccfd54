import { generateKeyPairSync } from "node:crypto";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freshPlatform, type FreshPlatform } from "../../test/platform.ts";
import { Auditor } from "./audit.ts";
import { leafHash } from "./merkle.ts";

let platform: FreshPlatform;
let auditor: Auditor;
beforeEach(async () => {
  platform = await freshPlatform();
  auditor = new Auditor(platform.database, generateKeyPairSync("ed25519").privateKey, platform.clock);
  for (let index = 0; index < 10; index += 1) {
    await platform.resources.apply("ada", { kind: "Team", name: `team-${index}`, spec: { description: "" } });
  }
});
afterEach(async () => {
  await platform.close();
});

/** Changes history the way an owner of the database could. */
async function tamper(statement: string): Promise<void> {
  await platform.database.connection().execute(async (connection) => {
    await sql`set session_replication_role = replica`.execute(connection);
    await sql.raw(statement).execute(connection);
    await sql`set session_replication_role = origin`.execute(connection);
  });
}

describe("the audit", () => {
  test("finds an untouched log whole, before and after sealing", async () => {
    expect(await auditor.verify()).toMatchObject({ isWhole: true, checked: 10, checkpoints: 0 });
    const checkpoint = await auditor.seal();
    expect(checkpoint?.size).toBe(10);
    expect(await auditor.verify()).toMatchObject({
      isWhole: true,
      checked: 10,
      checkpoints: 1,
      root: checkpoint?.root,
    });
  });

  test("names the entry whose text was edited by hand", async () => {
    await tamper("update event set entry = replace(entry, 'ada', 'eve') where seq = 4");
    expect((await auditor.verify()).firstBad).toMatchObject({ seq: 4 });
  });

  test("names the entry that was taken out", async () => {
    await tamper("delete from event where seq = 7");
    expect((await auditor.verify()).firstBad).toMatchObject({ seq: 7 });
  });

  test("notices a tail that was cut off", async () => {
    await auditor.seal();
    await tamper("delete from event where seq > 8");
    await tamper("update event_head set size = 8");
    expect((await auditor.verify()).firstBad).toMatchObject({ seq: 9 });
  });

  test("notices an entry that was replaced together with its hash, once it was sealed", async () => {
    await auditor.seal();
    const forged =
      '{"actor":"eve","at":1,"data":{},"message":"","subject":{"kind":"Team","name":"x","project":null},"verb":"created"}';
    await tamper(
      `update event set entry = '${forged}', leaf_hash = '\\x${leafHash(forged).toString("hex")}' where seq = 3`,
    );
    const found = await auditor.verify();
    expect(found.isWhole).toBe(false);
    expect(found.firstBad?.why).toMatch(/do not have the root that was signed/);
  });

  test("the database itself refuses to change an entry", async () => {
    await expect(sql`update event set entry = '{}' where seq = 1`.execute(platform.database)).rejects.toThrow(
      /append-only/,
    );
  });
});
