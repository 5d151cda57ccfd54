import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { until } from "../../test/until.ts";
import { freshPlatform, type FreshPlatform } from "../../test/platform.ts";
import { teamKind } from "../tenancy/model.ts";
import type { Controller, Lease } from "./controller.ts";
import { assertLease } from "./reconciler.ts";

let platform: FreshPlatform;
beforeEach(async () => {
  platform = await freshPlatform();
});
afterEach(async () => {
  await platform.close();
});

/** A controller of teams that calls `visit`, and a promise of its nth visit. */
function teamController(visit: (key: string, lease: Lease, count: number, signal: AbortSignal) => Promise<void>) {
  let count = 0;
  const waiting: { readonly at: number; readonly resolve: () => void }[] = [];
  const controller: Controller = {
    name: "teams",
    concurrency: 4,
    keysOf: (event) => (event.subject.kind === "Team" ? [event.subject.name] : []),
    async reconcile(key, lease, signal) {
      count += 1;
      const own = count;
      try {
        await visit(key, lease, own, signal);
      } finally {
        for (const waiter of waiting) if (own >= waiter.at) waiter.resolve();
      }
      return { kind: "settled" };
    },
  };
  const visited = (at: number): Promise<void> => new Promise((resolve) => waiting.push({ at, resolve }));
  return { controller, visited };
}

const team = (name: string, description = "") => ({ kind: "Team", name, spec: { description } });

describe("the reconcile kernel", () => {
  test("visits the key of a change, also of one that was made before it started", async () => {
    const seen: string[] = [];
    const { controller, visited } = teamController(async (key) => void seen.push(key));
    await platform.resources.apply("ada", team("before"));
    const first = visited(1);
    await platform.run([controller]);
    await first;
    const second = visited(2);
    await platform.resources.apply("ada", team("after"));
    await platform.waker.wake("teams", "after");
    await second;
    expect(new Set(seen)).toEqual(new Set(["before", "after"]));
  });

  test("visits again after a failure", async () => {
    const { controller, visited } = teamController(async (_key, _lease, count) => {
      if (count === 1) throw new Error("the disk hiccuped");
    });
    const second = visited(2);
    const first = visited(1);
    await platform.run([controller]);
    await platform.resources.apply("ada", team("vision"));
    await platform.waker.wake("teams", "vision");
    await first;
    await until(
      "the failure is stored",
      async () => (await sql`select from reconcile_item where failures = 1`.execute(platform.database)).rows.length > 0,
    );
    platform.clock.advance(120_000);
    await second;
    const [item] = (
      await sql<{ attempt: number }>`select attempt from reconcile_item where key = 'vision'`.execute(platform.database)
    ).rows;
    expect(item?.attempt).toBeGreaterThanOrEqual(2);
  });

  test("a key that is woken during its visit is visited once more, never twice at once", async () => {
    let inside = 0;
    let most = 0;
    const { controller, visited } = teamController(async (key, _lease, count) => {
      inside += 1;
      most = Math.max(most, inside);
      if (count === 1) await platform.waker.wake("teams", key);
      inside -= 1;
    });
    const second = visited(2);
    await platform.run([controller]);
    await platform.waker.wake("teams", "vision");
    await second;
    expect(most).toBe(1);
  });

  test("the answer of a worker whose lease was taken over is refused", async () => {
    const { resource } = await platform.resources.apply("ada", team("vision"));
    const outcome = Promise.withResolvers<unknown>();
    const { controller } = teamController(async (_key, lease, count) => {
      if (count > 1) return;
      // Another server takes the key over, as it would after our lease ran out.
      await sql`update reconcile_item set attempt = attempt + 1 where key = 'vision'`.execute(platform.database);
      await platform.resources
        .observe(teamKind, resource, { phase: "late", conditions: [] }, { lease, message: "too late" })
        .then(outcome.resolve, outcome.resolve);
    });
    await platform.run([controller]);
    expect(await outcome.promise).toMatchObject({ code: "platform.lease-lost" });
    expect((await platform.resources.get(teamKind, null, "vision"))?.status.phase).toBe("active");
  });

  test("a transaction under a lost lease is refused", async () => {
    const lease = { controller: "teams", key: "nobody", attempt: 1 };
    await expect(
      platform.database.transaction().execute((transaction) => assertLease(transaction, lease)),
    ).rejects.toMatchObject({
      code: "platform.lease-lost",
    });
  });
});
