import fc from "fast-check";
import { expect, test } from "vitest";
import { nextQueue, setWaiting, standingOf } from "./fair-order.ts";
import { arbitraryJob, arbitraryTree, keys, queuesOf, toClaim } from "./fixtures/random-quota.ts";
import { type Holding, recountQuota } from "./fixtures/recount-quota.ts";
import { isGpuKey, type QuotaNode } from "./model.ts";
import { readPast, restorePast } from "./past-share.ts";
import { openQuotaTree, type QuotaTree } from "./quota-tree.ts";
import { addUsage, openCheckpoint, removeUsage, rollBack, setCapacity } from "./usage-change.ts";

const capacity: Readonly<Record<string, number>> = { gpu: 40, "gpu:H100": 20, cpu: 40 };
const halfLifeMs = 1000;
const settings = { capacity, halfLifeMs, historyWeight: 1 };
/** Naive sums are taken in another order: scores closer than this are alike. */
const slack = 1e-9;

interface Change {
  readonly at: number;
  readonly held: readonly Holding[];
}

/** Whether a node goes first by right, its share and its past, from the declared tree and the list of all changes. */
function naiveScore(nodes: readonly QuotaNode[], changes: readonly Change[], id: string, instant: number) {
  const node = nodes.find((each) => each.id === id);
  const parent = node?.parent ?? null;
  const sharing = parent === null ? [] : keys.filter((key) => recountQuota(nodes, [], parent, key).ceiling > 0);
  const share = (held: readonly Holding[]): number => {
    const parts = keys.map((key) => {
      const { usage, subtree, outside, total } = recountQuota(nodes, held, id, key);
      if (sharing.length === 0) return total / (capacity[key] ?? Infinity);
      if (parent === null || !sharing.includes(key)) return 0;
      return (Math.max(0, usage - subtree) + outside) / recountQuota(nodes, [], parent, key).ceiling;
    });
    return Math.max(...parts) / (node?.weight ?? 1);
  };
  let [average, since, current] = [0, 0, 0];
  for (const change of changes) {
    average = current + (average - current) * 0.5 ** ((change.at - since) / halfLifeMs);
    [since, current] = [change.at, share(change.held)];
  }
  const held = changes.at(-1)?.held ?? [];
  const own = sharing.map((key) => ({ key, ...recountQuota(nodes, held, id, key) })).filter((each) => each.subtree > 0);
  const judged = own.some((each) => isGpuKey(each.key)) ? own.filter((each) => isGpuKey(each.key)) : own;
  const isWithinOwn = current === 0 && judged.some((each) => each.usage < each.subtree);
  const past = current + (average - current) * 0.5 ** ((instant - since) / halfLifeMs);
  const present = isWithinOwn ? Math.max(...own.map((each) => each.usage / each.subtree)) : current;
  return { isWithinOwn, score: present + past };
}

const steps = fc.array(fc.record({ job: arbitraryJob, ends: fc.option(fc.nat()), passed: fc.nat(900) }), {
  maxLength: 10,
});

