import type { Layout } from "./training-job.ts";

/** A layout as a reader wants it: degrees of parallelism, then how they are scheduled and sharded. */
export function layoutWords(layout: Layout): string {
  const { tensor, pipeline, chunks, context, expert, data, microSequences, sharding, recompute } = layout;
  const degrees = [
    `tensor ${tensor}`,
    `pipeline ${pipeline}${chunks > 1 ? ` in ${chunks} chunks` : ""}`,
    ...(context > 1 ? [`context ${context}`] : []),
    ...(expert > 1 ? [`expert ${expert}`] : []),
    `data ${data}`,
  ];
  const how = [
    `micro-batch ${microSequences}`,
    sharding,
    ...(recompute === "none" ? [] : [`${recompute} recomputation`]),
  ];
  return `${degrees.join(", ")}; ${how.join(", ")}`;
}
