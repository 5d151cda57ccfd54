import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshPlatform, type FreshPlatform } from "../../test/platform.ts";
import { teamKind } from "../tenancy/model.ts";
import { readEvents } from "./event-log.ts";

let platform: FreshPlatform;
beforeAll(async () => {
  platform = await freshPlatform();
});
afterAll(async () => {
  await platform.close();
});

const team = (name: string, description: string, version?: number) => ({
  kind: "Team",
  name,
  spec: { description },
  version,
});

describe("the resource store", () => {
  test("creates, leaves alone and updates; the generation counts changes of the spec", async () => {
    const created = await platform.resources.apply("ada", team("vision", "sees"));
    const repeated = await platform.resources.apply("ada", team("vision", "sees"));
    const updated = await platform.resources.apply("ada", team("vision", "sees well"));
    expect([created.outcome, repeated.outcome, updated.outcome]).toEqual(["created", "unchanged", "updated"]);
    expect(updated.resource).toMatchObject({ generation: 2, version: 2, uid: created.resource.uid });
    expect(await platform.resources.get(teamKind, null, "vision")).toEqual(updated.resource);
  });

  test("records every accepted write in the log, and nothing for a write that changed nothing", async () => {
    await platform.resources.apply("ada", team("sound", "hears"));
    await platform.resources.apply("ada", team("sound", "hears"));
    const events = await readEvents(platform.database, {
      kind: "Team",
      name: "sound",
      limit: 10,
      order: "oldest-first",
    });
    expect(events.map((event) => [event.actor, event.verb])).toEqual([["ada", "created"]]);
  });

  test("a dry run tells what would happen and changes nothing", async () => {
    const planned = await platform.resources.apply("ada", team("touch", "feels"), { dryRun: true });
    expect(planned.outcome).toBe("created");
    expect(await platform.resources.get(teamKind, null, "touch")).toBeUndefined();
  });

  test("of two writers that read the same version, one wins and the other is told the conflict", async () => {
    const { resource } = await platform.resources.apply("ada", team("taste", "tastes"));
    const outcomes = await Promise.allSettled([
      platform.resources.apply("ada", team("taste", "sweet", resource.version)),
      platform.resources.apply("bob", team("taste", "sour", resource.version)),
    ]);
    expect(outcomes.filter((outcome) => outcome.status === "fulfilled")).toHaveLength(1);
    const lost = outcomes.find((outcome) => outcome.status === "rejected");
    expect(lost?.reason).toMatchObject({ code: "platform.resource-conflict" });
    expect(String(lost?.reason)).toMatch(/read it again and repeat/);
  });

  test("places in the log have no gaps, whoever writes at once", async () => {
    await Promise.all(
      Array.from({ length: 60 }, (_, index) => platform.resources.apply("ada", team(`crowd-${index}`, "many"))),
    );
    const events = await readEvents(platform.database, { limit: 1000, order: "oldest-first" });
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.filter((event) => event.subject.name.startsWith("crowd-"))).toHaveLength(60);
  });

  test("a deleted resource is gone, and can be made again as a new one", async () => {
    const first = await platform.resources.apply("ada", team("smell", "smells"));
    await platform.resources.requestDeletion("ada", { kind: "Team", project: null, name: "smell" });
    expect(await platform.resources.get(teamKind, null, "smell")).toBeUndefined();
    const second = await platform.resources.apply("ada", team("smell", "smells"));
    expect(second.resource.uid).not.toBe(first.resource.uid);
  });
});
