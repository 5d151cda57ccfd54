import type { TraceJob } from "../../scheduling/simulator/ports.ts";
import type { OfferedLoad } from "./model.ts";

/** GPUs that a workload holds with all its members; shares of one count as shares. */
export function heldGpus({ item }: TraceJob): number {
  const { gpu } = item.shape;
  const each = gpu.kind === "whole" ? gpu.count : gpu.kind === "share" ? gpu.millis / 1000 : 0;
  return each * item.members.max;
}

/** The load of a queue on a fleet without end: every workload starts when it is submitted. */
export function offeredLoad(jobs: readonly TraceJob[]): OfferedLoad {
  const steps = jobs
    .flatMap((job) => {
      const gpus = heldGpus(job);
      const { submittedAt } = job.item;
      return [
        { at: submittedAt, gpus },
        { at: submittedAt + job.durationMs, gpus: -gpus },
      ];
    })
    .toSorted((left, right) => left.at - right.at || left.gpus - right.gpus);
  const spans: { readonly gpus: number; readonly ms: number }[] = [];
  let held = 0;
  let since = steps[0]?.at ?? 0;
  for (const { at, gpus } of steps) {
    if (at > since) spans.push({ gpus: held, ms: at - since });
    since = at;
    held += gpus;
  }
  const total = spans.reduce((sum, { ms }) => sum + ms, 0);
  if (total === 0) return { meanGpus: 0, p95Gpus: 0, maxGpus: 0 };
  const ordered = spans.toSorted((left, right) => left.gpus - right.gpus);
  let before = 0;
  const p95 = ordered.find(({ ms }) => {
    before += ms;
    return before >= 0.95 * total;
  });
  return {
    meanGpus: spans.reduce((sum, { gpus, ms }) => sum + gpus * ms, 0) / total,
    p95Gpus: p95?.gpus ?? 0,
    maxGpus: ordered.at(-1)?.gpus ?? 0,
  };
}
