import fc from "fast-check";
import { expect, test } from "vitest";
import type * as z from "zod";
import { clusterFileSchema } from "../model.ts";
import { buildCluster, equalQuotas } from "./build-cluster.ts";

type Written = z.input<typeof clusterFileSchema>;

const written: Written = {
  pools: [
    {
      name: "train",
      role: "training",
      floor: 2,
      levels: ["block", "rack"],
      nodes: [
        {
          name: "a100",
          count: 8,
          gpuModel: "A100",
          gpus: 8,
          cpus: 96,
          memory: "1TB",
          labels: { zone: "north" },
          domains: { block: 4, rack: 2 },
        },
        { name: "cpu", count: 1, cpus: 32, memory: "64GB" },
      ],
    },
  ],
  quotas: [
    { name: "lab", resources: { "gpu:A100": { nominal: 64 } } },
    {
      name: "vision",
      parent: "lab",
      weight: 2,
      resources: { "gpu:A100": { nominal: 32, borrow: 16, lend: 8 }, cpu: { nominal: 96 } },
      reclaim: "never",
    },
  ],
  reservations: [{ name: "course", from: "1h", until: "2h", nodes: ["a100-0007"], queues: ["vision"] }],
  outages: [{ node: "cpu-0000", from: "30m" }],
};

const messagesOf = (file: Written) =>
  (clusterFileSchema.safeParse(file).error?.issues ?? []).map((issue) => `${issue.path.join(".")}: ${issue.message}`);

test("a cluster file becomes pools, nodes with their domains, quotas in thousandths, and times", () => {
  const cluster = buildCluster(clusterFileSchema.parse(written));

  expect(cluster.pools).toEqual([{ id: "train", role: "training", levels: ["block", "rack"], floorMillis: 2000 }]);
  expect(cluster.nodes).toHaveLength(9);
  expect(cluster.nodes[5]).toMatchObject({
    id: "a100-0005",
    gpus: 8,
    cpuMillis: 96_000,
    memory: 1e12,
    labels: { zone: "north" },
    domains: ["a100-block-1", "a100-rack-2"],
  });
  expect(cluster.nodes[8]).toMatchObject({ gpuModel: null, gpus: 0, domains: ["cpu-block-0", "cpu-rack-0"] });
  expect(cluster.quotas[1]).toEqual({
    id: "vision",
    parent: "lab",
    weight: 2,
    resources: {
      "gpu:A100": { nominal: 32_000, borrowingLimit: 16_000, lendingLimit: 8000 },
      cpu: { nominal: 96_000, borrowingLimit: null, lendingLimit: null },
    },
    policies: { reclaim: "never", preempt: "lower-priority" },
  });
  expect(cluster.reservations).toMatchObject([{ start: 3_600_000, end: 7_200_000 }]);
  expect(cluster.outages).toEqual([{ node: "cpu-0000", from: 1_800_000, until: null }]);
  expect(cluster.graceMs).toBe(30_000);
});

const group = { name: "n", count: 4, gpuModel: "A100", gpus: 8, cpus: 8, memory: "1GB" };
const pool = { name: "p", nodes: [group] };

test.each<readonly [string, Written, string]>([
  [
    "a quota below itself",
    {
      pools: [pool],
      quotas: [
        { name: "a", parent: "b" },
        { name: "b", parent: "a" },
      ],
    },
    "quotas.0.parent: a stands below itself",
  ],
  [
    "an unknown parent",
    { pools: [pool], quotas: [{ name: "a", parent: "x" }] },
    "quotas.0.parent: there is no quota x",
  ],
  [
    "lending above the nominal",
    { pools: [pool], quotas: [{ name: "a", resources: { gpu: { nominal: 2, lend: 3 } } }] },
    "quotas.0.resources.gpu.lend: lends 3, more than the nominal 2 that is its own",
  ],
  [
    "two pools of one name",
    { pools: [pool, { name: "p", nodes: [{ ...group, name: "m" }] }] },
    "pools.1.name: the name p stands there twice",
  ],
  [
    "two groups of one name",
    { pools: [pool, { name: "q", nodes: [group] }] },
    "pools.1.nodes.0.name: the name n stands there twice",
  ],
  [
    "a domain of no level",
    { pools: [{ ...pool, levels: ["rack"], nodes: [{ ...group, domains: { row: 2 } }] }] },
    "pools.0.nodes.0.domains.row: there is no level row; the pool's levels are rack",
  ],
  [
    "levels that do not nest",
    { pools: [{ ...pool, levels: ["block", "rack"], nodes: [{ ...group, domains: { block: 4, rack: 3 } }] }] },
    "pools.0.nodes.0.domains.rack: a block of 4 nodes is no whole number of racks of 3",
  ],
  [
    "GPUs of no model",
    { pools: [{ name: "p", nodes: [{ ...group, gpuModel: undefined }] }] },
    "pools.0.nodes.0.gpus: nodes with GPUs name their gpuModel",
  ],
  [
    "a reservation of an unknown node that ends before it begins",
    { pools: [pool], reservations: [{ name: "r", from: "2h", until: "1h", nodes: ["n-0009"] }] },
    "reservations.0.until: ends at 1h, not after 2h",
  ],
  [
    "an outage of an unknown node",
    { pools: [pool], outages: [{ node: "m-0000", from: "1h" }] },
    "outages.0.node: there is no node m-0000; nodes are named as n-0000",
  ],
])("%s is refused at its place", (_, file, message) => {
  expect(messagesOf(file)).toContain(message);
});

test("without quotas all of the cluster belongs to somebody, whatever the number of queues", () => {
  const nodes = buildCluster(clusterFileSchema.parse(written)).nodes;
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 30 }), (queues) => {
      const quotas = equalQuotas(nodes, queues);
      const nominal = (resource: string) =>
        quotas.reduce((sum, { resources }) => sum + (resources[resource]?.nominal ?? 0), 0);

      expect(nominal("gpu:A100")).toBe(64_000);
      expect(nominal("cpu")).toBe(8 * 96_000 + 32_000);
      expect(quotas.map(({ id }) => id).slice(1)).toEqual(queues);
    }),
  );
});
