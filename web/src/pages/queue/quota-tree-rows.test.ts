import { expect, test } from "vitest";
import type { QuotaUse, ResourceUse } from "../../../../src/scheduling/live/model.ts";
import { isQuotaDeclared, quotaTreeRows } from "./quota-tree-rows.ts";

function resource(name: string, changes: Partial<ResourceUse> = {}): ResourceUse {
  return {
    resource: name,
    nominal: 4000,
    subtree: 4000,
    used: 0,
    borrowed: 0,
    lent: 0,
    borrowingLimit: null,
    lendingLimit: null,
    ...changes,
  };
}

function node(id: string, parent: string | null, changes: Partial<QuotaUse> = {}): QuotaUse {
  return { id, parent, isQueue: true, weight: 1, share: 0, pastShare: 0, waiting: 0, resources: [], ...changes };
}

test("lists each node before those below it and adds up who waits", () => {
  const rows = quotaTreeRows([
    node("project/maps", "team/vision", { waiting: 2 }),
    node("team/vision", "platform"),
    node("team/audio", "platform"),
    node("project/faces", "team/vision", { waiting: 1 }),
    node("platform", null),
  ]);

  expect(rows.map(({ use, depth, waiting }) => [use.id, depth, waiting])).toEqual([
    ["platform", 0, 3],
    ["team/audio", 1, 0],
    ["team/vision", 1, 3],
    ["project/faces", 2, 1],
    ["project/maps", 2, 2],
  ]);
});

test("puts a node whose parent may not be seen at the top", () => {
  expect(quotaTreeRows([node("project/maps", "team/hidden")])).toMatchObject([{ depth: 0 }]);
});

test("shows GPUs first, and apart from them what no quota names", () => {
  const resources = [
    resource("memory", { nominal: null, subtree: 0 }),
    resource("cpu", { nominal: 0, subtree: 0, used: 500, borrowed: 500 }),
    resource("licences"),
    resource("gpu", { nominal: 0, subtree: 0, used: 500, borrowed: 500 }),
    resource("gpu:H100", { used: 500 }),
  ];
  const [row] = quotaTreeRows([node("team/vision", null, { resources })]);

  expect(row?.lines.map(({ use }) => use.resource)).toEqual(["gpu:H100", "licences"]);
  expect(row?.open.map((each) => each.resource)).toEqual(["cpu"]);
});

test("counts as a team's own what its projects have, even what they do not lend", () => {
  const project = resource("gpu", { nominal: 3000, subtree: 3000, lendingLimit: 0, used: 1000 });
  const team = resource("gpu", { nominal: 1000, subtree: 1000, used: 2000 });
  const rows = quotaTreeRows([
    node("team/vision", null, { resources: [team] }),
    node("project/maps", "team/vision", { resources: [project] }),
  ]);

  expect(rows.map((row) => row.lines[0]?.own)).toEqual([4000, 3000]);
});

test("draws what a project borrows on its team's scale", () => {
  const rows = quotaTreeRows([
    node("team/vision", null, { resources: [resource("gpu", { used: 2000, borrowingLimit: 0 })] }),
    node("project/maps", "team/vision", {
      resources: [resource("gpu", { nominal: 0, subtree: 0, used: 2000, borrowed: 2000 })],
    }),
  ]);

  expect(rows[1]?.lines[0]?.bar.parts).toEqual([{ kind: "borrowed", from: 0, width: 0.5 }]);
});

test("tells whether any quota was declared", () => {
  const open = node("project/maps", null, { resources: [resource("cpu", { nominal: null })] });

  expect(isQuotaDeclared([open])).toBe(false);
  expect(isQuotaDeclared([open, node("team/vision", null, { resources: [resource("gpu")] })])).toBe(true);
});
