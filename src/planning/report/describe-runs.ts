import type { FleetPlan, SizedRun } from "../fleet-plan.ts";
import { tellTried } from "../plan-training.ts";
import { layoutWords } from "../training/layout-words.ts";
import { describeErrors } from "./describe-errors.ts";
import type { Section } from "./model.ts";
import { writeChance, writeDays, writeNumber, writeSeconds, writeShare } from "./write-figure.ts";

/** Runs whose GPU-hours were sized from the model that a stage trains: layout, step, and what limits it. */
export function describeRuns({ runs, errors }: Pick<FleetPlan, "runs" | "errors">): readonly Section[] {
  if (runs.length === 0) return [];
  const head = [
    "stage",
    "run",
    "layout",
    "#step, 80 %",
    "#tokens/s GPU",
    "#MFU",
    "#GiB",
    "#fits",
    "#useful GPU-hours",
    "#days, 80 %",
    "limit",
  ];
  const ofRuns = errors.capacity.filter(({ quantity }) => runs.some(({ stage }) => quantity.startsWith(`${stage}: `)));
  return [
    {
      heading: "Training runs",
      blocks: [
        { kind: "table", head, rows: runs.map(rowOf) },
        { kind: "list", items: runs.flatMap(tellChoice) },
        describeErrors(ofRuns),
      ],
    },
  ];
}

function rowOf(run: SizedRun): readonly string[] {
  const { step, memory, days } = run;
  return [
    run.stage,
    `${writeNumber(run.tokens)} tokens of ${run.model} on ${run.gpus} x ${run.accelerator}`,
    layoutWords(run.layout),
    `${writeSeconds(step.seconds)} (${writeSeconds(step.low)} to ${writeSeconds(step.high)})`,
    writeNumber(step.tokensPerSecondPerGpu),
    writeShare(step.mfu),
    `${memory.peakGib.toFixed(1)} of ${memory.usableGib.toFixed(1)}`,
    writeChance(memory.fitProbability),
    writeNumber(run.gpuHours),
    `${writeDays(days.likely)} (${writeDays(days.low)} to ${writeDays(days.high)})`,
    step.bottleneck,
  ];
}

function tellChoice({ stage, gpus, tried, exposedShare }: SizedRun): readonly string[] {
  const waits =
    exposedShare === 0
      ? `${stage}: nothing of a step waits for other servers`
      : `${stage}: ${writeShare(exposedShare)} of a step waits for other servers`;
  if (tried.length === 0) return [waits];
  return [waits, `${stage}: ${gpus} GPUs are the fewest that end it in time, of those tried: ${tellTried(tried)}`];
}
