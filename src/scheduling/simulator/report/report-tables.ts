import { formatDuration } from "../../../base/units.ts";
import type { Calibration, GroupReport, SimulationReport } from "./model.ts";

/** A table of text; the first column names the row. */
export interface ReportTable {
  readonly heading: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The figures that sum up a report, for people. */
export function headlineRows(report: SimulationReport): ReportTable {
  const { outcomes, utilisation, fragmentation, all, promises, cluster } = report;
  const { gpuHours } = all;
  const lost = gpuHours.lost + gpuHours.restarting + gpuHours.leaving;
  return {
    heading: ["figure", "value"],
    rows: [
      ["cluster", `${cluster.nodes} nodes, ${cluster.gpus} GPUs, ${cluster.cpus} CPUs`],
      ["workloads", `${all.jobs}: ${describeOutcomes(outcomes)}`],
      ["makespan", time(report.makespanSeconds)],
      ["GPUs in use, mean", percent(utilisation.gpuMean)],
      ["CPUs in use, mean", percent(utilisation.cpuMean)],
      ["idle GPU capacity fragmented", percent(fragmentation.shareOfIdle)],
      ["waiting: mean, p50, p95, p99", distribution(all.waitingSeconds, time)],
      ["completion: mean, p50, p95, p99", distribution(all.completionSeconds, time)],
      ["bounded slowdown: mean, p50, p95, p99", distribution(all.boundedSlowdown, (value) => value.toFixed(2))],
      ["queue length: mean, most", `${report.queueLength.mean.toFixed(1)}, ${report.queueLength.max}`],
      ["preemptions", String(all.preemptions)],
      ["GPU hours held, of these lost", `${gpuHours.held.toFixed(1)}, ${lost.toFixed(1)}`],
      ["planned starts that held", calibration(promises.planned)],
      ["p90 estimates that held", calibration(promises.p90)],
    ],
  };
}

/** One row for each queue or size. */
export function groupRows(name: string, groups: readonly GroupReport[]): ReportTable {
  return {
    heading: [
      name,
      "workloads",
      "wait mean",
      "wait p50",
      "wait p95",
      "completion mean",
      "slowdown mean",
      "evicted",
      "GPU hours",
    ],
    rows: groups.map(
      ({ name: group, jobs, waitingSeconds, completionSeconds, boundedSlowdown, preemptions, gpuHours }) => [
        group,
        String(jobs),
        waitingSeconds === null ? "–" : time(waitingSeconds.mean),
        waitingSeconds === null ? "–" : time(waitingSeconds.p50),
        waitingSeconds === null ? "–" : time(waitingSeconds.p95),
        completionSeconds === null ? "–" : time(completionSeconds.mean),
        boundedSlowdown === null ? "–" : boundedSlowdown.mean.toFixed(2),
        String(preemptions),
        gpuHours.held.toFixed(1),
      ],
    ),
  };
}

function describeOutcomes({ succeeded, timedOut, running, waiting, refused }: SimulationReport["outcomes"]): string {
  const parts = [
    [succeeded, "succeeded"],
    [timedOut, "stopped at their limit"],
    [running, "still running"],
    [waiting, "still waiting"],
    [refused, "refused as impossible"],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`)
    .join(", ");
}

function distribution(values: GroupReport["waitingSeconds"], show: (value: number) => string): string {
  if (values === null) return "–";
  return [values.mean, values.p50, values.p95, values.p99].map(show).join(", ");
}

function calibration({ made, held, share }: Calibration): string {
  return share === null ? "none was made" : `${held} of ${made} (${percent(share)})`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function time(seconds: number): string {
  return seconds === 0 ? "0s" : formatDuration(seconds * 1000);
}
