import type { Instant } from "../../../base/clock.ts";
import type { EngineNode } from "../../engine/model.ts";
import type { JobOutcome, JobRecord, SimulationRun, UseSeries } from "../ports.ts";
import { percentilesOf } from "./distribution.ts";
import { groupReport, waitingSeconds } from "./group-report.ts";
import type { GroupReport, SimulationReport } from "./model.ts";
import { promiseReport } from "./promise-report.ts";
import { sizeClass, sizeClassNames } from "./size-class.ts";
import { integral, spanIntegrals } from "./time-means.ts";

/** Spans of the series in the report. */
const spans = 400;

/** What the report says beside the run itself. */
export interface ReportHead {
  readonly policy: string;
  readonly notes: readonly string[];
  readonly nodes: readonly EngineNode[];
}

/** Makes the figures of a simulation. The same run gives the same report. */
export function makeReport(head: ReportHead, run: SimulationRun): SimulationReport {
  const { records, series } = run;
  const from = records.reduce((first, { job }) => Math.min(first, job.item.submittedAt), run.endedAt);
  const until = run.endedAt;
  const started = records.filter(({ firstStartAt }) => firstStartAt !== null);
  return {
    schema: "millwright.simulation/1",
    policy: head.policy,
    notes: [...head.notes],
    cluster: {
      nodes: head.nodes.length,
      gpus: head.nodes.reduce((sum, { gpus }) => sum + gpus, 0),
      cpus: head.nodes.reduce((sum, { cpuMillis }) => sum + cpuMillis, 0) / 1000,
    },
    outcomes: countOutcomes(records),
    events: run.events,
    cycles: run.cycles,
    nodeLosses: records.reduce((sum, { nodeLosses }) => sum + nodeLosses, 0),
    makespanSeconds: (until - from) / 1000,
    ...means(series, from, until),
    all: groupReport("all", records),
    queues: groupBy(records, ({ job }) => job.item.queue).sort(
      (left, right) => right.gpuHours.held - left.gpuHours.held || (left.name < right.name ? -1 : 1),
    ),
    sizes: groupBy(records, ({ job }) => sizeClass(job.item)).sort(
      (left, right) => sizeClassNames.indexOf(left.name) - sizeClassNames.indexOf(right.name),
    ),
    promises: promiseReport(records, until),
    series: makeSeries(series, from, until),
    waitingPercentiles: [...percentilesOf(started.map(waitingSeconds))],
  };
}

function countOutcomes(records: readonly JobRecord[]): SimulationReport["outcomes"] {
  const count = (outcome: JobOutcome): number => records.filter((record) => record.outcome === outcome).length;
  return {
    succeeded: count("succeeded"),
    timedOut: count("timed-out"),
    running: count("running"),
    waiting: count("waiting"),
    refused: count("refused"),
  };
}

function groupBy(records: readonly JobRecord[], nameOf: (record: JobRecord) => string): GroupReport[] {
  return [...Map.groupBy(records, nameOf)].map(([name, members]) => groupReport(name, members));
}

function means(
  series: UseSeries,
  from: Instant,
  until: Instant,
): Pick<SimulationReport, "utilisation" | "fragmentation" | "queueLength"> {
  const { at } = series;
  const over = (values: readonly number[]): number => integral({ at, values }, from, until);
  const [gpu, gpuUsed] = [over(series.gpuMillis), over(series.gpuMillisUsed)];
  const fragmented = over(series.gpuMillisFragmented);
  return {
    utilisation: {
      gpuMean: share(gpuUsed, gpu),
      gpuMax: series.gpuMillisUsed.reduce(
        (most, used, index) => Math.max(most, share(used, series.gpuMillis[index])),
        0,
      ),
      cpuMean: share(over(series.cpuMillisUsed), over(series.cpuMillis)),
    },
    fragmentation: { shareOfIdle: share(fragmented, gpu - gpuUsed), shareOfAll: share(fragmented, gpu) },
    queueLength: {
      mean: until > from ? over(series.waiting) / (until - from) : 0,
      max: series.waiting.reduce((most, each) => Math.max(most, each), 0),
    },
  };
}

function makeSeries(series: UseSeries, from: Instant, until: Instant): SimulationReport["series"] {
  const { at } = series;
  const over = (values: readonly number[]): readonly number[] => spanIntegrals({ at, values }, from, until, spans);
  const [gpu, cpu] = [over(series.gpuMillis), over(series.cpuMillis)];
  const shares = (parts: readonly number[], all: readonly number[]): number[] =>
    parts.map((part, index) => share(part, all[index]));
  const spanMs = (until - from) / spans;
  return {
    fromSeconds: from / 1000,
    spanSeconds: spanMs / 1000,
    gpuUtilisation: shares(over(series.gpuMillisUsed), gpu),
    cpuUtilisation: shares(over(series.cpuMillisUsed), cpu),
    fragmentation: shares(over(series.gpuMillisFragmented), gpu),
    waiting: over(series.waiting).map((sum) => (spanMs > 0 ? sum / spanMs : 0)),
  };
}

/** A part of a whole, 0 of nothing; what floating point adds beyond 1 is cut. */
function share(part: number, all: number | undefined): number {
  return all === undefined || all <= 0 ? 0 : Math.min(1, Math.max(0, part / all));
}
