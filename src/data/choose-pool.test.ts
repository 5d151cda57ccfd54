import { expect, test } from "vitest";
import type { ResourceRequest } from "../compute/ports.ts";
import { choosePool, type PoolOffer } from "./choose-pool.ts";

const step: ResourceRequest = { cpus: 2, memory: 2e9, gpus: 0, gpuModel: null };

function pool(name: string, role: string, cpus = 4): PoolOffer {
  return { name, role, nodes: [{ name: "host", cpus, memory: 8e9, gpus: [] }] };
}

const cases: readonly { readonly name: string; readonly pools: readonly PoolOffer[]; readonly want: string }[] = [
  { name: "takes the only pool, whatever its role", pools: [pool("live", "serving")], want: "live" },
  {
    name: "takes the only pool that can run it",
    pools: [pool("small", "any", 1), pool("live", "serving")],
    want: "live",
  },
  {
    name: "prefers the pool that takes every purpose",
    pools: [pool("train", "training"), pool("all", "any")],
    want: "all",
  },
  {
    name: "takes the training pool where pools have purposes",
    pools: [pool("judge", "evaluation"), pool("train", "training"), pool("live", "serving")],
    want: "train",
  },
  {
    name: "takes a pool whose machines are not known yet for able",
    pools: [{ name: "new", role: "any", nodes: [] }, pool("small", "any", 1)],
    want: "new",
  },
  {
    name: "names the pools when several fit equally",
    pools: [pool("b", "any"), pool("a", "any"), pool("train", "training")],
    want: "PoolUnclear: several pools could run it; name one of a, b as spec.pool",
  },
  {
    name: "names the pools when none is for data work",
    pools: [pool("live", "serving"), pool("judge", "evaluation")],
    want: "PoolUnclear: several pools could run it; name one of judge, live as spec.pool",
  },
  {
    name: "says what no pool has",
    pools: [pool("small", "any", 1)],
    want: "PoolTooSmall: no pool could run it: small (it asks for 2 CPUs, and no node has more than 1); ask for less in spec.resources",
  },
  {
    name: "asks for a pool when there is none",
    pools: [],
    want: "PoolMissing: there is no pool to run in; apply a manifest of kind Pool",
  },
];

test.each(cases)("$name", ({ pools, want }) => {
  const choice = choosePool(step, pools);

  expect(choice.kind === "chosen" ? choice.pool : `${choice.reason}: ${choice.message}`).toBe(want);
});
