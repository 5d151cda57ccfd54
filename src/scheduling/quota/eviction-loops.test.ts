import fc from "fast-check";
import { expect, test } from "vitest";
import { arbitraryJob, arbitraryTree, keys, toClaim } from "./fixtures/random-quota.ts";
import type { Amounts, EvictionPolicy, QuotaClaim, QuotaNode } from "./model.ts";
import { findShortage } from "./quota-fit.ts";
import { openQuotaTree, type QuotaTree } from "./quota-tree.ts";
import { addUsage, openCheckpoint, removeUsage, rollBack } from "./usage-change.ts";
import { judgeEviction } from "./victim-legality.ts";

const capacity: Amounts = { gpu: 16, "gpu:H100": 8, cpu: 16 };

/** A cluster where everybody always asks again: what is evicted waits for its next chance. */
interface Cluster {
  readonly tree: QuotaTree;
  readonly running: Set<QuotaClaim>;
  readonly waiting: Set<QuotaClaim>;
}

function isRoom(cluster: Cluster, asker: QuotaClaim): boolean {
  if (findShortage(cluster.tree, asker.queue, asker.amounts) !== null) return false;
  return Object.entries(capacity).every(([key, amount]) => {
    let used = asker.amounts[key] ?? 0;
    for (const node of cluster.tree.nodes.values()) if (node.isQueue) used += node.accounts.get(key)?.total ?? 0;
    return used <= amount;
  });
}

/** Victims in the given order until the asker has room, then without those that it can do without; null when illegal. */
function chooseVictims(
  cluster: Cluster,
  asker: QuotaClaim,
  order: readonly QuotaClaim[],
): readonly QuotaClaim[] | null {
  const { tree } = cluster;
  const checkpoint = openCheckpoint(tree);
  const victims: QuotaClaim[] = [];
  for (const each of order) {
    if (isRoom(cluster, asker)) break;
    if (judgeEviction(tree, asker, [each]).kind === "illegal") continue;
    removeUsage(tree, each.queue, each.amounts, 0);
    victims.push(each);
  }
  const fits = isRoom(cluster, asker);
  for (const each of fits ? victims.toReversed() : []) {
    addUsage(tree, each.queue, each.amounts, 0);
    if (isRoom(cluster, asker)) victims.splice(victims.indexOf(each), 1);
    else removeUsage(tree, each.queue, each.amounts, 0);
  }
  rollBack(tree, checkpoint);
  return fits && judgeEviction(tree, asker, victims).kind === "legal" ? victims : null;
}

/** Lets everybody who waits try in turn, again and again; returns the evictions until nobody can move, at most `max`. */
function settle(
  nodes: readonly QuotaNode[],
  claims: readonly QuotaClaim[],
  turns: readonly number[],
  max: number,
): number {
  const tree = openQuotaTree(nodes, { capacity, halfLifeMs: 1000, historyWeight: 1 });
  const cluster: Cluster = { tree, running: new Set(), waiting: new Set(claims) };
  let evictions = 0;
  let turn = 0;
  for (let hasMoved = true; hasMoved && evictions < max; ) {
    hasMoved = false;
    const round = [...cluster.waiting];
    for (const asker of round) {
      const start = turns[turn % turns.length] ?? 0;
      turn += 1;
      const running = [...cluster.running];
      const order = running.map((_, index) => running[(index + start) % running.length] ?? asker);
      const victims = isRoom(cluster, asker) ? [] : chooseVictims(cluster, asker, order);
      if (victims === null) continue;
      for (const victim of victims) {
        removeUsage(tree, victim.queue, victim.amounts, 0);
        cluster.running.delete(victim);
        cluster.waiting.add({ ...victim, isReturning: true });
      }
      addUsage(tree, asker.queue, asker.amounts, 0);
      cluster.running.add(asker);
      cluster.waiting.delete(asker);
      evictions += victims.length;
      hasMoved = true;
    }
  }
  return evictions;
}

/** Fourteen workloads settle in far fewer evictions, unless some of them evict each other in turn. */
const evictionsMax = 1000;

test.each<readonly [string, EvictionPolicy | undefined, readonly string[]]>([
  ["by any policies, under random quotas", undefined, keys],
  ["by all rights at once, under random quotas", "any", keys],
  ["by all rights at once, where only GPUs have quotas", "any", ["gpu"]],
])("evictions come to an end %s, whoever tries in whatever order", (_, policy, named) => {
  let evictions = 0;
  fc.assert(
    fc.property(
      arbitraryTree({ named, ...(policy === undefined ? {} : { policy }) }),
      fc.array(arbitraryJob, { minLength: 2, maxLength: 14 }),
      fc.array(fc.nat(13), { minLength: 1, maxLength: 5 }),
      (nodes, drawn, turns) => {
        const claims = drawn.map((job, index) => toClaim(nodes, job, index));
        const moved = settle(nodes, claims, turns, evictionsMax);
        evictions += moved;

        expect(moved).toBeLessThan(evictionsMax);
      },
    ),
    { numRuns: 700 },
  );

  expect(evictions).toBeGreaterThan(40);
});