test("at every level the child goes first that a count from nothing puts first", () => {
  fc.assert(
    fc.property(arbitraryTree({ named: keys, nodesMax: 8 }), steps, fc.nat(), (nodes, drawn, mask) => {
      const tree = openQuotaTree(nodes, settings);
      const queues = queuesOf(nodes);
      const waiting = queues.filter((_, index) => (mask & (1 << index)) !== 0);
      for (const queue of waiting) setWaiting(tree, queue, true);
      const changes: Change[] = [];
      let held: readonly Holding[] = [];
      let now = 0;
      drawn.forEach(({ job, ends, passed }, index) => {
        now += passed;
        const claim = toClaim(nodes, job, index);
        const ended = ends === null || held.length === 0 ? undefined : held[ends % held.length];
        held = ended === undefined ? [...held, claim] : held.filter((each) => each !== ended);
        if (ended === undefined) addUsage(tree, claim.queue, claim.amounts, now);
        else removeUsage(tree, ended.queue, ended.amounts, now);
        changes.push({ at: now, held });
        if (index % 3 === 0) nextQueue(tree, now);
      });
      const chosen = nextQueue(tree, now + 500);
      const instant = (Math.floor((now + 500) / (halfLifeMs / 64)) + 1) * (halfLifeMs / 64);
      const waits = (id: string): boolean =>
        waiting.includes(id) || nodes.some((each) => each.parent === id && waits(each.id));

      expect(chosen === null).toBe(waiting.length === 0);
      for (let id = chosen; id !== null; id = nodes.find((each) => each.id === id)?.parent ?? null) {
        const mine = naiveScore(nodes, changes, id, instant);
        const parent = nodes.find((each) => each.id === id)?.parent ?? null;
        for (const sibling of nodes) {
          if (sibling.parent !== parent || sibling.id === id || !waits(sibling.id)) continue;
          const other = naiveScore(nodes, changes, sibling.id, instant);
          if (other.isWithinOwn !== mine.isWithinOwn) expect(mine.isWithinOwn).toBe(true);
          else expect(mine.score).toBeLessThanOrEqual(other.score + slack);
        }
      }
    }),
    { numRuns: 400 },
  );
});

/** The order in which the waiting queues come, each set aside once it came. */
function orderOf(tree: QuotaTree, now: number): readonly string[] {
  const order: string[] = [];
  const checkpoint = openCheckpoint(tree);
  for (let queue = nextQueue(tree, now); queue !== null; queue = nextQueue(tree, now)) {
    order.push(queue);
    setWaiting(tree, queue, false);
  }
  rollBack(tree, checkpoint);
  return order;
}

test("the order is the same however the tree was declared and whatever was asked or tried before", () => {
  fc.assert(
    fc.property(arbitraryTree({ named: keys }), steps, fc.array(fc.nat(), { maxLength: 4 }), (nodes, drawn, asked) => {
      const one = openQuotaTree(nodes, settings);
      const other = openQuotaTree(nodes.toReversed(), settings);
      let now = 0;
      drawn.forEach(({ job, passed }, index) => {
        now += passed;
        const { queue, amounts } = toClaim(nodes, job, index);
        addUsage(one, queue, amounts, now);
        const checkpoint = openCheckpoint(other);
        addUsage(other, queue, amounts, now + (asked[index] ?? 0));
        nextQueue(other, now + (asked[index] ?? 0));
        rollBack(other, checkpoint);
        addUsage(other, queue, amounts, now);
      });
      for (const queue of queuesOf(nodes)) setWaiting(one, queue, true);
      for (const queue of queuesOf(nodes).toReversed()) setWaiting(other, queue, true);

      expect(orderOf(one, now)).toHaveLength(queuesOf(nodes).length);
      expect(orderOf(other, now)).toEqual(orderOf(one, now));
    }),
    { numRuns: 400 },
  );
});

const policies = { reclaim: "any", preempt: "any" } as const;

function plain(id: string, weight = 1, parent: string | null = null): QuotaNode {
  return { id, parent, weight, resources: {}, policies };
}

test("among equals the smallest id goes first", () => {
  const tree = openQuotaTree([plain("c"), plain("a"), plain("b")], settings);
  for (const queue of ["b", "c", "a"]) setWaiting(tree, queue, true);

  expect(orderOf(tree, 0)).toEqual(["a", "b", "c"]);
});

/** Serves one GPU, slot after slot, to whoever is next; counts the slots that each queue got. */
function serve(tree: QuotaTree, slots: number, from: number, slotMs: number): Readonly<Record<string, number>> {
  const served: Record<string, number> = {};
  for (let slot = 0; slot < slots; slot += 1) {
    const start = from + slot * slotMs;
    const queue = nextQueue(tree, start);
    if (queue === null) continue;
    served[queue] = (served[queue] ?? 0) + 1;
    addUsage(tree, queue, { gpu: 40 }, start);
    removeUsage(tree, queue, { gpu: 40 }, start + slotMs);
  }
  return served;
}

