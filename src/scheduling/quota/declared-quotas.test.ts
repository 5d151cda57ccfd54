import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import * as z from "zod";
import { type QuotaSpec, quotaKind } from "../model.ts";
import { checkQuotaTree } from "./check-quota-tree.ts";
import { type DeclaredQuotas, gpuKeys, projectQueue, toQuotaTree } from "./declared-quotas.ts";
import { describeShortage } from "./describe-shortage.ts";
import { findShortage } from "./quota-fit.ts";
import { openQuotaTree } from "./quota-tree.ts";
import { addUsage } from "./usage-change.ts";

const settings = { capacity: {}, halfLifeMs: 1000, historyWeight: 1 };

function declared(quotas: Record<string, unknown>, given: Partial<DeclaredQuotas> = {}): DeclaredQuotas {
  return {
    quotas: Object.entries(quotas).map(([name, spec]) => ({ name, spec: quotaKind.spec.parse(spec) })),
    teams: ["vision", "language"],
    projects: [
      { name: "detector", team: "vision" },
      { name: "assistant", team: "language" },
    ],
    capacity: null,
    ...given,
  };
}

test("without any quota every project is a queue below its team, and everything is allowed", () => {
  const { nodes, problems } = toQuotaTree(declared({}));
  const tree = openQuotaTree(nodes, settings);

  expect(problems).toEqual([]);
  expect(nodes.map(({ id, parent }) => `${id} < ${parent}`)).toEqual([
    "platform < null",
    "team/vision < platform",
    "team/language < platform",
    "project/detector < team/vision",
    "project/assistant < team/language",
  ]);
  expect(findShortage(tree, projectQueue("detector"), { gpu: 1e9, cpu: 1e12, memory: 1e15 })).toBeNull();
});

test("GPUs and CPUs count in thousandths, memory in bytes, and what is left out has no limit", () => {
  const gpus = { H100: { nominal: 0.5, borrowingLimit: 8, lendingLimit: 0 } };
  const spec = { team: "vision", weight: 2, gpus, memory: { nominal: "64GB" }, others: { licences: { nominal: 3 } } };
  const { nodes } = toQuotaTree(declared({ v: spec }));

  expect(nodes.find((node) => node.id === "team/vision")).toMatchObject({
    weight: 2,
    resources: {
      "gpu:H100": { nominal: 500, borrowingLimit: 8000, lendingLimit: 0 },
      memory: { nominal: 64e9, borrowingLimit: null, lendingLimit: null },
      licences: { nominal: 3, borrowingLimit: null, lendingLimit: null },
    },
  });
});

test("what no quota gives away is the root's, for everybody to borrow", () => {
  const capacity = { "gpu:H100": 32_000, "gpu:A100": 8000 };
  const { nodes } = toQuotaTree(declared({ v: { team: "vision", gpus: { H100: { nominal: 8 } } } }, { capacity }));
  const tree = openQuotaTree(nodes, settings);

  expect(findShortage(tree, projectQueue("assistant"), { "gpu:H100": 32_000 })).toBeNull();
  expect(findShortage(tree, projectQueue("assistant"), { "gpu:H100": 33_000 })).toMatchObject({ ceiling: 32_000 });
});

test("policies come from the nearest quota above that speaks of them", () => {
  const { nodes } = toQuotaTree(
    declared({
      group: { policies: { reclaim: "never" } },
      v: { team: "vision", parent: "group", policies: { preempt: "any" } },
    }),
  );
  const policiesOf = (id: string) => nodes.find((node) => node.id === id)?.policies;

  expect(policiesOf("project/detector")).toEqual({ reclaim: "never", preempt: "any" });
  expect(policiesOf("project/assistant")).toEqual({ reclaim: "any", preempt: "lower-priority" });
});

test("a quota of models is one of any model too, where somebody counts those", () => {
  const v = { team: "vision", gpus: { H100: { nominal: 8 }, A100: { nominal: 2 } } };
  const { nodes, problems } = toQuotaTree(declared({ v, l: { team: "language", gpus: { any: { nominal: 4 } } } }));

  expect(problems).toEqual([]);
  expect(nodes.find((node) => node.id === "team/vision")?.resources["gpu"]?.nominal).toBe(10_000);
});

