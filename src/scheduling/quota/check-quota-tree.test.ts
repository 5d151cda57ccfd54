import { expect, test } from "vitest";
import { checkQuotaTree } from "./check-quota-tree.ts";
import type { QuotaLimits, QuotaNode } from "./model.ts";
import { openQuotaTree } from "./quota-tree.ts";

const policies = { reclaim: "any", preempt: "any" } as const;

function node(id: string, parent: string | null, resources: Record<string, Partial<QuotaLimits>> = {}): QuotaNode {
  const limits = Object.entries(resources).map(([key, given]): [string, QuotaLimits] => [
    key,
    { nominal: 0, borrowingLimit: null, lendingLimit: null, ...given },
  ]);
  return { id, parent, weight: 1, resources: Object.fromEntries(limits), policies };
}

const chain = Array.from({ length: 17 }, (_, level) => node(`n${level}`, level === 0 ? null : `n${level - 1}`));

test.each<readonly [string, readonly QuotaNode[], string, string]>([
  ["a ring", [node("a", "b"), node("b", "c"), node("c", "b")], "cycle", "b is below c is below b"],
  ["its own parent", [node("a", "a")], "cycle", "a is below a"],
  ["an unknown parent", [node("a", "b")], "unknown-parent", "a has the parent b"],
  ["the same node twice", [node("a", null), node("a", null)], "duplicate", "a stands in the quota tree twice"],
  ["a weight of zero", [{ ...node("a", null), weight: 0 }], "bad-weight", "a has the weight 0"],
  ["a weight that is no number", [{ ...node("a", null), weight: Number.NaN }], "bad-weight", "the weight NaN"],
  ["a negative quota", [node("a", null, { gpu: { nominal: -1 } })], "bad-amount", "the nominal -1 of gpu"],
  [
    "an endless limit",
    [node("a", null, { cpu: { borrowingLimit: Infinity } })],
    "bad-amount",
    "borrowingLimit Infinity",
  ],
  ["a part of a byte", [node("a", null, { memory: { nominal: 0.5 } })], "bad-amount", "the nominal 0.5 of memory"],
  [
    "lending above nominal",
    [node("a", null, { "gpu:H100": { nominal: 2000, lendingLimit: 4000 } })],
    "lends-too-much",
    "a lends up to 4 H100 GPUs and has 2",
  ],
  [
    "sums that cannot be counted",
    [node("a", null), ...["b", "c"].map((id) => node(id, "a", { memory: { nominal: Number.MAX_SAFE_INTEGER } }))],
    "bad-amount",
    "more than can be counted",
  ],
  [
    "more GPUs of models than of any",
    [node("a", null), node("b", "a", { "gpu:H100": { nominal: 4000 }, gpu: { nominal: 1000 } })],
    "models-exceed-any",
    "b has 4 GPUs of named models but 1 of any model",
  ],
  ["seventeen levels", chain, "too-deep", "n16 stands 17 levels deep"],
  [
    "too many nodes",
    Array.from({ length: 20_001 }, (_, at) => node(`n${at}`, null)),
    "too-large",
    "at most 20000 nodes",
  ],
])("refuses %s", (_, nodes, code, message) => {
  const violations = checkQuotaTree(nodes);

  expect(violations).toContainEqual(expect.objectContaining({ code, message: expect.stringContaining(message) }));
  expect(() => openQuotaTree(nodes, { capacity: {}, halfLifeMs: 1, historyWeight: 0 })).toThrow(RangeError);
});

test("a group may lend what its children lend to it, and children may have more than their group", () => {
  const nodes = [
    node("root", null),
    node("group", "root", { gpu: { nominal: 1, lendingLimit: 5 } }),
    node("a", "group", { gpu: { nominal: 8, lendingLimit: 4 } }),
  ];

  expect(checkQuotaTree(nodes)).toEqual([]);
  expect(checkQuotaTree(nodes.map((each) => (each.id === "a" ? node("a", "group") : each)))).toMatchObject([
    { code: "lends-too-much", node: "group" },
  ]);
});

test("a ring is told once, however many nodes hang below it", () => {
  const below = Array.from({ length: 50 }, (_, at) => node(`n${at}`, at === 0 ? "a" : `n${at - 1}`));

  expect(checkQuotaTree([node("a", "b"), node("b", "a"), ...below.slice(0, 10)])).toMatchObject([{ code: "cycle" }]);
});
