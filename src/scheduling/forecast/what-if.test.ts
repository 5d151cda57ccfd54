import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { itemOf, minute, nodeOf, queueOf } from "../engine/fixtures/engine-values.ts";
import { Scheduler } from "../engine/scheduler.ts";
import { arrivals, clusterNodes, engineWith, lendingQuota, openQuota, policies } from "./fixtures/arrivals.ts";
import { begin, goOn, type Reality, requeue } from "./fixtures/reality.ts";
import { type Change, changesSchema } from "./model.ts";
import { whatIf } from "./what-if.ts";

const hour = 60 * minute;
const forecast = { p50Ms: hour, p90Ms: hour };

/** One node of four GPUs: `r1` holds three for an hour, then `big` wants four, then `late` one. */
function small(): Scheduler {
  const engine = engineWith([nodeOf("n1", 4, { domains: ["r1"] })], {});
  engine.submit(itemOf("r1", 3, { forecast, limitMs: 2 * hour }));
  engine.submit(itemOf("big", 4, { forecast, submittedAt: 1 }));
  engine.submit(itemOf("late", 1, { forecast, submittedAt: 2, limitMs: 3 * hour }));
  engine.cycle(0);
  return engine;
}

describe("a what-if", () => {
  test("tells what one more node changes for whom, and what that does to use and waiting", () => {
    const engine = small();
    const before = engine.snapshot();
    const answer = whatIf(before, [{ kind: "add-nodes-like", like: "n1", count: 1 }], 0);

    expect(answer.starts).toEqual([
      {
        id: "late",
        name: "TrainingJob/late",
        queue: "a",
        kind: "earlier",
        before: 2 * hour,
        after: 0,
        shiftMs: -2 * hour,
      },
      { id: "big", name: "TrainingJob/big", queue: "a", kind: "earlier", before: hour, after: 0, shiftMs: -hour },
    ]);
    expect(answer.before).toMatchObject({ started: 2, waitMs: 3 * hour, gpuSecondsTotal: 4 * 7200 });
    expect(answer.before.utilisation).toBeCloseTo(7 / 8);
    expect(answer.after).toMatchObject({ started: 2, neverStarted: 0, waitMs: 0 });
    expect(engine.snapshot()).toEqual(before);
  });

  test("tells who never starts, who comes new and who loses its place", () => {
    const rack: Change = { kind: "remove-nodes", which: { pool: "train", level: "rack", domain: "r1" } };
    const lost = whatIf(small().snapshot(), [rack], 10 * minute);

    expect(lost.starts.map((change) => [change.id, change.kind])).toEqual([
      ["big", "never"],
      ["late", "never"],
      ["r1", "displaced"],
    ]);
    expect(lost.evictions).toMatchObject([{ id: "r1", before: 0, after: 1, lostGpuSecondsAfter: 3 * 600 }]);
    const item = itemOf("mine", 1, { forecast, submittedAt: 3, limitMs: 30 * minute });
    const more = whatIf(small().snapshot(), [{ kind: "submit", item }], 0);

    expect(more.starts).toEqual([
      { id: "mine", name: "TrainingJob/mine", queue: "a", kind: "new", before: null, after: 0, shiftMs: null },
    ]);
  });

  test("makes each kind of change", () => {
    const snapshot = small().snapshot();
    const after = (...changes: Change[]) =>
      whatIf(snapshot, changesSchema.parse(changes), 0).starts.map(({ id, kind }) => `${id} ${kind}`);

    expect(after({ kind: "cancel", id: "r1" })).toEqual(["big earlier", "late earlier"]);
    expect(after({ kind: "cancel", id: "big" })).toEqual(["big cancelled", "late earlier"]);
    expect(after({ kind: "drain-nodes", which: { nodes: ["n1"] } })).toEqual(["big never", "late never"]);
    expect(after({ kind: "add-nodes", nodes: [nodeOf("n2", 1, { domains: ["r2"] })] })).toEqual(["late earlier"]);
    const nothing = { gpu: { nominal: 0, borrowingLimit: 0, lendingLimit: null } };
    expect(after({ kind: "set-quota", quota: queueOf("a", { resources: nothing }) })).toEqual([
      "big never",
      "late never",
    ]);
    const reservation = { id: "course", start: hour / 2, end: 3 * hour, nodes: ["n1"], queues: ["c"] };
    expect(after({ kind: "reserve", reservation })).toEqual(["big later", "late later"]);
  });

  test.each<readonly [string, Change, string]>([
    ["a node", { kind: "drain-nodes", which: { nodes: ["n7"] } }, "there is no node n7"],
    ["a workload", { kind: "cancel", id: "w7" }, "w7 neither waits nor runs; see the queue for what does"],
    [
      "a level",
      { kind: "drain-nodes", which: { pool: "train", level: "leaf", domain: "l" } },
      "pool train has no level leaf; it has rack",
    ],
    [
      "a parent",
      { kind: "set-quota", quota: queueOf("d", { parent: "nobody" }) },
      "d has the parent nobody, which is not in the quota tree; name one that is, or none",
    ],
    [
      "a queue that is one",
      { kind: "set-quota", quota: queueOf("d", { parent: "a" }) },
      "big is in queue a, which would have quotas below it; put those elsewhere",
    ],
  ])("refuses to change %s that is not there", (_, change, message) => {
    expect(() => whatIf(small().snapshot(), [change], 0)).toThrow(message);
  });
});

/** A change that is made of what there is, chosen by numbers. */
const choices = fc.record({
  kind: fc.constantFrom("add", "remove", "drain", "submit", "priority", "edit", "cancel", "reserve", "quota"),
  which: fc.nat(),
  size: fc.constantFrom(1, 2, 4, 8),
});

