import fc from "fast-check";
import { expect, test } from "vitest";
import { RolloutWorld, servedSpec, type WorldEvent } from "./fixtures/rollout-world.ts";
import { bucketCount, versionOfBucket } from "./gateway/traffic-split.ts";
import { isReplicaReady } from "./replica-plan.ts";
import { rolloutActions } from "./rollout-order.ts";

const hour = 3_600_000;
const day = 24 * hour;
const steps = [5, 50, 100];
const canary = { steps, minRequestsPerStep: 100 };

/** Strategies whose rollouts come to their end by themselves when all goes well. */
const finishing = {
  canary,
  "canary with a baseline": { ...canary, baseline: true },
  rolling: { strategy: "rolling" },
  "blue-green": { strategy: "blue-green", keepOld: "10m" },
  ab: { strategy: "ab", maxDuration: "1h", minRequests: 100 },
  shadow: { strategy: "shadow", next: "canary", minComparisons: 50, ...canary },
} as const;

const event: fc.Arbitrary<WorldEvent> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: "all-ready" } as const) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("ready" as const), which: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const), which: fc.nat(8) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("traffic" as const),
      requests: fc.integer({ min: 0, max: 4_000 }),
      errors: fc.constantFrom(0, 0, 0, 1, 30),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("time" as const), millis: fc.constantFrom(1_000, hour, day) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("order" as const), action: fc.constantFrom(...rolloutActions) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("candidate" as const), version: fc.constantFrom("two", "three") }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "eject" } as const) },
);
const strategy = fc.constantFrom(
  ...Object.values(finishing),
  { strategy: "blue-green", confirm: true },
  {
    strategy: "shadow",
  },
);

function served(rollout: object, replicas: number): RolloutWorld {
  const world = new RolloutWorld(servedSpec(rollout, replicas));
  world.visit();
  world.happen({ kind: "all-ready" });
  world.visit();
  return world;
}

/** Carries on with nothing but good news until the rollout has ended. */
function finish(world: RolloutWorld): void {
  for (let round = 0; round < 60 && !isSettled(world); round += 1) {
    world.happen({ kind: "all-ready" });
    world.happen({ kind: "traffic", requests: 10_000, errors: 0 });
    world.happen({ kind: "time", millis: 2 * hour });
    if (world.status.rollout?.state === "paused") world.happen({ kind: "order", action: "promote" });
    world.visit();
  }
}

function isSettled(world: RolloutWorld): boolean {
  const state = world.status.rollout?.state;
  return world.candidate === null && state !== "starting" && state !== "running" && state !== "paused";
}

test("whatever happens, shares sum to 100, the route holds no replica that is stopped, and planning twice changes nothing", () => {
  fc.assert(
    fc.property(
      strategy,
      fc.integer({ min: 1, max: 4 }),
      fc.array(event, { maxLength: 40 }),
      (rollout, count, events) => {
        const world = served(rollout, count);
        for (const each of events) {
          world.happen(each);
          const plan = world.visit();
          const total = plan.status.traffic.reduce((sum, share) => sum + share.percent, 0);
          if (plan.route !== null && plan.route.versions.length > 0) expect(total).toBeCloseTo(100, 9);
          const routed = plan.route?.kind === "model" ? plan.route.versions.flatMap((version) => version.replicas) : [];
          const stopped = new Set(plan.stops.map((stop) => stop.id));
          expect(routed.filter((replica) => stopped.has(replica.id))).toEqual([]);
        }
        // Steps that need no news follow each other; then nothing is left to do.
        for (let round = 0; round < 8; round += 1) world.visit();
        const { status } = world;
        const again = world.visit();
        expect(again.status).toEqual(status);
        expect([again.starts, again.stops]).toEqual([[], []]);
      },
    ),
    { numRuns: 300 },
  );
});

test.each(["canary", "blue-green", "ab", "shadow"] as const)(
  "%s: a rollout's first revision is that of its traffic, though its replicas become ready one by one",
  (name) => {
    const world = served(finishing[name], 2);
    world.happen({ kind: "candidate", version: "two" });
    world.visit();
    for (let replica = 0; replica < 4; replica += 1) {
      world.happen({ kind: "ready", which: 0 });
      world.visit();
    }
    expect(world.status.rollout?.state).toBe("running");
    expect(world.status.traffic).toHaveLength(2);
    expect(world.status.rollout?.firstRevision).toBe(world.status.revision);
  },
);

