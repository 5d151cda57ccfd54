import type { SimulationReport } from "../report/model.ts";
import { barPlot } from "./bar-plot.ts";
import { linePlot, type PlotAxis } from "./line-plot.ts";
import { roundTicks, spanTicks, timeUnit } from "./scale.ts";

/** A plot and the name of its file, without an ending. */
export interface ReportPlot {
  readonly name: string;
  readonly svg: string;
}

const percentTicks = [0, 20, 40, 60, 80, 100].map((value) => ({ value, label: String(value) }));

/** Draws a report: use and queue over time, how long workloads waited, and what each queue got. */
export function reportPlots(report: SimulationReport): readonly ReportPlot[] {
  return [
    { name: "utilisation", svg: utilisationPlot(report) },
    { name: "queue-length", svg: queuePlot(report) },
    { name: "waiting", svg: waitingPlot(report) },
    { name: "queue-waiting", svg: queueWaitingPlot(report) },
    { name: "queue-gpu-hours", svg: queueHoursPlot(report) },
  ];
}

function utilisationPlot(report: SimulationReport): string {
  const { gpuUtilisation, cpuUtilisation, fragmentation } = report.series;
  const percent = (shares: readonly number[]) =>
    overTime(
      report,
      shares.map((share) => share * 100),
    );
  const lines =
    report.cluster.gpus === 0
      ? [{ name: "CPUs in use", points: percent(cpuUtilisation) }]
      : [
          { name: "GPUs in use", points: percent(gpuUtilisation) },
          { name: "idle, but fragmented", points: percent(fragmentation) },
        ];
  const y: PlotAxis = { title: "share of the cluster (%)", ticks: percentTicks };
  return linePlot(`Utilisation over time, policy ${report.policy}`, timeAxis(report), y, lines);
}

function queuePlot(report: SimulationReport): string {
  const { waiting } = report.series;
  const y: PlotAxis = {
    title: "workloads",
    ticks: roundTicks(waiting.reduce((most, each) => Math.max(most, each), 0)),
  };
  const line = { name: "waiting", points: overTime(report, waiting) };
  return linePlot(`Workloads that wait, policy ${report.policy}`, timeAxis(report), y, [line]);
}

function waitingPlot(report: SimulationReport): string {
  const seconds = report.waitingPercentiles;
  const x: PlotAxis = {
    title: "waiting time, logarithmic (s, min, h, d)",
    ticks: spanTicks(seconds.at(-1) ?? 0),
    isLogarithmic: true,
  };
  const y: PlotAxis = { title: "workloads that waited no longer (%)", ticks: percentTicks };
  const line = { name: "waiting", points: seconds.map((value, percent) => [value, percent] as const) };
  return linePlot(`How long workloads waited, policy ${report.policy}`, x, y, [line]);
}

function queueWaitingPlot({ queues, policy }: SimulationReport): string {
  const longest = queues.reduce((most, { waitingSeconds }) => Math.max(most, waitingSeconds?.mean ?? 0), 0);
  const unit = timeUnit(longest);
  const bars = queues.map(({ name, waitingSeconds }) => ({
    name,
    value: waitingSeconds === null ? null : waitingSeconds.mean / unit.seconds,
  }));
  return barPlot(`Mean waiting time of each queue, policy ${policy}`, `mean waiting time (${unit.name})`, bars);
}

function queueHoursPlot({ queues, policy }: SimulationReport): string {
  const bars = queues.map(({ name, gpuHours }) => ({ name, value: gpuHours.held }));
  return barPlot(`What each queue used, policy ${policy}`, "GPU time held (GPU hours)", bars);
}

function timeAxis({ makespanSeconds }: SimulationReport): PlotAxis {
  const unit = timeUnit(makespanSeconds);
  return {
    title: `time since the first submission (${unit.name})`,
    ticks: roundTicks(makespanSeconds / unit.seconds, 8),
  };
}

/** Means of spans as points in the middle of each, in the unit of the time axis. */
function overTime(
  { makespanSeconds, series }: SimulationReport,
  values: readonly number[],
): readonly (readonly [number, number])[] {
  const unit = timeUnit(makespanSeconds);
  return values.map((value, index) => [((index + 0.5) * series.spanSeconds) / unit.seconds, value] as const);
}
