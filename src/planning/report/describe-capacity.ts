import type { FleetPlan } from "../fleet/fleet-plan.ts";
import { describeErrors } from "./describe-errors.ts";
import { drawLines } from "./draw-lines.ts";
import type { Section } from "./model.ts";
import { tellShortage } from "./tell-shortage.ts";
import { monthAfter, writeNumber, writeShare, writeWhole } from "./write-figure.ts";

/** A fleet of which less than this is asked for at its busiest is told to be too large. */
const leastUse = 0.5;

/** A stated fleet may be far larger than what is asked of it; dollars per used hour do not show it. */
function describeIdle({ months, gpusAtPeak }: FleetPlan["capacity"]): readonly string[] {
  const most = Math.max(...months.map((month) => month.p90Gpus));
  if (most >= gpusAtPeak * leastUse || !months.every((month) => month.capacityGpus === gpusAtPeak)) return [];
  const asked = writeNumber(most);
  return [
    `The fleet is larger than the demand: its busiest month asks for ${asked} of ${writeWhole(gpusAtPeak)} GPUs (P90). The cost of a used GPU-hour supposes that the rest is used as well.`,
  ];
}

function describeSharing({ stages, sharedGpus }: FleetPlan["capacity"]): readonly string[] {
  if (stages.length < 2) return [];
  return [`Stages that share one fleet save ${writeWhole(sharedGpus)} GPUs against fleets of their own.`];
}

/** Months between two rows of the table. */
const tableStep = 6;

/** How many GPUs each stage asks for, what there is, and how likely a shortage is. */
export function describeCapacity(plan: FleetPlan): Section {
  const { capacity } = plan;
  const labels = capacity.months.map((month) => monthAfter(plan.startMonth, month.month));
  const svg = drawLines({
    title: "GPUs asked for at the busiest moment, and capacity",
    unit: "GPUs",
    labels,
    series: [
      ...capacity.stages.map((stage) => {
        return { name: stage.name, kind: "area" as const, values: stage.peak.map((peak) => peak.mean) };
      }),
      {
        name: "P10 to P90 of all stages",
        kind: "band",
        values: capacity.months.map((month) => month.p90Gpus),
        lower: capacity.months.map((month) => month.p10Gpus),
      },
      { name: "capacity", kind: "step", values: capacity.months.map((month) => month.capacityGpus) },
    ],
  });
  const rows = capacity.months
    .filter((month) => month.month % tableStep === 0 || month.month === capacity.months.length - 1)
    .map((month) => [
      monthAfter(plan.startMonth, month.month),
      writeNumber(month.meanGpus),
      writeNumber(month.p10Gpus),
      writeNumber(month.p50Gpus),
      writeNumber(month.p90Gpus),
      writeWhole(month.capacityGpus),
      writeShare(month.shortage),
    ]);
  return {
    heading: "Capacity",
    blocks: [
      {
        kind: "text",
        text: [tellShortage(capacity, plan.startMonth), ...describeIdle(capacity), ...describeSharing(capacity)].join(
          " ",
        ),
      },
      {
        kind: "plot",
        svg,
        caption: "Mean peak demand by stage, its 10th to 90th percentile as seen today, and the capacity planned.",
      },
      {
        kind: "table",
        head: ["month", "#mean GPUs", "#P10", "#P50", "#P90", "#capacity", "#chance of a shortage"],
        rows,
      },
      { kind: "list", items: capacity.stages.map((stage) => `${stage.name}: ${stage.how}`) },
      describeErrors(plan.errors.capacity),
    ],
  };
}
