import type { Instant } from "../../base/clock.ts";
import type { WorkItem } from "../engine/model.ts";
import type { GpuTime, JobOutcome, JobRecord, StartPromise, TraceJob } from "./ports.ts";

/** One workload on its way; the simulation writes here what happens to it. */
export interface JobEntry {
  readonly job: TraceJob;
  /** As it is submitted next: evictions counted. */
  item: WorkItem;
  outcome: JobOutcome;
  firstStartAt: Instant | null;
  endedAt: Instant | null;
  starts: number;
  preemptions: number;
  nodeLosses: number;
  /** Work that survives an eviction, in member-milliseconds. */
  savedWork: number;
  gpuTime: GpuTime;
  promise: StartPromise | null;
}

const noGpuTime: GpuTime = { held: 0, useful: 0, lost: 0, restarting: 0, leaving: 0 };

/** A workload that was just submitted. */
export function openEntry(job: TraceJob): JobEntry {
  return {
    job,
    item: job.item,
    outcome: "waiting",
    firstStartAt: null,
    endedAt: null,
    starts: 0,
    preemptions: 0,
    nodeLosses: 0,
    savedWork: 0,
    gpuTime: noGpuTime,
    promise: null,
  };
}

/** Adds up what became of GPU time. */
export function addGpuTime(left: GpuTime, right: GpuTime): GpuTime {
  return {
    held: left.held + right.held,
    useful: left.useful + right.useful,
    lost: left.lost + right.lost,
    restarting: left.restarting + right.restarting,
    leaving: left.leaving + right.leaving,
  };
}

/** The sum over records. */
export function sumGpuTime(records: readonly JobRecord[]): GpuTime {
  return records.reduce((sum, { gpuTime }) => addGpuTime(sum, gpuTime), noGpuTime);
}

/** What the report reads of a workload. */
export function toRecord(entry: JobEntry): JobRecord {
  const { job, firstStartAt, endedAt, outcome, starts, preemptions, nodeLosses, gpuTime, promise } = entry;
  return { job, firstStartAt, endedAt, outcome, starts, preemptions, nodeLosses, gpuTime, promise };
}
