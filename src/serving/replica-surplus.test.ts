import { expect, test } from "vitest";
import { RolloutWorld, servedSpec, versionOf } from "./fixtures/rollout-world.ts";
import type { ReplicaFact } from "./replica-plan.ts";
import type { ReplicaUpdate } from "./replica-update.ts";
import { surplusReplicas } from "./replica-surplus.ts";

const calm: ReplicaUpdate = { surge: 1, unavailable: 1, blocked: null };

/** Ready replicas of version one: as many were started in the earlier way, and so many as the deployment says now. */
function replicas(before: number, now: number): readonly ReplicaFact[] {
  const world = new RolloutWorld(servedSpec({}, before + now));
  world.champion = versionOf("one");
  world.visit();
  world.happen({ kind: "all-ready" });
  return world.replicas.map((fact, index) =>
    index < before ? { ...fact, signature: "before" } : { ...fact, slot: index - before },
  );
}

test.each([
  [3, 0, []],
  [3, 1, ["one-false-0-1"]],
  [3, 2, ["one-false-0-1", "one-false-1-1"]],
  [3, 3, ["one-false-0-1", "one-false-1-1", "one-false-2-1"]],
])("of %d replicas that were started in an earlier way, %d new ones replace as many", (before, now, stopped) => {
  const desired = [{ version: versionOf("one"), isBaseline: false, replicas: 3, isFilled: true }];

  expect(surplusReplicas(replicas(before, now), desired, "now", calm).map((stop) => stop.id)).toEqual(stopped);
});

test("a version that is not wanted loses all its replicas, a smaller number those beyond it", () => {
  const four = replicas(0, 4);

  expect(surplusReplicas(four, [], "now", calm)).toHaveLength(4);
  expect(
    surplusReplicas(four, [{ version: versionOf("one"), isBaseline: false, replicas: 3, isFilled: true }], "now", calm),
  ).toEqual([{ id: "one-false-3-1", why: "the deployment asks for other replicas now" }]);
});
