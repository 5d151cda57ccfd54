import { expect, test } from "vitest";
import { RolloutWorld, servedSpec } from "./fixtures/rollout-world.ts";
import { deploymentSpecSchema } from "./model.ts";
import { updateLimits, updateSchema } from "./update-spec.ts";

test.each([
  [{}, 1, { surge: 1, unavailable: 0 }],
  [{}, 2, { surge: 1, unavailable: 1 }],
  [{}, 10, { surge: 3, unavailable: 2 }],
  [{ maxSurge: 2, maxUnavailable: 0 }, 4, { surge: 2, unavailable: 0 }],
  [{ maxSurge: "100%", maxUnavailable: "50%" }, 3, { surge: 3, unavailable: 1 }],
  [{ maxSurge: 0, maxUnavailable: 5 }, 2, { surge: 0, unavailable: 2 }],
  // A part that rounds to nothing must not keep replicas for ever.
  [{ maxSurge: 0, maxUnavailable: "10%" }, 2, { surge: 1, unavailable: 0 }],
])("%j means for %d replicas: %j", (update, wanted, limits) => {
  expect(updateLimits(updateSchema.parse(update), wanted)).toEqual(limits);
});

test("neither a surge nor a lack is refused with what would be needed", () => {
  const spec = { model: "m", pool: "p", inputs: [{ name: "x", datatype: "FP64" }], update: { maxSurge: 0 } };

  expect(() => deploymentSpecSchema.parse(spec)).toThrow(/maxSurge 0 wants a maxUnavailable of 1 or more/);
});

/** A rolling update whose candidate finds no room until a replica of the champion has left. */
function rollInFullPool(replicas: number, update: object): RolloutWorld {
  const world = new RolloutWorld({
    ...servedSpec({ strategy: "rolling" }, replicas),
    update: updateSchema.parse(update),
  });
  world.visit();
  world.happen({ kind: "all-ready" });
  world.visit();
  world.happen({ kind: "candidate", version: "two" });
  world.visit();
  return world;
}

/** What a scheduler does: gives places to those that wait, as far as there are any. */
function schedule(world: RolloutWorld, places: number): void {
  const live = world.replicas.filter((fact) => fact.endedAt === null);
  let free = places - live.filter((fact) => fact.state === "running").length;
  for (const fact of live) {
    if (fact.state !== "queued") continue;
    if (free > 0) world.place(fact.id);
    else world.starve(fact.id);
    free -= 1;
  }
}

test("a rolling update in a full pool goes through one by one, and never lacks more than it may", () => {
  const world = rollInFullPool(3, {});
  for (let visit = 0; visit < 60 && world.status.rollout?.state !== "completed"; visit += 1) {
    schedule(world, 3);
    world.happen({ kind: "time", millis: 3_000 });
    world.visit();
    expect(world.readyOf("one") + world.readyOf("two")).toBeGreaterThanOrEqual(2);
  }

  expect(world.status.rollout?.state).toBe("completed");
});

test("a rolling update that may lack none waits, and says what to do", () => {
  const world = rollInFullPool(3, { maxUnavailable: 0 });
  for (let visit = 0; visit < 10; visit += 1) {
    schedule(world, 3);
    world.happen({ kind: "time", millis: 3_000 });
    world.visit();
  }

  expect(world.readyOf("one")).toBe(3);
  expect(world.status.rollout?.reason).toMatch(/none may be let go first: make room, or set update.maxUnavailable/);
});

test("a canary that finds no room beside the champion says so and takes nothing of it", () => {
  const world = new RolloutWorld(servedSpec({}, 2));
  world.visit();
  world.happen({ kind: "all-ready" });
  world.visit();
  world.happen({ kind: "candidate", version: "two" });
  for (let visit = 0; visit < 10; visit += 1) {
    world.visit();
    schedule(world, 2);
    world.happen({ kind: "time", millis: 3_000 });
  }

  expect(world.readyOf("one")).toBe(2);
  expect(world.status.rollout?.reason).toMatch(
    /stay beside the candidate: make room, or roll out with strategy: rolling/,
  );
});