test.each<readonly [string, Record<string, unknown>, string]>([
  ["both", { q: { team: "vision", project: "detector" } }, "q is for the team vision and for the project detector"],
  ["an unknown team", { q: { team: "audio" } }, "q is for the team audio, which does not exist"],
  ["an unknown project", { q: { project: "siren" } }, "q is for the project siren, which does not exist"],
  ["two for one team", { p: { team: "vision" }, q: { team: "vision" } }, "quotas p and q are both for team/vision"],
  ["an unknown parent", { q: { team: "vision", parent: "up" } }, "q has the parent up, but there is no such quota"],
  ["a ring", { p: { parent: "q" }, q: { parent: "p" } }, "a quota tree has no rings"],
  [
    "a parent that is a project's",
    { p: { project: "detector" }, q: { parent: "p" } },
    "q has the parent p, which is a project's",
  ],
  [
    "a parent of another team",
    { p: { team: "language" }, q: { project: "detector", parent: "p" } },
    "q has the parent p of team language, but its project is of team vision",
  ],
  [
    "lending above nominal",
    { q: { team: "vision", gpus: { H100: { nominal: 2, lendingLimit: 4 } } } },
    "team/vision lends up to 4 H100 GPUs and has 2",
  ],
  [
    "fewer GPUs of any model than of models",
    { q: { team: "vision", gpus: { H100: { nominal: 2 }, any: { nominal: 1 } } } },
    "team/vision has 2 GPUs of named models but 1 of any model",
  ],
])("tells of %s, and makes a tree all the same", (_, quotas, problem) => {
  const { nodes, problems } = toQuotaTree(declared(quotas));

  expect(problems).toContainEqual(expect.stringContaining(problem));
  expect(checkQuotaTree(nodes)).toEqual([]);
});

test("whatever was declared, the tree can be opened and has a queue for every project", () => {
  const name = fc.constantFrom("a", "b", "c", "d");
  const limits = fc.record(
    { nominal: fc.nat(4), borrowingLimit: fc.nat(4), lendingLimit: fc.nat(8) },
    { requiredKeys: ["nominal"] },
  );
  const spec = fc.record(
    {
      team: fc.constantFrom("vision", "language", "audio"),
      project: fc.constantFrom("detector", "assistant", "siren"),
      parent: name,
      gpus: fc.dictionary(fc.constantFrom("any", "H100", "A100"), limits),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.dictionary(name, spec), (quotas) => {
      const { nodes } = toQuotaTree(declared(quotas, { capacity: { gpu: 9000, "gpu:H100": 4000 } }));
      const tree = openQuotaTree(nodes, settings);

      for (const queue of ["detector", "assistant"].map(projectQueue)) {
        expect(tree.nodes.get(queue)?.isQueue).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
});

test("the quotas of the example make a tree, and a shortage is told in its words", async () => {
  const schema = z.object({ kind: z.string(), name: z.string(), spec: z.unknown() });
  const read = async (file: string) => {
    const text = await readFile(join(import.meta.dirname, "../../../examples/quotas", file), "utf8");
    return parseAllDocuments(text).map((document) => schema.parse(document.toJS()));
  };
  const team = z.object({ team: z.string() });
  const owners = await read("00-teams.yaml");
  const quotas = (await read("10-quotas.yaml")).map(({ name, spec }): [string, unknown] => [name, spec]);
  const { nodes, problems } = toQuotaTree(
    declared(Object.fromEntries(quotas), {
      teams: owners.filter((each) => each.kind === "Team").map((each) => each.name),
      projects: owners
        .filter((each) => each.kind === "Project")
        .map((each) => ({ name: each.name, team: team.parse(each.spec).team })),
    }),
  );
  expect(problems).toEqual([]);
  const tree = openQuotaTree(nodes, settings);
  addUsage(tree, "project/detector", { gpu: 14_000, "gpu:H100": 14_000 }, 0);
  const shortage = findShortage(tree, "project/detector", { gpu: 4000, "gpu:H100": 4000 });

  expect(shortage === null ? null : describeShortage(shortage)).toBe(
    "team/vision may use 16 H100 GPUs (8 of its own and 8 borrowed), uses 14, and the request needs 4",
  );
});

test("a GPU counts under every model whose name is part of its own", () => {
  const named = ["gpu:H100", "gpu:A100", "cpu"];

  expect(gpuKeys(named, "NVIDIA h100 80GB HBM3")).toEqual(["gpu", "gpu:H100"]);
  expect(gpuKeys(named, "L4")).toEqual(["gpu"]);
});

test.each<readonly [string, Partial<Record<keyof QuotaSpec, unknown>>]>([
  ["a negative quota", { gpus: { H100: { nominal: -1 } } }],
  ["a weight of zero", { weight: 0 }],
  ["less than a thousandth of a GPU", { gpus: { H100: { nominal: 0.0005 } } }],
  ["a size without a unit", { memory: { nominal: "64" } }],
  ["an absurd number", { cpus: { nominal: 1e9 } }],
  ["an unknown policy", { policies: { reclaim: "sometimes" } }],
])("the kind refuses %s", (_, spec) => {
  expect(quotaKind.spec.safeParse(spec).success).toBe(false);
});
