import { notMeasured } from "../accuracy/error-statement.ts";
import type { TracePlan } from "../trace/model.ts";
import { describeErrors } from "./describe-errors.ts";
import { drawLines } from "./draw-lines.ts";
import type { Block, Section } from "./model.ts";
import { writeCount, writeNumber, writeSeconds, writeShare } from "./write-figure.ts";

/** Waits, use and pieces of a queue on ever other fleets, beside the formula's answer. */
export function describeTrace(trace: TracePlan): Section {
  const { target, servers, formula } = trace;
  const answer =
    servers === null
      ? "No fleet that was looked at meets the target."
      : `${writeCount(servers, "server")} ${servers === 1 ? "meets" : "meet"} the target; the formula says ${formula.servers}.`;
  const goal = `${writeShare(target.share)} of the workloads shall start within ${writeSeconds(target.waitSeconds)}`;
  const text = `${trace.workloads} workloads of ${writeNumber(trace.hours)} hours (${writeNumber(trace.gpuHours)} GPU-hours) were packed by the scheduling engine that decides live, policy ${trace.policy}: ${goal}. ${answer}`;
  return {
    heading: "Queue, packed by the scheduler",
    blocks: [
      { kind: "text", text },
      ...plots(trace),
      { kind: "table", head: tableHead, rows: trace.fleets.map((fleet) => rowOf(fleet, trace)) },
      { kind: "list", items: [...trace.differences, ...trace.notes] },
      describeErrors([
        notMeasured("waits and servers of the queue", "the engine is the live one; the trace is what it was played on"),
      ]),
    ],
  };
}

const tableHead = [
  "servers",
  "#GPUs",
  "#start in time",
  "#wait, median",
  "#wait, 95 %",
  "#wait, longest",
  "#GPUs in use",
  "#idle in pieces",
  "#evictions",
  "what",
];

/** A wait of less than a second is none. */
const writeWait = (seconds: number): string => (seconds < 1 ? "none" : writeSeconds(seconds));

function rowOf(fleet: TracePlan["fleets"][number], { servers, formula, planned }: TracePlan): readonly string[] {
  const marks = [
    ...(fleet.servers === servers ? ["meets the target"] : []),
    ...(fleet.servers === formula.servers ? ["the formula's answer"] : []),
    ...(fleet.servers === planned ? ["the plan's first month, all stages"] : []),
    ...(fleet.unstarted > 0 ? [`${fleet.unstarted} never start`] : []),
  ];
  return [
    String(fleet.servers),
    String(fleet.gpus),
    writeShare(fleet.inTimeShare),
    writeWait(fleet.waitP50Seconds),
    writeWait(fleet.waitP95Seconds),
    writeWait(fleet.waitMaxSeconds),
    writeShare(fleet.utilisation),
    writeShare(fleet.fragmentedShare),
    String(fleet.preemptions),
    marks.join(", "),
  ];
}

function plots(trace: TracePlan): readonly Block[] {
  const { fleets, servers, formula } = trace;
  if (fleets.length < 2) return [];
  const labels = fleets.map((fleet) => String(fleet.servers));
  const placeOf = (count: number | null): number => fleets.findIndex((fleet) => fleet.servers === count);
  const marks = [
    { at: placeOf(servers), label: "meets the target" },
    ...(servers === formula.servers ? [] : [{ at: placeOf(formula.servers), label: "formula" }]),
  ].filter(({ at }) => at !== -1);
  const percent = (of: (fleet: (typeof fleets)[number]) => number): readonly number[] =>
    fleets.map((fleet) => 100 * of(fleet));
  const shares = drawLines({
    title: "Workloads that start in time, and GPUs in use, by servers",
    unit: "%",
    labels,
    labelX: "servers",
    series: [
      { name: "start in time", kind: "line", values: percent((fleet) => fleet.inTimeShare) },
      { name: "GPUs in use", kind: "line", values: percent((fleet) => fleet.utilisation) },
      { name: "target", kind: "dashed", values: fleets.map(() => 100 * trace.target.share) },
    ],
    marks,
  });
  const waits = drawLines({
    title: "Waits by servers",
    unit: "minutes",
    labels,
    labelX: "servers",
    series: [
      { name: "95th percentile", kind: "line", values: fleets.map((fleet) => fleet.waitP95Seconds / 60) },
      { name: "median", kind: "line", values: fleets.map((fleet) => fleet.waitP50Seconds / 60) },
    ],
    marks,
  });
  return [
    {
      kind: "plot",
      svg: shares,
      caption: "Each point is one simulation of the whole queue; servers are not to scale.",
    },
    { kind: "plot", svg: waits, caption: "Time from the submission to the first start, of those that started." },
  ];
}
