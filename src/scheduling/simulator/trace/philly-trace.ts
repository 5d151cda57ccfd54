import type { TraceJob } from "../ports.ts";
import { type CsvColumns, readCsvTable } from "./csv-table.ts";
import { plainItem } from "./plain-item.ts";
import { RowReader } from "./row-reader.ts";
import { anySeconds, gpusRange } from "./trace-limits.ts";
import { TraceProblems } from "./trace-problems.ts";

const columns: CsvColumns = {
  required: ["vc", "job_idx", "arrival_s", "num_gpus", "duration_s_v100_est"],
  optional: ["gavel_model"],
};

/** GPUs of each node of that cluster; larger jobs are gangs of such nodes. */
const gpusPerNode = 8;

/** The jobs of a trace, and those whose duration the trace does not know. */
export interface PhillyTrace {
  readonly jobs: readonly TraceJob[];
  /** Ids of jobs whose duration is that of a neighbour. */
  readonly filled: ReadonlySet<string>;
}

/**
 * Reads jobs of the Philly traces as Gavel derived them: columns vc, job_idx, arrival_s, num_gpus,
 * duration_s_v100_est, gavel_model. A virtual cluster is a queue. A job of more than 8 GPUs is a gang of the fewest
 * equal members of up to 8. The trace knows no users, limits or CPUs, and no duration of some jobs (of every one beyond
 * 8 GPUs): those take the duration of the job before them in their virtual cluster that has one, else after them.
 *
 * @param pools where the jobs may run.
 * @throws {Fault} `scheduling.trace-invalid` naming the row and column of what is wrong.
 */
export function readPhillyTrace(text: string, pools: readonly string[]): PhillyTrace {
  const problems = new TraceProblems();
  const ids = new Set<string>();
  const latest = new Map<string, number>();
  const read = readCsvTable(text, columns, problems).map((row) => {
    const reader = new RowReader(row, problems);
    const job = readJob(reader, pools);
    const { id, queue, submittedAt } = job.item;
    if (ids.has(id)) reader.refuse("job_idx", `"${id}" stands there twice`);
    ids.add(id);
    const before = latest.get(queue) ?? 0;
    if (submittedAt < before) {
      reader.refuse("arrival_s", `the clock of ${queue} jumps back from ${before / 1000} to ${submittedAt / 1000}`);
    }
    latest.set(queue, Math.max(before, submittedAt));
    return { job, isKnown: !reader.isEmpty("duration_s_v100_est") };
  });
  const filled = new Set(read.filter(({ isKnown }) => !isKnown).map(({ job }) => job.item.id));
  const jobs = fillDurations(
    read.map(({ job }) => job),
    filled,
  );
  for (const { item, durationMs } of jobs) {
    if (durationMs < 0) problems.add(1, "duration_s_v100_est", `no job of ${item.queue} has a duration`);
  }
  problems.throwIfAny();
  return { jobs, filled };
}

/** A duration that is still to be filled. */
const unknownMs = -1;

function readJob(row: RowReader, pools: readonly string[]): TraceJob {
  const queue = row.name("vc");
  const id = `${queue}/${row.number("job_idx", { min: 0, max: Number.MAX_SAFE_INTEGER, isWhole: true })}`;
  const gpus = row.number("num_gpus", { ...gpusRange, min: 1 });
  const members = membersOf(gpus);
  const item = plainItem({
    id,
    name: row.text("gavel_model") || id,
    queue,
    pools,
    submittedAt: row.seconds("arrival_s", anySeconds),
    members,
    shape: { gpu: { kind: "whole", count: gpus / members }, gpuModels: [], cpuMillis: 0, memory: 0 },
  });
  const durationMs = row.secondsOrNull("duration_s_v100_est", anySeconds) ?? unknownMs;
  return { item, user: "", durationMs, checkpointEveryMs: null };
}

/** Gives the jobs in `gaps` the duration of a neighbour in their queue; it stays unknown where there is none. */
function fillDurations(jobs: readonly TraceJob[], gaps: ReadonlySet<string>): readonly TraceJob[] {
  const first = new Map<string, number>();
  for (const { item, durationMs } of jobs) {
    if (!gaps.has(item.id) && !first.has(item.queue)) first.set(item.queue, durationMs);
  }
  const before = new Map(first);
  return jobs.map((job) => {
    if (gaps.has(job.item.id)) return { ...job, durationMs: before.get(job.item.queue) ?? unknownMs };
    before.set(job.item.queue, job.durationMs);
    return job;
  });
}

/** The fewest members of equal size with at most 8 GPUs each. */
function membersOf(gpus: number): number {
  let members = Math.ceil(gpus / gpusPerNode);
  while (gpus % members !== 0) members += 1;
  return members;
}