test("a burst is repaid: whoever waited meanwhile is served first, and then both get the same", () => {
  const tree = openQuotaTree([plain("burst"), plain("patient")], settings);
  setWaiting(tree, "burst", true);
  expect(serve(tree, 40, 0, 25)).toEqual({ burst: 40 });
  setWaiting(tree, "patient", true);

  // After one half-life of all for itself, the burst's average is 1/2: it takes log2(3/2) half-lives to even that out.
  expect(serve(tree, 20, 1000, 25)).toEqual({ patient: 20 });
  const after = serve(tree, 400, 1500, 25);
  expect(Math.abs((after["burst"] ?? 0) - (after["patient"] ?? 0))).toBeLessThan(40);
});

test("the past halves with every half-life", () => {
  const tree = openQuotaTree([plain("burst"), plain("patient")], settings);
  addUsage(tree, "burst", { gpu: 40 }, 0);
  removeUsage(tree, "burst", { gpu: 40 }, 1000);
  const burst = tree.nodes.get("burst");
  if (burst === undefined) throw new Error("no burst");

  expect(standingOf(tree, burst, 1000)).toEqual({ isWithinOwn: false, share: 0, pastShare: 0.5 });
  expect(standingOf(tree, burst, 3000).pastShare).toBe(0.125);
  // A clock that jumps back neither forgets nor invents anything.
  expect(standingOf(tree, burst, 500).pastShare).toBe(0.5);
});

test("the past is carried into a new tree", () => {
  const before = openQuotaTree([plain("burst"), plain("gone"), plain("patient")], settings);
  for (const queue of ["burst", "gone"]) addUsage(before, queue, { gpu: 10 }, 0);
  removeUsage(before, "burst", { gpu: 10 }, 1000);
  const past = readPast(before, 2000);
  const after = openQuotaTree([plain("burst"), plain("patient"), plain("young")], settings);
  restorePast(after, past);
  for (const queue of ["burst", "patient"]) setWaiting(after, queue, true);

  expect(past.map((each) => each.node)).toEqual(["burst", "gone"]);
  expect(orderOf(after, 2000)).toEqual(["patient", "burst"]);
  expect(readPast(after, 2000)).toEqual(past.filter((each) => each.node === "burst"));
  expect(() => restorePast(after, [{ node: "burst", average: -1, at: 0 }])).toThrow("found -1");
});

test("weights divide what is served", () => {
  const tree = openQuotaTree([plain("heavy", 3), plain("light", 1)], settings);
  setWaiting(tree, "heavy", true);
  setWaiting(tree, "light", true);
  const { heavy = 0, light = 0 } = serve(tree, 4000, 0, 5);

  expect(heavy / light).toBeGreaterThan(2.8);
  expect(heavy / light).toBeLessThan(3.2);
});

test("whoever has own quota left goes before whoever would borrow, whatever the past says", () => {
  const limits = (nominal: number) => ({ gpu: { nominal, borrowingLimit: null, lendingLimit: null } });
  const tree = openQuotaTree(
    [
      plain("root"),
      { ...plain("rich", 1, "root"), resources: limits(10) },
      { ...plain("poor", 1, "root"), resources: limits(0) },
    ],
    settings,
  );
  addUsage(tree, "rich", { gpu: 9 }, 0);
  setWaiting(tree, "poor", true);
  setWaiting(tree, "rich", true);
  expect(orderOf(tree, 5000)).toEqual(["rich", "poor"]);
  addUsage(tree, "rich", { gpu: 1 }, 5000);

  expect(orderOf(tree, 5000)).toEqual(["poor", "rich"]);
});

test("shares follow the capacity when machines come and go", () => {
  const tree = openQuotaTree([plain("gpus"), plain("cpus")], settings);
  addUsage(tree, "gpus", { gpu: 10 }, 0);
  addUsage(tree, "cpus", { cpu: 20 }, 0);
  setWaiting(tree, "gpus", true);
  setWaiting(tree, "cpus", true);
  expect(nextQueue(tree, 0)).toBe("gpus");
  setCapacity(tree, { gpu: 10, cpu: 40 }, 0);

  expect(nextQueue(tree, 0)).toBe("cpus");
});
