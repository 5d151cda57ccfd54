import fc from "fast-check";
import { expect, test } from "vitest";
import { nextQueue, setWaiting, standingOf } from "./fair-order.ts";
import { arbitraryJob, arbitraryTree, keys, queuesOf, toClaim } from "./fixtures/random-quota.ts";
import { type Holding, recountQuota } from "./fixtures/recount-quota.ts";
import type { QuotaNode } from "./model.ts";
import { availableTo, findShortage } from "./quota-fit.ts";
import { openQuotaTree, type QuotaTree } from "./quota-tree.ts";
import { addUsage, closeCheckpoint, openCheckpoint, removeUsage, rollBack } from "./usage-change.ts";

const settings = { capacity: { gpu: 40, "gpu:H100": 20, cpu: 40 }, halfLifeMs: 1000, historyWeight: 1 };
const tree = arbitraryTree({ named: keys });
/** A workload that starts; or, when `ends` is set, one of those that run ends. */
const step = fc.record({ job: arbitraryJob, ends: fc.option(fc.nat(), { freq: 2 }), passed: fc.nat(700) });

function books(nodes: readonly QuotaNode[], state: QuotaTree) {
  return nodes.flatMap(({ id }) =>
    keys.map((key) => {
      const account = state.nodes.get(id)?.accounts.get(key);
      const { usage = 0, outside = 0, total = 0, subtree = 0 } = account ?? {};
      const isQueue = queuesOf(nodes).includes(id);
      return { id, key, usage, outside, total, subtree, available: isQueue ? availableTo(state, id, key) : null };
    }),
  );
}

function recounted(nodes: readonly QuotaNode[], held: readonly Holding[]) {
  return nodes.flatMap(({ id }) =>
    keys.map((key) => {
      const { usage, outside, total, subtree, available } = recountQuota(nodes, held, id, key);
      return { id, key, usage, outside, total, subtree, available: queuesOf(nodes).includes(id) ? available : null };
    }),
  );
}

test("the books after any changes are those counted from nothing", () => {
  fc.assert(
    fc.property(tree, fc.array(step, { maxLength: 20 }), (nodes, steps) => {
      const state = openQuotaTree(nodes, settings);
      const running: Holding[] = [];
      steps.forEach(({ job, ends }, index) => {
        const [ended] = ends === null || running.length === 0 ? [] : running.splice(ends % running.length, 1);
        const claim = toClaim(nodes, job, index);
        if (ended !== undefined) removeUsage(state, ended.queue, ended.amounts, index);
        else running.push(claim);
        if (ended === undefined) addUsage(state, claim.queue, claim.amounts, index);
      });

      expect(books(nodes, state)).toEqual(recounted(nodes, running));
    }),
    { numRuns: 1000 },
  );
});

