import fc from "fast-check";
import { expect, test } from "vitest";
import { arbitraryJob, arbitraryTree, keys, toClaim } from "./fixtures/random-quota.ts";
import { findLent } from "./lent-quota.ts";
import type { EvictionPolicy, QuotaClaim, QuotaLimits, QuotaNode } from "./model.ts";
import { findEntitledNode, findShortage, isBorrowing, isWithinNominal } from "./quota-fit.ts";
import { openQuotaTree, type QuotaTree } from "./quota-tree.ts";
import { addUsage, openCheckpoint, removeUsage, rollBack } from "./usage-change.ts";
import { judgeEviction, mayPreempt, mayReclaim } from "./victim-legality.ts";

const capacity = { gpu: 30, "gpu:H100": 16, cpu: 30 };
const settings = { capacity, halfLifeMs: 1000, historyWeight: 1 };

function quota(nominal: number, borrowingLimit: number | null = null, lendingLimit: number | null = null): QuotaLimits {
  return { nominal, borrowingLimit, lendingLimit };
}

function node(id: string, parent: string | null, nominal: number | null, reclaim: EvictionPolicy = "any"): QuotaNode {
  const resources = nominal === null ? {} : { gpu: quota(nominal) };
  return { id, parent, weight: 1, resources, policies: { reclaim, preempt: "lower-priority" } };
}

let jobs = 0;
function claim(queue: string, gpu: number, priority = 0): QuotaClaim {
  jobs += 1;
  return { queue, amounts: { gpu }, rank: { priority, queuedAt: jobs, id: `job-${jobs}` }, isReturning: false };
}

function run(tree: QuotaTree, claims: readonly QuotaClaim[]): void {
  for (const each of claims) addUsage(tree, each.queue, each.amounts, 0);
}

test("a team takes back what it lent, and only from those who hold more than their own", () => {
  const tree = openQuotaTree(
    [node("root", null, null), node("a", "root", 4), node("b", "root", 4), node("c", "root", 4)],
    settings,
  );
  const [own, borrowed, fair] = [claim("b", 4), claim("b", 4), claim("c", 4)];
  run(tree, [own, borrowed, fair]);
  const asker = claim("a", 4);

  expect(["a", "b", "c"].filter((each) => isBorrowing(tree, each, "gpu"))).toEqual(["b"]);
  expect([4, 5].map((gpu) => isWithinNominal(tree, "a", { gpu }))).toEqual([true, false]);
  expect(findShortage(tree, "a", asker.amounts)).toMatchObject({ node: "root", nominal: 12, uses: 12, available: 0 });
  expect(findLent(tree, "a", asker.amounts)).toEqual([
    { key: "gpu", missing: 4, borrowers: [{ queue: "b", under: "root", amount: 4 }] },
  ]);
  expect(mayReclaim(tree, asker, borrowed)).toBe(true);
  expect(mayReclaim(tree, asker, fair)).toBe(false);
  expect(judgeEviction(tree, asker, [borrowed])).toEqual({ kind: "legal", grounds: ["reclaim"] });
  // Both together would take what is b's own.
  expect(judgeEviction(tree, asker, [own, borrowed])).toEqual({ kind: "illegal", victim: own });
});

test("a request beyond its own quota takes nothing back", () => {
  const tree = openQuotaTree([node("root", null, null), node("a", "root", 4), node("b", "root", 4)], settings);
  const borrowed = claim("b", 6);
  run(tree, [borrowed]);
  const asker = claim("a", 5);

  expect(findEntitledNode(tree, "a", asker.amounts)).toBeNull();
  expect(mayReclaim(tree, asker, borrowed)).toBe(false);
  expect(findLent(tree, "a", asker.amounts)[0]?.borrowers).toEqual([]);
});

test("a project without a quota of its own takes back in its team's name, outside the team only", () => {
  const nodes = [
    node("root", null, null),
    node("team", "root", 8),
    node("one", "team", null),
    node("two", "team", null),
    node("other", "root", 8),
  ];
  const tree = openQuotaTree(nodes, settings);
  const [sibling, outsider] = [claim("two", 4), claim("other", 12)];
  run(tree, [sibling, outsider]);
  const asker = claim("one", 4);

  expect(findEntitledNode(tree, "one", asker.amounts)).toBe("team");
  expect(mayReclaim(tree, asker, outsider)).toBe(true);
  expect(mayReclaim(tree, asker, sibling)).toBe(false);
});

