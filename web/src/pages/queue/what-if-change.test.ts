import { expect, test } from "vitest";
import { quotaAmounts, withNominal } from "./quota-amounts.ts";
import { changeLines, joinChanges, parseChange, withoutChange, writeChange } from "./what-if-change.ts";

const drain = { drain: [{ pool: "h100", nodes: ["n1"] }] };
const grow = { addNodes: [{ pool: "h100", count: 2 }] };

test("keeps changes in the address and reads them back", () => {
  const both = joinChanges(drain, grow);

  expect(parseChange(writeChange(both) ?? "")).toEqual({ ...drain, ...grow });
  expect(writeChange({ drain: [] })).toBeNull();
});

test.each([undefined, "", "{", "7", "null", '{"drain":[]}', '{"unknown":[1]}', '{"drain":"n1"}'])(
  "reads nothing from %s",
  (text) => {
    expect(parseChange(text)).toBeNull();
  },
);

test("takes one of several changes away", () => {
  const two = joinChanges(drain, { drain: [{ pool: "a100", nodes: ["n2"] }] });
  const [first] = changeLines(two, String);

  expect(first === undefined ? null : withoutChange(two, first)).toMatchObject({
    drain: [{ pool: "a100", nodes: ["n2"] }],
  });
});

test("says each change in words", () => {
  const change = joinChanges(joinChanges(drain, grow), {
    quotas: [
      { name: "vision", spec: { gpus: { H100: { nominal: 6 }, any: { nominal: 8 } }, memory: { nominal: "1TB" } } },
    ],
    priorities: [{ id: "w1", priority: 90 }],
    cancel: ["w1"],
    submit: [{ name: "segment", gpus: 2, pools: ["h100", "a100"] }],
  });

  expect(changeLines(change, (id) => `workload ${id}`).map((line) => line.words)).toEqual([
    "Add 2 more nodes to pool h100",
    "Drain n1 of pool h100",
    "Quota vision: 6 H100 GPUs, 8 GPUs, 1TB of memory of its own",
    "Give workload w1 priority 90",
    "Take workload w1 out of the queue",
    "Submit segment with gpus 2, pools h100,a100",
  ]);
});

test("changes one amount of a quota and keeps all else of its spec", () => {
  const spec = { team: "vision", weight: 2, gpus: { H100: { nominal: 4, borrowingLimit: 4 } }, cpus: { nominal: 8 } };

  expect(quotaAmounts(spec).map(({ path, nominal }) => [path, nominal])).toEqual([
    ["gpus/H100", "4"],
    ["cpus", "8"],
  ]);
  expect(withNominal(spec, "gpus/H100", "6")).toEqual({
    ...spec,
    gpus: { H100: { nominal: 6, borrowingLimit: 4 } },
  });
  expect(withNominal({ memory: { nominal: "1TB" } }, "memory", "2TB")).toEqual({ memory: { nominal: "2TB" } });
  expect(withNominal({ others: { "a/b": { nominal: 1 } } }, "others/a/b", "2")).toEqual({
    others: { "a/b": { nominal: 2 } },
  });
});
