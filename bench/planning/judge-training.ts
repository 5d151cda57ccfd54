import { findModel } from "../../src/planning/catalog/find-model.ts";
import type { ModelShape } from "../../src/planning/catalog/model-shape.ts";
import { gibibytesOf } from "../../src/planning/catalog/quantities.ts";
import { findAccelerator } from "../../src/planning/catalog/find-accelerator.ts";
import { activationBytes, predictTrainingMemory } from "../../src/planning/training/memory.ts";
import { predictStepTime } from "../../src/planning/training/step-time.ts";
import { gpusOf, type Layout, type TrainingJob } from "../../src/planning/training/training-job.ts";
import { numberIn, readTable } from "./read-table.ts";
import { countNotes, type Exclusions, type Judged, type Score, scoreRows } from "./score.ts";
import { standInWords, widenJudged } from "./stand-ins.ts";
import { type TrainingRow, trainingRows } from "./training-rows.ts";

function judgeStep(row: TrainingRow): readonly Judged[] {
  if (row.seconds === undefined) return [];
  const { seconds, low, high } = predictStepTime(row.job);
  const group = `${row.table} ${row.modelName} ${row.job.accelerator.name} ${gpusOf(row.job.layout)} ${row.job.globalSequences}`;
  return [widenJudged({ id: row.id, measured: row.seconds, predicted: seconds, low, high, group }, row.standIns)];
}

/** The classes of runs that the bars speak of. */
export const trainingClasses: Readonly<Record<string, (row: TrainingRow) => boolean>> = {
  "training (vTrain)": (row) => row.table.startsWith("vtrain"),
  "training (vTrain, many nodes)": (row) => row.table.startsWith("vtrain_multi"),
  "training (Megatron)": (row) => row.job.stack === "megatron-core",
  "training (Megatron, dense)": (row) => row.job.stack === "megatron-core" && row.job.model.experts === undefined,
  "training (Megatron, experts)": (row) => row.job.stack === "megatron-core" && row.job.model.experts !== undefined,
  "training (FSDP)": (row) => row.job.stack === "fsdp",
};

function excludedOf(rows: readonly { readonly excluded?: string }[]): Exclusions {
  const reasons: Record<string, number> = {};
  for (const { excluded } of rows) if (excluded !== undefined) reasons[excluded] = (reasons[excluded] ?? 0) + 1;
  return reasons;
}

function scoreSteps(name: string, rows: readonly (TrainingRow | { readonly excluded: string })[]): Score {
  const planned = rows.filter((row): row is TrainingRow => "job" in row);
  const unmeasured = planned.filter((row) => row.seconds === undefined).map(() => ({ excluded: "no time measured" }));
  const excluded = excludedOf([...rows.filter((row) => "excluded" in row), ...unmeasured]);
  const notes = planned.filter((row) => row.seconds !== undefined).map(standInWords);
  return { ...scoreRows(name, "step time", planned.flatMap(judgeStep), excluded, true), ...countNotes(notes) };
}

/** Scores step times per table and per class, and measured peak memory; recalled rows in a table of their own. */
export function judgeTraining(folder: string): readonly Score[] {
  const all = trainingRows(folder, "planned");
  const nameOf = (row: (typeof all)[number]): string =>
    "job" in row && row.how === "recalled" ? `${row.table} (recalled)` : row.table;
  const tables = [...Map.groupBy(all, nameOf)].map(([name, rows]) => scoreSteps(name, rows));
  const read = all.filter((row): row is TrainingRow => "job" in row && row.how !== "recalled");
  const summed = Object.entries(trainingClasses).map(([name, has]) => scoreSteps(name, read.filter(has)));
  return [...summed, ...tables, ...judgePeaks(read), ...judgeAnalytic(folder)];
}

function judgePeaks(rows: readonly TrainingRow[]): readonly Score[] {
  const judged = rows.flatMap((row) => {
    if (row.peakGib === undefined) return [];
    const { peakGib, lowGib, highGib } = predictTrainingMemory(row.job);
    return { id: row.id, measured: row.peakGib, predicted: peakGib, low: lowGib, high: highGib };
  });
  return [scoreRows("training_throughput", "peak memory", judged, {}, true)];
}

interface Published {
  readonly pipeline: number;
  readonly chunks: number;
  readonly micro: number;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
}

/** The four models of Korthikanti 2022, table 3, with the pipelines of its figure 1. */
const korthikanti: Readonly<Record<string, Published>> = {
  "22B": { pipeline: 1, chunks: 1, micro: 4, layers: 48, hidden: 6144, heads: 64 },
  "175B": { pipeline: 8, chunks: 3, micro: 1, layers: 96, hidden: 12_288, heads: 96 },
  "530B": { pipeline: 35, chunks: 3, micro: 1, layers: 105, hidden: 20_480, heads: 128 },
  "1T": { pipeline: 64, chunks: 1, micro: 1, layers: 128, hidden: 25_600, heads: 160 },
};

function analyticJob(published: Published, how: string): TrainingJob {
  const { layers, hidden, heads } = published;
  const gpt = findModel("GPT-3-175B");
  const attention: ModelShape["attention"] = { kind: "grouped", heads, kvHeads: heads, headSize: hidden / heads };
  const layout: Layout = {
    tensor: 8,
    pipeline: published.pipeline,
    chunks: published.chunks,
    context: 1,
    expert: 1,
    data: 1,
    microSequences: published.micro,
    sharding: "none",
    recompute: how.includes("selective") ? "selective" : "none",
    isSequenceParallel: how.includes("SP") && !how.includes("TP-only baseline: selective"),
  };
  return {
    model: { ...gpt, layers, hiddenSize: hidden, attention, feedForwardSize: 4 * hidden },
    accelerator: findAccelerator("A100"),
    domainGpus: 8,
    domainBytesPerSecond: 200e9,
    precision: "bf16",
    sequenceTokens: 2048,
    globalSequences: published.micro * published.pipeline * 8,
    layout,
    stack: "megatron-classic",
  };
}

/** The paper's own formulae, not measurements: they test that the closed forms are the same. */
function judgeAnalytic(folder: string): readonly Score[] {
  const judged = readTable(folder, "memory_measured.csv").flatMap((row): readonly Judged[] => {
    const published = korthikanti[row["model"] ?? ""];
    const quantity = row["quantity"] ?? "";
    const measured = numberIn(row, "value");
    if (published === undefined || measured === undefined || !/^activations (?:none|SP\+selective)$/.test(quantity))
      return [];
    const predicted = gibibytesOf(activationBytes(analyticJob(published, quantity)));
    return [{ id: `${row["model"]} ${quantity}`, measured, predicted, low: predicted * 0.95, high: predicted * 1.05 }];
  });
  const others = readTable(folder, "memory_measured.csv").length - judged.length;
  return [
    scoreRows(
      "memory_measured",
      "activations (analytic)",
      judged,
      { "shares and states, checked by unit tests": others },
      true,
    ),
  ];
}