test("what no quota speaks of is never protected from those who have a quota", () => {
  const tree = openQuotaTree([node("root", null, null), node("a", "root", 4), node("free", "root", null)], settings);
  const outside = claim("free", 8);
  run(tree, [outside]);
  const asker = claim("a", 4);

  // It counts against nobody's quota, so the request fits; where machines are short, it yields.
  expect(findShortage(tree, "a", asker.amounts)).toBeNull();
  expect(mayReclaim(tree, asker, outside)).toBe(true);
  expect(mayReclaim(tree, { ...outside, rank: asker.rank }, { ...asker, rank: outside.rank })).toBe(false);
  expect(findLent(tree, "a", asker.amounts)[0]?.borrowers).toEqual([{ queue: "free", under: "root", amount: 8 }]);
});

test.each<readonly [EvictionPolicy, number, boolean]>([
  ["never", 0, false],
  ["lower-priority", 0, true],
  ["lower-priority", 1, false],
  ["any", 2, true],
])(
  "with the reclaim policy %s, a victim of priority %i below an asker of priority 1: %s",
  (policy, priority, expected) => {
    const tree = openQuotaTree(
      [node("root", null, null), node("a", "root", 4, policy), node("b", "root", 4)],
      settings,
    );
    const victim = claim("b", 8, priority);
    run(tree, [victim]);

    expect(mayReclaim(tree, claim("a", 4, 1), victim)).toBe(expected);
  },
);

test("inside a queue only a higher rank evicts, so nobody is evicted in turn", () => {
  const policy = fc.constantFrom<EvictionPolicy>("never", "lower-priority", "any");
  const rank = fc.record({ priority: fc.nat(2), queuedAt: fc.nat(2), id: fc.constantFrom("x", "y") });
  fc.assert(
    fc.property(policy, rank, rank, (preempt, one, other) => {
      const tree = openQuotaTree([{ ...node("a", null, 4), policies: { reclaim: "any", preempt } }], settings);
      const [left, right] = [one, other].map((each) => ({
        queue: "a",
        amounts: { gpu: 1 },
        rank: each,
        isReturning: false,
      }));
      if (left === undefined || right === undefined) return;

      expect(mayPreempt(tree, left, right) && mayPreempt(tree, right, left)).toBe(false);
      expect(mayPreempt(tree, left, right)).toBe(
        preempt !== "never" &&
          (one.priority > other.priority ||
            (preempt === "any" &&
              one.priority === other.priority &&
              (one.queuedAt < other.queuedAt || (one.queuedAt === other.queuedAt && one.id < other.id)))),
      );
    }),
  );
});

test("whoever was evicted comes back by reclaim or when there is room, but evicts nobody by rank", () => {
  const nodes = [node("root", null, null), node("a", "root", 2), node("b", "root", 2)];
  const tree = openQuotaTree(nodes, settings);
  const [low, borrowed] = [claim("a", 1), claim("b", 3)];
  run(tree, [low, borrowed]);
  const asker = claim("a", 1, 1);

  expect(judgeEviction(tree, asker, [low])).toEqual({ kind: "legal", grounds: ["rank"] });
  expect(judgeEviction(tree, { ...asker, isReturning: true }, [low]).kind).toBe("illegal");
  expect(judgeEviction(tree, { ...asker, isReturning: true }, [borrowed])).toEqual({
    kind: "legal",
    grounds: ["reclaim"],
  });
  expect(mayPreempt(tree, { ...asker, isReturning: true }, low)).toBe(false);
});

/** Takes, the largest first, whatever may be reclaimed, until the request fits, and spares who is not needed; null when that is not enough. */
function reclaimUntilFit(
  tree: QuotaTree,
  asker: QuotaClaim,
  running: readonly QuotaClaim[],
): readonly QuotaClaim[] | null {
  const victims: QuotaClaim[] = [];
  const checkpoint = openCheckpoint(tree);
  const largestFirst = running.toSorted((left, right) => (right.amounts["gpu"] ?? 0) - (left.amounts["gpu"] ?? 0));
  while (findShortage(tree, asker.queue, asker.amounts) !== null) {
    const victim = largestFirst.find((each) => !victims.includes(each) && mayReclaim(tree, asker, each));
    if (victim === undefined) break;
    removeUsage(tree, victim.queue, victim.amounts, 0);
    victims.push(victim);
  }
  const fits = findShortage(tree, asker.queue, asker.amounts) === null;
  for (const victim of fits ? [...victims] : []) {
    addUsage(tree, victim.queue, victim.amounts, 0);
    if (findShortage(tree, asker.queue, asker.amounts) === null) victims.splice(victims.indexOf(victim), 1);
    else removeUsage(tree, victim.queue, victim.amounts, 0);
  }
  rollBack(tree, checkpoint);
  return fits ? victims : null;
}

/** Whether the request would fit if nothing ran but what runs below the node that is entitled. */
function wouldFitAlone(
  nodes: readonly QuotaNode[],
  asker: QuotaClaim,
  entitled: string,
  running: readonly QuotaClaim[],
): boolean {
  const isBelow = (id: string): boolean => {
    const parent = nodes.find((each) => each.id === id)?.parent ?? null;
    return id === entitled || (parent !== null && isBelow(parent));
  };
  const tree = openQuotaTree(nodes, settings);
  run(
    tree,
    running.filter((each) => isBelow(each.queue)),
  );
  return findShortage(tree, asker.queue, asker.amounts) === null;
}

