import type { ReactNode } from "react";
import type { ForeseenEviction } from "../../api/explanation.ts";
import { formatGpuSeconds } from "../../words/eviction-cost.ts";
import { gpuWords } from "./gpu-words.ts";

/** Runs that would stop, and what would be lost with each. */
export function Evictions({ evicts }: { readonly evicts: readonly ForeseenEviction[] }): ReactNode {
  return evicts.map((each, index) => (
    <span key={`${each.id} ${index}`}>
      {index > 0 && ", "}
      <strong>{each.name}</strong> ({gpuWords(each.gpus)}, loses {formatGpuSeconds(each.lostGpuSeconds)})
    </span>
  ));
}
