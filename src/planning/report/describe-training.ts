import type { WhatIf } from "../advice/align-workload.ts";
import type { TrainingAnswer, TrainingOption } from "../questions/size-training.ts";
import { layoutWords } from "../training/layout-words.ts";
import type { StepPart } from "../training/step-time.ts";
import type { Layout } from "../training/training-job.ts";
import { describeErrors, errorsExplained } from "./describe-errors.ts";
import { describeFallbacks } from "./describe-fallbacks.ts";
import type { Block, ReportDocument, Section } from "./model.ts";
import { describeWhatIfs } from "./describe-what-ifs.ts";
import { stepPartWords } from "./step-part-words.ts";
import {
  writeChance,
  writeDays,
  writeInterval,
  writeNumber,
  writeRounded,
  writeSeconds,
  writeShare,
} from "./write-figure.ts";

/** The answer to one question about a training run, as a report. */
export function describeTraining(answer: TrainingAnswer, whatIfs: readonly WhatIf[] = []): ReportDocument {
  return {
    title: `Training ${adaptersOf(answer)}${answer.model} on ${writeNumber(answer.gpus)} x ${answer.accelerator}`,
    sections: [
      describeVerdict(answer),
      describeLayouts(answer),
      ...describeWhatIfs(whatIfs),
      describeMemory(answer),
      describeAssumed(answer),
    ],
  };
}

function describeVerdict(answer: TrainingAnswer): Section {
  const { step, memory, goodput, days } = answer;
  const items = [
    `Layout: ${layoutWords(answer.layout)}.`,
    `A step of ${writeNumber(answer.globalSequences)} x ${writeNumber(answer.sequenceTokens)} tokens takes ${writeInterval(timesOf(step), writeSeconds)}: ${writeNumber(step.tokensPerSecondPerGpu)} tokens/s for each GPU, an MFU of ${writeShare(step.mfu)} of the dense ${answer.precision} peak.`,
    ...(days === undefined
      ? []
      : [
          `The run takes ${writeInterval(days, writeDays)}, ${writeInterval(hoursOf(answer.gpuHours ?? 0, days), writeRounded)} GPU-hours, failures included.`,
        ]),
    `Memory: ${memory.peakGib.toFixed(1)} GiB at most of ${memory.usableGib.toFixed(1)} GiB; it fits with a chance of ${writeChance(memory.fitProbability)}.`,
    `Failures (one every ${writeSeconds(goodput.meanSecondsToInterruption)}) and saving (every ${writeSeconds(goodput.intervalSeconds)}) leave ${writeShare(goodput.ratio)} of the time.`,
    `What limits it: ${stepPartWords[step.bottleneck]}. Of a step: ${describeParts(answer)}.`,
  ];
  return {
    heading: "Answer",
    blocks: [
      ...describeFallbacks(answer.fallbacks, answer.cautions),
      { kind: "list", items },
      describeErrors(answer.errors),
      { kind: "text", text: errorsExplained },
    ],
  };
}

/** GPU-hours are as unsure as the days that they are counted over. */
function hoursOf(likely: number, days: NonNullable<TrainingAnswer["days"]>) {
  return { low: (likely * days.low) / days.likely, likely, high: (likely * days.high) / days.likely };
}

const timesOf = ({ low, seconds, high }: TrainingOption["step"]) => ({ low, likely: seconds, high });

const stepParts: readonly StepPart[] = [
  "products",
  "attention",
  "memory",
  "host",
  "tensor",
  "exchange",
  "bubble",
  "data",
  "optimizer",
];

function describeParts({ step }: TrainingOption): string {
  return stepParts
    .map((part) => [part, step.parts[part]] as const)
    .filter(([, seconds]) => seconds > step.seconds * 0.01)
    .toSorted((left, right) => right[1] - left[1])
    .map(([part, seconds]) => `${stepPartWords[part]} ${writeShare(seconds / step.seconds)}`)
    .join(", ");
}

function describeLayouts(answer: TrainingAnswer): Section {
  const rows = answer.options.map((option, index) => [
    layoutWords(option.layout),
    writeInterval(timesOf(option.step), writeSeconds),
    writeNumber(option.step.tokensPerSecondPerGpu),
    writeShare(option.step.mfu),
    option.memory.peakGib.toFixed(1),
    writeChance(option.memory.fitProbability),
    stepPartWords[option.step.bottleneck],
    index === 0 ? "the best" : whyLater(option, answer),
  ]);
  const head = ["layout", "#step (80 %)", "#tokens/s GPU", "#MFU", "#GiB", "#fits", "limit", "why"];
  const lost = Object.entries(answer.lost).toSorted((left, right) => right[1] - left[1]);
  const blocks: Block[] = [{ kind: "table", head, rows }];
  if (lost.length > 0) {
    const items = lost.map(([reason, count]) => `${writeNumber(count)}: ${reason}`);
    blocks.push(
      { kind: "text", text: `${writeNumber(answer.tried)} layouts were tried. Of those not shown:` },
      { kind: "list", items },
    );
  }
  return { heading: "Layouts", blocks };
}

function whyLater({ step, memory }: TrainingOption, best: TrainingOption): string {
  const slower = step.seconds / best.step.seconds - 1;
  if (slower >= 0) return `${writeShare(slower)} slower`;
  return `${writeShare(-slower)} faster, fits less surely (${writeChance(memory.fitProbability)})`;
}

function describeMemory(answer: TrainingAnswer): Section {
  const bars = answer.options.map(({ layout, memory }) => ({
    label: writeDegrees(layout),
    parts: Object.entries(memory.parts)
      .filter(([, gib]) => gib > 0)
      .map(([name, value]) => ({ name, value })),
    note: `fits with ${writeChance(memory.fitProbability)}`,
  }));
  const caption = "Memory of the fullest GPU by layout; the line is what a framework can have.";
  return {
    heading: "Memory",
    blocks: [{ kind: "bars", caption, unit: "GiB", limit: answer.memory.usableGib, bars }],
  };
}

function describeAssumed(answer: TrainingAnswer): Section {
  return { heading: "What was assumed", blocks: [{ kind: "list", items: answer.assumptions }] };
}

function writeDegrees({ tensor, pipeline, context, expert, data }: Layout): string {
  const rest = [...(context > 1 ? [`context ${context}`] : []), ...(expert > 1 ? [`expert ${expert}`] : [])];
  return [`tensor ${tensor}`, `pipeline ${pipeline}`, ...rest, `data ${data}`].join(", ");
}

function adaptersOf({ isLora, frozenPrecision }: TrainingAnswer): string {
  if (!isLora) return "";
  return frozenPrecision === undefined
    ? "adapters (LoRA) of "
    : `adapters (LoRA, frozen weights in ${frozenPrecision}) of `;
}
