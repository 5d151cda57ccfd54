import type { EngineSettings } from "./model.ts";
import type { NodeState } from "./node-state.ts";
import type { NodeScore } from "./pool-state.ts";

/** The rule by which nodes are chosen. */
export function nodeScoreOf(placement: EngineSettings["placement"]): NodeScore {
  switch (placement) {
    case "firstfit":
      return () => 0;
    case "millwright":
    case "fgd":
    case "bestfit":
      return tightest;
  }
}

/** Prefers the node that is left with the least: GPUs first, then CPUs. */
function tightest(node: NodeState): number {
  const { spec, gpuMillisFree, cpuFree } = node;
  return -(gpuMillisFree + cpuFree / Math.max(1, spec.cpuMillis));
}
