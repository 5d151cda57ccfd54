import type { RecordedWorkload } from "./model.ts";

const heading = "id,submit_s,duration_s,queue,priority,members,gpus,gpu_milli,limit_s,preemptible";

/**
 * Writes a recorded queue as a trace in the simulator's own format: submissions as they were, durations as the workloads held
 * their places (all starts together; those that still run, until now). MIG instances are left out.
 *
 * @returns undefined when nothing is left.
 */
export function recordedTrace(workloads: readonly RecordedWorkload[]): string | undefined {
  const kept = workloads
    .filter(({ resources }) => resources.gpus > 0 && resources.migProfile === undefined)
    .toSorted((left, right) => left.queuedAt - right.queuedAt || (left.id < right.id ? -1 : 1));
  const [first] = kept;
  if (first === undefined) return undefined;
  return `${[heading, ...kept.map((each) => rowOf(each, first.queuedAt))].join("\n")}\n`;
}

function rowOf(workload: RecordedWorkload, from: number): string {
  const { id, queue, priority, members, resources, limitMs, isPreemptible, queuedAt, ranMs } = workload;
  const { gpus } = resources;
  const isShare = gpus < 1;
  return [
    id,
    seconds(queuedAt - from),
    seconds(ranMs),
    queue,
    priority,
    members,
    isShare ? "" : gpus,
    isShare ? Math.round(gpus * 1000) : "",
    // A run that was started again held its places for longer than one start may.
    limitMs === null || limitMs < ranMs ? "" : seconds(limitMs),
    isPreemptible,
  ]
    .map(String)
    .join(",");
}

const seconds = (ms: number): number => Math.round(ms) / 1000;
