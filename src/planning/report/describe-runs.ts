import type { FleetPlan, SizedRun } from "../fleet/fleet-plan.ts";
import { tellTried } from "../fleet/plan-training.ts";
import { layoutWords } from "../training/layout-words.ts";
import { describeErrors } from "./describe-errors.ts";
import type { Section } from "./model.ts";
import { stepPartWords } from "./step-part-words.ts";
import { writeChance, writeDays, writeNumber, writeSeconds, writeShare, writeTokens } from "./write-figure.ts";

/** Runs whose GPU-hours were sized from the model that a stage trains: layout, step, and what limits it. */
export function describeRuns({ runs, errors }: Pick<FleetPlan, "runs" | "errors">): readonly Section[] {
  if (runs.length === 0) return [];
  const head = ["run", "#GPUs", "#step, 80 %", "#tokens/s GPU", "#MFU", "#useful GPU-hours", "#days, 80 %", "limit"];
  const ofRuns = errors.capacity.filter(({ quantity }) => runs.some(({ stage }) => quantity.startsWith(`${stage}: `)));
  return [
    {
      heading: "Training runs",
      blocks: [
        { kind: "table", head, rows: runs.map(rowOf) },
        { kind: "list", items: [...new Set(runs.flatMap(tellChoice))] },
        describeErrors(ofRuns),
      ],
    },
  ];
}

function rowOf(run: SizedRun): readonly string[] {
  const { step, days } = run;
  return [
    run.stage,
    String(run.gpus),
    `${writeSeconds(step.seconds)} (${writeSeconds(step.low)} to ${writeSeconds(step.high)})`,
    writeNumber(step.tokensPerSecondPerGpu),
    writeShare(step.mfu),
    writeNumber(run.gpuHours),
    `${writeDays(days.likely)} (${writeDays(days.low)} to ${writeDays(days.high)})`,
    stepPartWords[step.bottleneck],
  ];
}

function tellChoice(run: SizedRun): readonly string[] {
  const { stage, gpus, tried, exposedShare, memory } = run;
  const waits = exposedShare === 0 ? "nothing" : writeShare(exposedShare);
  return [
    `${stage}: ${writeTokens(run.tokens)} tokens of ${run.model} on ${gpus} x ${run.accelerator}, ${layoutWords(run.layout)}; ${waits} of a step waits for other servers`,
    `${stage}: ${memory.peakGib.toFixed(1)} GiB at most of ${memory.usableGib.toFixed(1)} GiB; it fits with a chance of ${writeChance(memory.fitProbability)}`,
    ...(tried.length === 0
      ? []
      : [`${stage}: ${gpus} GPUs are the fewest that end it in time, of those tried: ${tellTried(tried, gpus)}`]),
  ];
}
