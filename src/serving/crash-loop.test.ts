import fc from "fast-check";
import { expect, test } from "vitest";
import { calmMs, endStreak, findCrashLoop, longestPauseMs, loopEnds, pauseAfter } from "./crash-loop.ts";
import { servedSpec, RolloutWorld } from "./fixtures/rollout-world.ts";
import { isReplicaReady, type ReplicaFact } from "./replica-plan.ts";

const outOfMemory = "out-of-memory: used 700MB of 640MB; raise resources.memory";

function ended(generation: number, endedAt: number | null, more: Partial<ReplicaFact> = {}): ReplicaFact {
  return {
    versionId: "v",
    version: "3",
    columns: [],
    id: `v-${generation}`,
    signature: "now",
    slot: 0,
    generation,
    isBaseline: false,
    state: endedAt === null ? "running" : "failed",
    isLeaving: false,
    message: endedAt === null ? "" : outOfMemory,
    address: null,
    problem: null,
    wasReady: true,
    endedAt,
    pool: "local",
    shortage: null,
    ...more,
  };
}

test("five ends in two minutes are told with why, and when it starts again", () => {
  const facts = [0, 30_000, 60_000, 90_000, 120_000].map((at, index) => ended(index + 1, at));

  expect(findCrashLoop(facts, "now", 121_000)).toEqual({
    ends: 5,
    message: `replica 1 of version 3 ended 5 times in 2m, the last time ${outOfMemory}; it starts again after 16.0s`,
  });
  expect(findCrashLoop([...facts, ended(6, null)], "now", 140_000)?.message).toMatch(/; it was started again$/);
});

test.each<readonly [string, readonly ReplicaFact[], number]>([
  ["fewer ends", [ended(1, 0), ended(2, 1_000)], 2_000],
  ["ends that lie far apart", [ended(1, 0), ended(2, calmMs + 1), ended(3, 2 * calmMs + 2)], 2 * calmMs + 3],
  ["an end long ago", [ended(1, 0), ended(2, 1), ended(3, 2), ended(4, null)], calmMs + 3],
  ["those that we stopped ourselves", [1, 2, 3, 4].map((each) => ended(each, each, { state: "cancelled" })), 5],
  ["replicas that were started in another way", [1, 2, 3].map((each) => ended(each, each, { signature: "then" })), 5],
  ["a place that is wanted no more", [ended(1, 0), ended(2, 1), ended(3, 2), ended(4, 3, { state: "cancelled" })], 5],
])("%s make no crash loop", (_what, facts, now) => {
  expect(findCrashLoop(facts, "now", now)).toBeNull();
});

test("the pause doubles with each end up to its limit, and begins anew after a calm time", () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 2 * calmMs }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(gaps, (found) => {
      let at = 0;
      const facts = found.map((gap, index) => ended(index + 1, (at += gap)));
      const streak = endStreak(facts);
      const calmest = found.slice(1).findLastIndex((gap) => gap > calmMs);
      const ends = found.length - 1 - calmest;

      expect(streak).toMatchObject({ ends, lastAt: at });
      expect(pauseAfter({ ends })).toBe(Math.min(longestPauseMs, 1_000 * 2 ** (ends - 1)));
    }),
  );
});

test("while one replica ends again and again, ever more rarely, the others serve, and the deployment says so until it is calm", () => {
  const world = new RolloutWorld(servedSpec({}, 3));
  const step = (millis: number): void => {
    world.happen({ kind: "time", millis });
    world.visit();
  };
  step(0);
  world.happen({ kind: "all-ready" });
  step(0);
  const starts: number[] = [];
  for (let second = 0; second < 900; second += 1) {
    const victim = world.replicas.find((fact) => fact.slot === 1 && fact.endedAt === null);
    if (victim !== undefined && second % 2 === 0) {
      world.replicas = world.replicas.map((fact) =>
        fact === victim ? { ...fact, state: "failed", message: outOfMemory, address: null, endedAt: world.now } : fact,
      );
    }
    const before = world.replicas.length;
    step(1_000);
    if (world.replicas.length > before) starts.push(second);
    world.happen({ kind: "all-ready" });
    world.visit();
    expect(world.replicas.filter(isReplicaReady).length).toBeGreaterThanOrEqual(2);
    expect(world.status.phase).toBe("serving");
    expect(world.status.conditions[0]).toMatchObject({ type: "Ready", status: "true" });
  }
  const pauses = starts.slice(1).map((at, index) => at - (starts[index] ?? 0));

  expect(pauses.every((pause, index) => index === 0 || pause >= (pauses[index - 1] ?? 0))).toBe(true);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(longestPauseMs / 1_000 + 3);
  expect(starts.length).toBeLessThan(16);
  const crashLoop = () => world.status.conditions.find(({ type }) => type === "CrashLoop");
  expect(crashLoop()).toMatchObject({ status: "true", message: expect.stringContaining("replica 2 of version one") });
  step(longestPauseMs);
  world.happen({ kind: "all-ready" });
  step(calmMs + 1);
  expect(crashLoop()).toMatchObject({ status: "false" });
});

test("a place where one was ready is filled again though its last replicas ended before they were; one where none ever was fails", () => {
  const run = (isReadyFirst: boolean): RolloutWorld => {
    const world = new RolloutWorld(servedSpec({}, 1));
    world.visit();
    if (isReadyFirst) world.happen({ kind: "all-ready" });
    for (let count = 0; count < loopEnds + 3; count += 1) {
      world.happen({ kind: "crash", which: 0 });
      world.happen({ kind: "time", millis: longestPauseMs });
      world.visit();
    }
    return world;
  };

  expect(run(true).replicas).toHaveLength(loopEnds + 4);
  expect(run(true).status.phase).not.toBe("failed");
  expect(run(false).status).toMatchObject({ phase: "failed" });
});

test("callers of a deployment whose replicas have all ended hear that none is ready; one that never served has no route", () => {
  const world = new RolloutWorld(servedSpec({}, 1));
  expect(world.visit().route).toBeNull();
  world.happen({ kind: "all-ready" });
  expect(world.visit().route?.versions).toHaveLength(1);
  world.happen({ kind: "crash", which: 0 });

  expect(world.visit().route).toMatchObject({ deployment: "llm", versions: [] });
});