function admitted(tree: QuotaTree, claims: readonly QuotaClaim[]): readonly QuotaClaim[] {
  const running: QuotaClaim[] = [];
  for (const each of claims) {
    if (findShortage(tree, each.queue, each.amounts) !== null) continue;
    addUsage(tree, each.queue, each.amounts, 0);
    running.push(each);
  }
  return running;
}

test("whoever asks within its own quota gets back what was lent: there is a legal set of victims, and who holds it is named", () => {
  let reclaims = 0;
  fc.assert(
    fc.property(
      arbitraryTree({ named: ["gpu"], policy: "any" }),
      fc.array(arbitraryJob, { minLength: 2, maxLength: 16 }),
      (nodes, drawn) => {
        const tree = openQuotaTree(nodes, settings);
        const claims = drawn.map((job, index) => toClaim(nodes, { ...job, gpus: job.gpus + 1, isH100: false }, index));
        const running = admitted(tree, claims.slice(1));
        const [asker] = claims;
        if (asker === undefined) return;
        const entitled = findEntitledNode(tree, asker.queue, asker.amounts);
        const isShort = findShortage(tree, asker.queue, asker.amounts) !== null;
        if (entitled === null || !isShort || !wouldFitAlone(nodes, asker, entitled, running)) return;
        reclaims += 1;
        const [lent] = findLent(tree, asker.queue, asker.amounts);
        const victims = reclaimUntilFit(tree, asker, running);

        expect(victims).not.toBeNull();
        expect(judgeEviction(tree, asker, victims ?? [])).toMatchObject({ kind: "legal" });
        const named = lent?.borrowers.map((each) => each.queue);
        for (const victim of victims ?? []) expect(named).toContain(victim.queue);
        expect(lent?.missing).toBeGreaterThan(0);
        // Who is within its own quota after all keeps what it has.
        for (const borrower of lent?.borrowers ?? []) expect(borrower.amount).toBeGreaterThan(0);
      },
    ),
    { numRuns: 6000 },
  );

  expect(reclaims).toBeGreaterThan(20);
});

test("lent quota of several resources is recovered too", () => {
  let reclaims = 0;
  fc.assert(
    fc.property(
      arbitraryTree({ named: ["gpu", "gpu:H100"], policy: "any" }),
      fc.array(arbitraryJob, { minLength: 2, maxLength: 16 }),
      (nodes, drawn) => {
        const tree = openQuotaTree(nodes, settings);
        const claims = drawn.map((job, index) => toClaim(nodes, { ...job, gpus: job.gpus + 1 }, index));
        const running = admitted(tree, claims.slice(1));
        const [asker] = claims;
        if (asker === undefined) return;
        const entitled = findEntitledNode(tree, asker.queue, asker.amounts);
        // What nobody below the root has a quota of its own of is served as it comes, and nobody owes it to anybody.
        const unowned = Object.entries(asker.amounts).filter(([key]) => !tree.guaranteed.has(key));
        if (findShortage(tree, asker.queue, Object.fromEntries(unowned)) !== null) return;
        const isShort = findShortage(tree, asker.queue, asker.amounts) !== null;
        if (entitled === null || !isShort || !wouldFitAlone(nodes, asker, entitled, running)) return;
        reclaims += 1;

        expect(reclaimUntilFit(tree, asker, running)).not.toBeNull();
      },
    ),
    { numRuns: 6000 },
  );

  expect(reclaims).toBeGreaterThan(20);
});

test("whoever was evicted has no right to evict the one it made room for", () => {
  let evictions = 0;
  fc.assert(
    fc.property(
      arbitraryTree({ named: keys }),
      fc.array(arbitraryJob, { minLength: 2, maxLength: 10 }),
      fc.nat(7),
      (nodes, drawn, chosen) => {
        const tree = openQuotaTree(nodes, settings);
        const claims = drawn.map((job, index) => toClaim(nodes, job, index));
        const [asker, ...others] = claims;
        if (asker === undefined) return;
        run(tree, others);
        const victims = others.filter((_, index) => index < 3 && (chosen & (1 << index)) !== 0);
        if (judgeEviction(tree, asker, victims).kind === "illegal") return;
        for (const victim of victims) removeUsage(tree, victim.queue, victim.amounts, 0);
        addUsage(tree, asker.queue, asker.amounts, 0);
        evictions += victims.length;

        for (const victim of victims) expect(judgeEviction(tree, victim, [asker]).kind).toBe("illegal");
      },
    ),
    { numRuns: 5000 },
  );

  expect(evictions).toBeGreaterThan(500);
});
