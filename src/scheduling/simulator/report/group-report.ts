import { wholeGpu } from "../../engine/model.ts";
import { sumGpuTime } from "../job-ledger.ts";
import type { JobRecord } from "../ports.ts";
import { distributionOf } from "./distribution.ts";
import type { GroupReport } from "./model.ts";

/** Shorter runs count as this long in the slowdown, so that moments of waiting do not outweigh hours. */
const slowdownBoundMs = 10_000;
const milliGpuMillisPerHour = wholeGpu * 3_600_000;

/** The figures of some workloads. Bounded slowdown: Feitelson and Rudolph, JSSPP 1998. */
export function groupReport(name: string, records: readonly JobRecord[]): GroupReport {
  const started = records.filter(({ firstStartAt }) => firstStartAt !== null);
  const ended = records.filter(({ endedAt }) => endedAt !== null);
  const time = sumGpuTime(records);
  return {
    name,
    jobs: records.length,
    unstarted: records.length - started.length,
    preemptions: records.reduce((sum, { preemptions }) => sum + preemptions, 0),
    waitingSeconds: distributionOf(started.map(waitingSeconds)),
    completionSeconds: distributionOf(ended.map(completionSeconds)),
    boundedSlowdown: distributionOf(ended.map(boundedSlowdown)),
    gpuHours: {
      held: time.held / milliGpuMillisPerHour,
      useful: time.useful / milliGpuMillisPerHour,
      lost: time.lost / milliGpuMillisPerHour,
      restarting: time.restarting / milliGpuMillisPerHour,
      leaving: time.leaving / milliGpuMillisPerHour,
    },
  };
}

/** Seconds from the submission to the first start; 0 when it never started. */
export function waitingSeconds({ job, firstStartAt }: JobRecord): number {
  return firstStartAt === null ? 0 : (firstStartAt - job.item.submittedAt) / 1000;
}

function completionSeconds({ job, endedAt }: JobRecord): number {
  return endedAt === null ? 0 : (endedAt - job.item.submittedAt) / 1000;
}

function boundedSlowdown(record: JobRecord): number {
  const { durationMs, item } = record.job;
  const alone = Math.max(slowdownBoundMs, Math.min(durationMs, item.limitMs ?? durationMs));
  return Math.max(1, (completionSeconds(record) * 1000) / alone);
}