test("every sequence of events ends in a final state once nothing goes wrong any more", () => {
  fc.assert(
    fc.property(
      strategy,
      fc.integer({ min: 1, max: 4 }),
      fc.array(event, { maxLength: 30 }),
      (rollout, count, events) => {
        const world = served(rollout, count);
        for (const each of [{ kind: "candidate", version: "two" } as const, ...events]) {
          world.happen(each);
          world.visit();
        }
        finish(world);

        expect(world.candidate).toBeNull();
        expect(["completed", "rolled-back", "ended"]).toContain(world.status.rollout?.state);
        for (let round = 0; round < 4; round += 1) {
          world.happen({ kind: "time", millis: hour });
          world.happen({ kind: "all-ready" });
          world.visit();
        }
        expect(world.status.champion).toMatchObject({ versionId: world.champion.versionId });
        expect(world.replicas.filter(isReplicaReady).map((fact) => fact.versionId)).toEqual(
          Array.from({ length: count }, () => world.champion.versionId),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test.each(Object.entries(finishing))(
  "%s: as many replicas as are wanted are ready at every step, with a surge of one in a rolling update",
  (name, rollout) => {
    for (const wanted of [1, 2, 5]) {
      const world = served(rollout, wanted);
      world.happen({ kind: "candidate", version: "two" });
      for (let round = 0; round < 60 && !(round > 1 && isSettled(world)); round += 1) {
        const plan = world.visit();
        const routed = plan.route?.kind === "model" ? plan.route.versions.flatMap((version) => version.replicas) : [];
        const live = world.replicas.filter((fact) => fact.endedAt === null).length;
        if (name === "rolling") {
          expect(routed.length).toBeGreaterThanOrEqual(wanted);
          expect(live).toBeLessThanOrEqual(wanted + 1);
        } else expect(world.readyOf("one") >= wanted || world.readyOf("two") >= wanted).toBe(true);
        world.happen({ kind: "ready", which: 0 });
        world.happen({ kind: "traffic", requests: 10_000, errors: 0 });
        world.happen({ kind: "time", millis: 900_000 });
      }
      expect(world.status.rollout?.state).toBe(name === "ab" ? "ended" : "completed");
    }
  },
);

test("callers who got the candidate keep it while its share grows", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(finishing.canary, finishing["canary with a baseline"], finishing.rolling),
      (rollout) => {
        const world = served(rollout, 3);
        world.happen({ kind: "candidate", version: "two" });
        let before = new Set<number>();
        for (let round = 0; round < 20; round += 1) {
          const { route } = world.visit();
          if (route?.kind !== "model") throw new Error("no route");
          const buckets = Array.from({ length: bucketCount }, (_, bucket) => bucket);
          const now = new Set(
            buckets.filter(
              (bucket) => versionOfBucket<(typeof route.versions)[number]>(route, bucket)?.versionId === "two",
            ),
          );
          expect([...before].filter((bucket) => !now.has(bucket))).toEqual([]);
          before = now;
          world.happen({ kind: "all-ready" });
          world.happen({ kind: "traffic", requests: 10_000, errors: 0 });
          world.happen({ kind: "time", millis: 1_000 });
        }
        expect(before.size).toBe(bucketCount);
      },
    ),
    { numRuns: 3 },
  );
});

test("a blue-green candidate is reachable at 0 %, takes all at once, and goes back at once", () => {
  const world = served({ strategy: "blue-green", confirm: true, keepOld: "10m" }, 2);
  world.happen({ kind: "candidate", version: "two" });
  for (let round = 0; round < 4; round += 1) {
    world.visit();
    world.happen({ kind: "all-ready" });
  }
  const split = (): unknown => world.status.traffic.map((share) => [share.version, share.percent]);
  expect(split()).toEqual([
    ["two", 0],
    ["one", 100],
  ]);
  expect(world.status.rollout?.state).toBe("paused");

  world.happen({ kind: "order", action: "resume" });
  world.visit();
  expect(split()).toEqual([
    ["two", 100],
    ["one", 0],
  ]);
  expect(world.readyOf("one")).toBe(2);

  world.happen({ kind: "order", action: "rollback" });
  const back = world.visit();
  expect(split()).toEqual([["one", 100]]);
  expect(back.candidate?.rollout.reason).toBe("ada: so");
});

test("the version that a blue-green rollout switched to keeps its traffic while the next one is brought up", () => {
  const world = served({ strategy: "blue-green", keepOld: "10m" }, 2);
  world.happen({ kind: "candidate", version: "two" });
  for (let round = 0; round < 3; round += 1) {
    world.visit();
    world.happen({ kind: "all-ready" });
  }
  const served100 = (): unknown =>
    world.status.traffic.filter(({ percent }) => percent === 100).map((share) => share.version);
  expect([served100(), world.champion.versionId]).toEqual([["two"], "one"]);

  world.happen({ kind: "candidate", version: "three" });
  const superseded = world.visit();
  expect([served100(), world.champion.versionId, world.candidate?.versionId]).toEqual([["two"], "two", "three"]);
  expect(superseded.candidate?.rollout.reason).toContain("version three was approved");

  world.visit();
  expect([served100(), world.status.rollout?.version, world.status.rollout?.championVersion]).toEqual([
    ["two"],
    "three",
    "two",
  ]);
  for (let round = 0; round < 2; round += 1) {
    world.happen({ kind: "all-ready" });
    world.visit();
  }
  expect([served100(), world.readyOf("two"), world.readyOf("one")]).toEqual([["three"], 2, 0]);
});

test("a version that a blue-green rollout switched to and that fails goes back, and the next one is still a candidate", () => {
  const world = served({ strategy: "blue-green", keepOld: "10m" }, 2);
  world.happen({ kind: "candidate", version: "two" });
  for (let round = 0; round < 3; round += 1) {
    world.visit();
    world.happen({ kind: "all-ready" });
  }
  world.happen({ kind: "candidate", version: "three" });
  world.happen({ kind: "eject" });
  world.visit();

  expect(world.status.rollout).toMatchObject({ version: "two", state: "rolled-back" });
  expect([world.champion.versionId, world.candidate?.versionId]).toEqual(["one", "three"]);
});

test("a candidate is compared with fresh replicas of the champion's version that get the same share", () => {
  const world = served(finishing["canary with a baseline"], 2);
  world.happen({ kind: "candidate", version: "two" });
  world.visit();
  world.happen({ kind: "all-ready" });
  const { route } = world.visit();

  expect(world.status.traffic.map((share) => [share.arm, share.version, share.percent])).toEqual([
    ["candidate", "two", 5],
    ["champion", "one", 90],
    ["baseline", "one", 5],
  ]);
  const parts = route?.kind === "model" ? route.versions.map((version) => version.replicas.map((each) => each.id)) : [];
  expect(parts).toEqual([
    ["two-false-0-1", "two-false-1-1"],
    ["one-false-0-1", "one-false-1-1"],
    ["one-true-0-1", "one-true-1-1"],
  ]);
});

test("the end of an A/B comparison tells how callers were split", () => {
  const world = served({ strategy: "ab", percent: 50 }, 1);
  world.happen({ kind: "candidate", version: "two" });
  world.visit();
  world.happen({ kind: "all-ready" });
  world.visit();
  world.happen({ kind: "traffic", requests: 200, errors: 0 });
  world.happen({ kind: "time", millis: 7 * 24 * hour });
  world.visit();

  expect(world.status.rollout).toMatchObject({ state: "ended" });
  expect(world.status.rollout?.reason).toMatch(
    /100 of 200 callers \(50\.00 %\) got the candidate where 50 % were wanted, a fair split/,
  );
});

test("an A/B split that is not as wanted pauses with the reason", () => {
  const world = served({ strategy: "ab", percent: 50 }, 1);
  world.happen({ kind: "candidate", version: "two" });
  world.visit();
  world.happen({ kind: "all-ready" });
  world.visit();
  world.happen({ kind: "traffic", requests: 1_000, errors: 0 });
  const [counted] = world.traffic;
  if (counted === undefined) throw new Error("nothing was served");
  world.traffic = [{ ...counted, candidate: { ...counted.candidate, callers: 340 } }];
  world.visit();

  expect(world.status.rollout).toMatchObject({ state: "paused" });
  expect(world.status.rollout?.reason).toMatch(
    /340 of 840 callers \(40\.48 %\) got the candidate where 50 % were wanted/,
  );
});

test("a person sets the split of a paused canary, and lets it go on", () => {
  const world = served({ ...canary, stepTimeout: "10m" }, 1);
  world.happen({ kind: "candidate", version: "two" });
  world.visit();
  world.happen({ kind: "all-ready" });
  world.visit();
  world.happen({ kind: "time", millis: hour });
  world.visit();
  expect(world.status.rollout?.state).toBe("paused");

  world.happen({ kind: "order", action: "split" });
  expect(world.visit().status.rollout).toMatchObject({ state: "paused", percent: 10, reason: "ada: so" });
  world.happen({ kind: "order", action: "resume" });
  expect(world.visit().status.rollout).toMatchObject({ state: "running", percent: 10 });
});

test("a champion that is lost for a moment neither ends the rollout nor forgets what its step has seen", () => {
  const world = served({ steps, minRequestsPerStep: 500 }, 1);
  world.happen({ kind: "candidate", version: "two" });
  world.visit();
  world.happen({ kind: "all-ready" });
  world.visit();
  world.happen({ kind: "traffic", requests: 4_000, errors: 0 });
  const [champion] = world.replicas;
  world.happen({ kind: "crash", which: champion?.versionId === "one" ? 0 : 1 });
  world.visit();
  expect(world.status.phase).toBe("deploying");
  expect(world.readyOf("two")).toBe(1);

  world.happen({ kind: "time", millis: 60_000 });
  world.visit();
  world.happen({ kind: "all-ready" });
  world.visit();
  expect(world.visit().status.rollout).toMatchObject({ state: "running", percent: 5 });
  world.happen({ kind: "traffic", requests: 6_500, errors: 0 });
  expect(world.visit().status.rollout).toMatchObject({ state: "running", percent: 50 });
});
