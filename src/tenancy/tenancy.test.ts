import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshPlatform, type FreshPlatform } from "../../test/platform.ts";
import { parseApiKey } from "./api-key.ts";
import { taskKeys } from "./drivers/task-keys.ts";
import { tenancyRoom, type TenancyRoom } from "./room.ts";

let platform: FreshPlatform;
let tenancy: TenancyRoom;
beforeAll(async () => {
  platform = await freshPlatform();
  tenancy = tenancyRoom(platform);
  for (const team of ["vision", "sound"]) {
    await platform.resources.apply("admin", { kind: "Team", name: team, spec: { description: "" } });
    await platform.resources.apply("admin", { kind: "Project", name: `${team}-one`, spec: { team, description: "" } });
  }
});
afterAll(async () => {
  await platform.close();
});

async function keyOf(name: string, team: string, role: "viewer" | "member" | "approver" | "admin"): Promise<string> {
  await tenancy.identities.put("admin", { name, kind: "person" }, { team, role });
  return (await tenancy.identities.issueKey("admin", { identity: name, project: null, expiresInMs: null })).key;
}

describe("tenancy", () => {
  test("a member writes in the team's project and nowhere else", async () => {
    const key = await keyOf("ada", "vision", "member");
    const caller = await tenancy.gatekeeper.authenticate(key);
    expect(caller).toMatchObject({ identity: "ada", project: null, key: parseApiKey(key)?.id });
    await tenancy.gatekeeper.authorise(caller, "write", "vision-one");
    await expect(tenancy.gatekeeper.authorise(caller, "read", "sound-one")).rejects.toMatchObject({
      code: "tenancy.forbidden",
    });
    await expect(tenancy.gatekeeper.authorise(caller, "administer", null)).rejects.toMatchObject({
      code: "tenancy.forbidden",
    });
    expect(await tenancy.gatekeeper.readableProjects(caller)).toEqual(["vision-one"]);
  });

  test("a task's key acts in its project as a member, and ends when it is revoked", async () => {
    const keys = taskKeys(tenancy.identities);
    const key = await keys.issue("vision-one", "task-1", 60_000);
    const caller = await tenancy.gatekeeper.authenticate(key);
    expect(caller.project).toBe("vision-one");
    await tenancy.gatekeeper.authorise(caller, "write", "vision-one");
    await expect(tenancy.gatekeeper.authorise(caller, "approve", "vision-one")).rejects.toMatchObject({
      code: "tenancy.forbidden",
    });
    await keys.revoke("task-1");
    platform.clock.advance(10_000);
    await expect(tenancy.gatekeeper.authenticate(key)).rejects.toMatchObject({ code: "tenancy.key-invalid" });
  });

  test("a key stops at its expiry, also one that was just used", async () => {
    await tenancy.identities.put("admin", { name: "eve", kind: "person" }, { team: "vision", role: "viewer" });
    const { key } = await tenancy.identities.issueKey("admin", { identity: "eve", project: null, expiresInMs: 500 });
    await tenancy.gatekeeper.authenticate(key);
    platform.clock.advance(501);
    await expect(tenancy.gatekeeper.authenticate(key)).rejects.toMatchObject({ code: "tenancy.key-expired" });
  });

  test("no key and no secret ever reaches the event log", async () => {
    const key = await keyOf("grace", "vision", "approver");
    const secret = key.split("_").at(-1) ?? "";
    const rows = await platform.database.selectFrom("event").select("entry").execute();
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter((row) => row.entry.includes(secret))).toEqual([]);
  });
});