function changeOf(
  { kind, which, size }: { kind: string; which: number; size: number },
  engine: Scheduler,
  now: number,
) {
  const nodes = [...engine.state.cluster.pools].flatMap((pool) => pool.nodes.map((node) => node.spec.id)).toSorted();
  const node = nodes[which % nodes.length] ?? "";
  const waiting = [...engine.state.waiting.keys()].toSorted();
  const known = [...waiting, ...[...engine.state.running.keys()].toSorted()];
  const change = (): Change => {
    switch (kind) {
      case "remove":
        return { kind: "remove-nodes", which: { nodes: [node] } };
      case "drain":
        return { kind: "drain-nodes", which: { nodes: [node] } };
      case "submit": {
        const length = { p50Ms: size * 5 * minute, p90Ms: size * 10 * minute };
        return {
          kind: "submit",
          item: itemOf("new", size, { queue: "c", submittedAt: now, priority: 60, forecast: length }),
        };
      }
      case "priority":
        if (waiting.length > 0)
          return { kind: "set-priority", id: waiting[which % waiting.length] ?? "", priority: 90 };
        break;
      case "edit": {
        const item = engine.state.waiting.get(waiting[which % Math.max(1, waiting.length)] ?? "")?.item;
        if (item !== undefined) return { kind: "edit", item: { ...item, limitMs: size * minute, priority: 90 } };
        break;
      }
      case "cancel":
        if (known.length > 0) return { kind: "cancel", id: known[which % known.length] ?? "" };
        break;
      case "reserve": {
        const start = now + (which % 5) * 10 * minute;
        return {
          kind: "reserve",
          reservation: { id: "r", start, end: start + size * 20 * minute, nodes: [node], queues: [] },
        };
      }
      case "quota": {
        const gpu = { nominal: size * 1000, borrowingLimit: 0, lendingLimit: null };
        return { kind: "set-quota", quota: queueOf("b", { parent: "team", resources: { gpu } }) };
      }
    }
    return { kind: "add-nodes", nodes: [nodeOf("more", size, { domains: ["rack-0"] })] };
  };
  return change();
}

/** Makes a change in a world as its operator would. */
function make(change: Change, world: Reality): Reality {
  const { engine, now } = world;
  switch (change.kind) {
    case "add-nodes":
      for (const node of change.nodes) engine.setNode(node);
      return world;
    case "remove-nodes":
      for (const node of "nodes" in change.which ? change.which.nodes : []) {
        for (const id of engine.removeNode(node, now)) {
          const end = world.ends.get(id);
          if (end !== undefined) requeue(world, end.item);
        }
      }
      return world;
    case "drain-nodes":
      for (const id of "nodes" in change.which ? change.which.nodes : []) {
        const spec = engine.state.cluster.node(id)?.spec;
        if (spec !== undefined) engine.setNode({ ...spec, state: "draining" });
      }
      return world;
    case "submit":
      engine.submit(change.item);
      return world;
    case "set-priority": {
      const item = engine.state.waiting.get(change.id)?.item;
      if (item === undefined) throw new Error(`${change.id} does not wait`);
      engine.finish(change.id, now);
      engine.submit({ ...item, priority: change.priority });
      return world;
    }
    case "edit":
      engine.finish(change.item.id, now);
      engine.submit(change.item);
      return world;
    case "cancel":
      engine.finish(change.id, now);
      world.ends.delete(change.id);
      return world;
    case "reserve":
      engine.reserve(change.reservation);
      return world;
    case "set-quota": {
      const snapshot = engine.snapshot();
      const quota = snapshot.quota.map((node) => (node.id === change.quota.id ? change.quota : node));
      return { ...world, engine: Scheduler.restore({ ...snapshot, quota }) };
    }
    case "add-nodes-like":
    case "cancel-reservation":
      throw new Error(`${change.kind} is not among the changes of this test`);
  }
}

test("a what-if says what then really happens when the change is made and nothing else moves", () => {
  let seen = 0;
  fc.assert(
    fc.property(
      clusterNodes,
      arrivals(30),
      policies,
      fc.constantFrom(openQuota, lendingQuota),
      choices,
      (nodes, list, policy, tree, choice) => {
        const quota = choice.kind === "quota" ? lendingQuota : tree;
        const unchanged = begin(engineWith(nodes, policy, quota), list);
        const asked = begin(engineWith(nodes, policy, quota), list);
        const change = changeOf(choice, asked.engine, asked.now);
        const answer = whatIf(asked.engine.snapshot(), [change], asked.now);
        const waiting = [...asked.engine.state.waiting.keys()];
        const changed = make(change, asked);
        unchanged.startedAt.clear();
        changed.startedAt.clear();
        goOn(unchanged);
        goOn(changed);

        const predicted = new Map(answer.starts.map((each) => [each.id, each]));
        for (const id of waiting) {
          const [before, after] = [unchanged.startedAt.get(id) ?? null, changed.startedAt.get(id) ?? null];
          const said = predicted.get(id);
          if (said === undefined) expect(after).toBe(before);
          else expect([id, said.before, said.after]).toEqual([id, before, after]);
        }
        expect(answer.starts.filter((each) => each.kind === "new").map((each) => each.after)).toEqual(
          change.kind === "submit" ? [changed.startedAt.get("new") ?? null] : [],
        );
        seen += answer.starts.length;
      },
    ),
    { numRuns: 400 },
  );
  // Many changes move somebody.
  expect(seen).toBeGreaterThan(5);
});
