import type { PolicyName } from "../../src/scheduling/placement/policy-named.ts";

/** One published mean of unallocated GPU, in percent of the capacity. */
export interface ExpectedValue {
  readonly workload: string;
  readonly policy: PolicyName;
  readonly arrivedPct: number;
  readonly mean: number;
}

/** The names of the published policies in the authors' results. */
const policyByName: Readonly<Record<string, PolicyName>> = {
  FGD: "fgd",
  BestFit: "bestfit",
  DotProd: "dotprod",
  GpuPacking: "packing",
  GpuClustering: "clustering",
  Random: "random",
};

/** Reads `metric,workload,policy,arrived_pct,mean,…` and keeps the rows of unallocated GPU; other rows are left out. */
export function parseExpected(text: string): readonly ExpectedValue[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [metric, workload = "", name = "", arrivedPct, mean] = line.split(",");
    const policy = policyByName[name];
    if (metric !== "unallocated_pct" || policy === undefined) return [];
    return [{ workload, policy, arrivedPct: Number(arrivedPct), mean: Number(mean) }];
  });
}