test("what fits never breaks a borrowing limit, a lending limit or the quota of the whole tree", () => {
  fc.assert(
    fc.property(tree, fc.array(arbitraryJob, { maxLength: 20 }), (nodes, jobs) => {
      const state = openQuotaTree(nodes, settings);
      jobs.forEach((job, index) => {
        const claim = toClaim(nodes, job, index);
        if (findShortage(state, claim.queue, claim.amounts) === null) {
          addUsage(state, claim.queue, claim.amounts, index);
        }
      });

      for (const node of state.nodes.values()) {
        for (const account of node.accounts.values()) {
          const { limits, subtree, local, usage, parent } = account;
          const borrowing = parent === null ? 0 : (limits.borrowingLimit ?? Infinity);
          expect(usage).toBeLessThanOrEqual(subtree + borrowing);
          // What is never lent is left to the node, whatever the others hold.
          if (node.isQueue && !account.isOpen) {
            expect(availableTo(state, node.id, account.key)).toBeGreaterThanOrEqual(Math.max(0, local - usage));
          }
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test("a request fits exactly when no more is asked than is available", () => {
  fc.assert(
    fc.property(tree, fc.array(arbitraryJob, { minLength: 1, maxLength: 12 }), (nodes, jobs) => {
      const state = openQuotaTree(nodes, settings);
      jobs.forEach((job, index) => {
        const { queue, amounts } = toClaim(nodes, job, index);
        const tooMuch = Object.entries(amounts).filter(([key, amount]) => amount > availableTo(state, queue, key));
        const shortage = findShortage(state, queue, amounts);

        expect(shortage === null).toBe(tooMuch.length === 0);
        if (shortage === null) addUsage(state, queue, amounts, index);
        else expect(tooMuch).toContainEqual([shortage.key, shortage.asked]);
      });
    }),
    { numRuns: 500 },
  );
});

/** All that can be seen of a tree at an instant: books, standings, and the order in which its queues are served. */
function lookAt(nodes: readonly QuotaNode[], state: QuotaTree, now: number) {
  const standings = [...state.nodes.values()].map((node) => standingOf(state, node, now));
  const order: string[] = [];
  const checkpoint = openCheckpoint(state);
  for (let queue = nextQueue(state, now); queue !== null; queue = nextQueue(state, now)) {
    order.push(queue);
    setWaiting(state, queue, false);
  }
  rollBack(state, checkpoint);
  return { books: books(nodes, state), standings, order };
}

test("a rollback restores books, history, who waits and the order, whatever happened since the checkpoint", () => {
  const waits = fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 6 });
  fc.assert(
    fc.property(
      tree,
      fc.array(step, { maxLength: 10 }),
      fc.array(step, { maxLength: 10 }),
      waits,
      (nodes, before, after, changes) => {
        const state = openQuotaTree(nodes, settings);
        const queues = queuesOf(nodes);
        for (const queue of queues) setWaiting(state, queue, true);
        let now = 0;
        const play = (steps: typeof before) => {
          const running: Holding[] = [];
          for (const { job, ends, passed } of steps) {
            now += passed;
            const [ended] = ends === null || running.length === 0 ? [] : running.splice(ends % running.length, 1);
            const claim = toClaim(nodes, job, now);
            if (ended === undefined) running.push(claim);
            if (ended === undefined) addUsage(state, claim.queue, claim.amounts, now);
            else removeUsage(state, ended.queue, ended.amounts, now);
          }
        };
        play(before);
        const then = now;
        const seen = lookAt(nodes, state, then);
        const checkpoint = openCheckpoint(state);
        play(after);
        const inner = openCheckpoint(state);
        for (const [at, isWaiting] of changes) setWaiting(state, queues[at % queues.length] ?? "", isWaiting);
        if (changes.length % 2 === 0) closeCheckpoint(state);
        else rollBack(state, inner);
        nextQueue(state, now);
        rollBack(state, checkpoint);

        expect(lookAt(nodes, state, then)).toEqual(seen);
        expect(state.journal).toHaveLength(0);
      },
    ),
    { numRuns: 500 },
  );
});

test("refuses absurd amounts, inner nodes and giving back what is not held, and changes nothing", () => {
  const policies = { reclaim: "any", preempt: "any" } as const;
  const nodes = [
    { id: "team", parent: null, weight: 1, resources: {}, policies },
    { id: "project", parent: "team", weight: 1, resources: {}, policies },
  ];
  const state = openQuotaTree(nodes, settings);
  addUsage(state, "project", { gpu: 4 }, 0);

  expect(() => addUsage(state, "project", { cpu: 1, gpu: -1 }, 1)).toThrow("wanted a whole number from 0 on of gpu");
  expect(() => addUsage(state, "project", { gpu: Number.NaN }, 1)).toThrow("found NaN");
  expect(() => addUsage(state, "team", { gpu: 1 }, 1)).toThrow("only queues hold");
  expect(() => addUsage(state, "nobody", { gpu: 1 }, 1)).toThrow("no node nobody");
  expect(() => removeUsage(state, "project", { gpu: 5 }, 1)).toThrow("give back 5 of gpu and holds 4");
  expect(state.nodes.get("team")?.accounts.get("gpu")?.total).toBe(4);
  expect(state.nodes.get("team")?.accounts.get("cpu")?.total ?? 0).toBe(0);
});
