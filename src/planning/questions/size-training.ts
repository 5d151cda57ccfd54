import type { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { askedAccelerator } from "./asked-accelerator.ts";
import { type AskedParts, askedParts } from "./asked-parts.ts";
import { askedNodeGpus, askedNodeNetwork, isRackScale } from "./asked-network.ts";
import { assumedFields } from "../assumptions/assumed-fields.ts";
import { approximationCaution } from "../catalog/approximated-shape.ts";
import type { Fallback } from "../catalog/fallback.ts";
import { domainGbPerSecond } from "../catalog/find-interconnect.ts";
import { contextCaution } from "../catalog/model-context.ts";
import { measuredError, notMeasured, type QuantityError } from "../accuracy/error-statement.ts";
import { tellDoubts } from "../accuracy/memory-doubt.ts";
import { requireFormat } from "./number-format.ts";
import { unreadableQuestion } from "../problems/question-fault.ts";
import { trainingQuestionSchema } from "./model.ts";
import { writeChance } from "../report/write-figure.ts";
import { type Goodput, predictGoodput } from "../training/goodput.ts";
import { predictTrainingMemory, type TrainingMemory } from "../training/memory.ts";
import type { FrozenFormat } from "../training/frozen-weights.ts";
import { trainingKernelsOf } from "../training/training-kernels.ts";
import { searchLayouts } from "../training/search-layouts.ts";
import { strangersIn } from "../training/stack-constants.ts";
import { strangeFamily } from "../training/strange-family.ts";
import { predictStepTime, type StepTime, strangeKernels } from "../training/step-time.ts";
import { gpusOf, type Layout, type TrainingJob } from "../training/training-job.ts";
import { atLeastAsWide, widen, wideningOf } from "../accuracy/widening.ts";

/** A layout with its step and its memory. */
export interface TrainingOption {
  readonly layout: Layout;
  readonly step: StepTime;
  readonly memory: TrainingMemory;
}

/** The answer: the best layouts with why others lost, and the whole run's time. */
export interface TrainingAnswer extends TrainingOption {
  readonly model: string;
  readonly accelerator: string;
  readonly stack: string;
  readonly precision: Question["precision"];
  readonly isLora: boolean;
  /** What the frozen weights are kept in, where that is narrower than what they are multiplied in. */
  readonly frozenPrecision?: FrozenFormat;
  readonly gpus: number;
  /** Fast domains that the run lies on: servers, or racks whose servers share fast links. */
  readonly nodes: number;
  readonly globalSequences: number;
  readonly sequenceTokens: number;
  /** The best layouts, the chosen one first; each is the best schedule of its degrees of parallelism. */
  readonly options: readonly TrainingOption[];
  readonly tried: number;
  /** Layouts that lost, counted by reason. */
  readonly lost: Readonly<Record<string, number>>;
  readonly goodput: Goodput;
  /** Days of wall time for `tokens`, with the 80 % interval of the step. */
  readonly days?: { readonly low: number; readonly likely: number; readonly high: number };
  readonly gpuHours?: number;
  /** What stands in for an accelerator or a model that the catalog does not have. */
  readonly fallbacks: readonly Fallback[];
  /** What in the question speaks against it, though it can be answered. */
  readonly cautions: readonly string[];
  /** How wrong such estimates were on measured runs. */
  readonly errors: readonly QuantityError[];
  readonly assumptions: readonly string[];
}

/** The benchmark's class of runs that a stack's error is read from. */
function errorClassOf(job: Pick<TrainingJob, "stack" | "model">): string {
  if (job.stack === "fsdp") return "training (FSDP)";
  if (job.stack === "megatron-classic") return "training (vTrain)";
  return job.model.experts === undefined ? "training (Megatron, dense)" : "training (Megatron, experts)";
}

type Question = z.infer<typeof trainingQuestionSchema> & {
  readonly globalSequences: number;
  readonly gpusPerNode: number;
};

const secondsPerDay = 86_400;
/** Tokens of a step where the question names no batch: what runs of 8 to 400 billion weights took. */
const usualStepTokens = 4e6;
/** Tokens of a step for each accelerator, at least, so that thousands of them have work: Llama-3 405B took 16 million on 16,384. */
const leastTokensEach = 1024;
/** Layouts looked at again in full, and shown. */
const optionsSearched = 400;
const optionsShown = 5;

/** Tokens of a step that trains adapters only: 128 sequences of 4,096, as in NVIDIA's published fine-tuning tables. */
const adapterStepTokens = 0.52e6;

/** About four million tokens, half a million for adapters, more for thousands of accelerators, in a number of sequences that the accelerators divide. */
export function usualBatch(gpus: number, sequenceTokens: number, isLora = false): number {
  let odd = gpus;
  while (odd % 2 === 0) odd /= 2;
  const tokens = Math.max(isLora ? adapterStepTokens : usualStepTokens, gpus * leastTokensEach);
  return odd * 2 ** Math.max(0, Math.round(Math.log2(tokens / sequenceTokens / odd)));
}

/** All of a run but its layout. */
type Unspread = AskedParts & Omit<TrainingJob, "layout">;

function jobOf(question: Question): Unspread {
  const parts = askedParts(question);
  const { accelerator } = parts;
  requireFormat(accelerator, question.precision);
  const { gpus, gpusPerNode, network } = question;
  const node = askedNodeNetwork(network, accelerator, gpusPerNode);
  const isRack = isRackScale(accelerator);
  const domainGpus = Math.min(gpus, Math.max(1, isRack ? accelerator.scaleUpGpus : gpusPerNode));
  return {
    ...parts,
    domainGpus,
    domainBytesPerSecond: (isRack ? domainGbPerSecond(node, domainGpus) : node.nodeGbPerSecond) * 1e9,
    precision: question.precision,
    sequenceTokens: question.sequenceTokens,
    globalSequences: question.globalSequences,
    stack: question.stack,
    isLora: question.isLora,
    ...(question.frozenPrecision === undefined ? {} : { frozenFormat: question.frozenPrecision }),
  };
}

/** What no measured run had: weights that are kept packed. */
function frozenWords({ frozenFormat }: Unspread): readonly string[] {
  if (frozenFormat === undefined) return [];
  return [`no run over frozen weights in ${frozenFormat} was measured: they are unpacked to 16 bits layer by layer`];
}

/** A bare number is bytes, which who thinks in bits of ports must hear. */
function networkWords(network: Question["network"]): readonly string[] {
  if (typeof network !== "number") return [];
  return [`network was given without a unit: ${network} GB/s (bytes) out of one node, which are ${network * 8} Gb/s`];
}

function parseQuestion(value: unknown): Question {
  const parsed = trainingQuestionSchema.safeParse(value);
  if (!parsed.success) throw unreadableQuestion(trainingQuestionSchema, parsed.error, value);
  const { gpus, sequenceTokens, globalSequences, isLora, frozenPrecision } = parsed.data;
  if (frozenPrecision !== undefined && !isLora) {
    const message = `frozenPrecision: only weights below adapters are frozen, and isLora is not set; set it, or leave ${frozenPrecision} out`;
    throw new Fault("planning.request-invalid", message, { details: { path: "frozenPrecision" } });
  }
  return {
    ...parsed.data,
    globalSequences: globalSequences ?? usualBatch(gpus, sequenceTokens, isLora),
    gpusPerNode: askedNodeGpus(parsed.data.gpusPerNode, askedAccelerator(parsed.data).value),
  };
}

/** The layout's step and memory, their intervals as wide as what stands in for measurements asks. */
function optionOf(job: Unspread, layout: Layout): TrainingOption {
  const step = predictStepTime({ ...job, layout });
  const fallbacks = [...job.standIns, ...strangeFamily(job)];
  const widened = widen(step, step.seconds, wideningOf({ kernels: frozenWords(job), fallbacks }));
  const stated = fallbacks.length > 0 ? stepErrorOf(job).percent : null;
  return {
    layout,
    step: atLeastAsWide(widened, step.seconds, stated),
    memory: predictTrainingMemory({ ...job, layout }),
  };
}

interface Choice {
  readonly options: readonly TrainingOption[];
  readonly tried: number;
  readonly lost: Readonly<Record<string, number>>;
}

function otherNumber(layout: Layout, gpus: number): Fault {
  const { tensor, pipeline, context, data } = layout;
  const product = `tensor ${tensor} x pipeline ${pipeline} x context ${context} x data ${data}`;
  const message = `layout: ${product} are ${gpusOf(layout)} accelerators and gpus says ${gpus}; make them agree`;
  return new Fault("planning.layout-impossible", message, { details: { path: "layout" } });
}

/** The best schedule of each set of degrees of parallelism, the best first; or the one layout that was given. */
function chooseLayouts(question: Question, job: Unspread): Choice {
  const { layout } = question;
  if (layout !== undefined) {
    if (gpusOf(layout) !== question.gpus) throw otherNumber(layout, question.gpus);
    return { options: [optionOf(job, layout)], tried: 1, lost: {} };
  }
  const search = searchLayouts(job, question.gpus, optionsSearched);
  const degreesOf = ({ tensor, pipeline, context, expert, data }: Layout): string =>
    [tensor, pipeline, context, expert, data].join(" ");
  const best = new Map<string, Layout>();
  // A layout that turns out not to fit costs another attempt: its time counts over its chance of fitting.
  const risked = search.best.toSorted(
    (left, right) => left.seconds / left.fitProbability - right.seconds / right.fitProbability,
  );
  for (const each of risked) {
    if (!best.has(degreesOf(each.layout))) best.set(degreesOf(each.layout), each.layout);
  }
  const shown = [...best.values()].slice(0, optionsShown);
  const slower = (search.lost["slower than the best"] ?? 0) + search.best.length - shown.length;
  const lost = { ...search.lost, ...(slower === 0 ? {} : { "slower than the best": slower }) };
  return { options: shown.map((each) => optionOf(job, each)), tried: search.tried, lost };
}

/** How rows were left out that stand for this run: with a model or an accelerator that no row has, or only new. */
function leftOutLike(job: Pick<TrainingJob, "stack" | "model" | "accelerator">): readonly string[] {
  const { accelerator, lineage } = strangersIn(job);
  const strange = [...(accelerator ? ["accelerator"] : []), ...(lineage ? ["model"] : [])];
  return strange.length > 0 ? strange : ["published table"];
}

/** The error of a step's time, widened where kernels are another's. */
function stepErrorOf(job: Unspread): QuantityError {
  const kernels = trainingKernelsOf(job.accelerator, job.precision);
  const widening = wideningOf({
    kernels: [...strangeKernels(job, kernels), ...frozenWords(job)],
    fallbacks: [...job.standIns, ...strangeFamily(job)],
  });
  const quantity = "step time, tokens a second and utilisation";
  return measuredError(quantity, errorClassOf(job), "step time", widening, leftOutLike(job));
}

/** Errors of the figures of an answer. */
function errorsOf(job: Unspread, { widening }: TrainingMemory): readonly QuantityError[] {
  return [
    stepErrorOf(job),
    measuredError("peak memory", "training_throughput", "peak memory", widening),
    notMeasured("useful share of the time, and what it adds to days and GPU-hours"),
    notMeasured("chance of fitting", tellDoubts("from the spread of the measured peaks", job.memoryDoubt)),
  ];
}

/** Accelerators of the largest run that was measured (MLPerf Training 4.1, GPT-3 175B), and what is known beyond. */
const measuredGpusMax = 11_616;
const beyondMeasured =
  "no measured run is larger than 11,616 accelerators; Llama-3 405B reported 41 % MFU on 16,384 H100 (arXiv 2407.21783), tuned benchmarks reach more than production";

/** Below this chance of fitting who plans with a layout is told so first. */
const sureFit = 0.9;

function fitCaution({ fitProbability, peakGib, usableGib }: TrainingMemory): string | undefined {
  if (fitProbability >= sureFit) return undefined;
  const filled = `${peakGib.toFixed(1)} of ${usableGib.toFixed(1)} GiB`;
  return `the run may not fit (${filled}, chance ${writeChance(fitProbability)}): take more accelerators, shorter sequences or more recomputation`;
}

/** A run that is useful for less of its time than this does not end. */
const leastProgress = 1e-3;

function noProgress({ meanSecondsToInterruption }: Goodput, { gpus, restartSeconds }: Question): Fault {
  const often = meanSecondsToInterruption.toPrecision(3);
  return new Fault(
    "planning.layout-impossible",
    `a run on ${gpus} accelerators is interrupted every ${often} s and takes ${restartSeconds} s to come back: it makes no progress; ` +
      "take fewer accelerators, or a larger gpuHoursPerInterruption if failures are rarer",
  );
}

/**
 * Answers one question about a training run.
 *
 * @param value the question as parsed from YAML or JSON, checked here.
 * @throws {Fault} `planning.request-invalid`, or one of the catalog's and the layout's faults.
 */
export function sizeTraining(value: unknown): TrainingAnswer {
  const question = parseQuestion(value);
  const job = jobOf(question);
  const { options, tried, lost } = chooseLayouts(question, job);
  const [best] = options;
  if (best === undefined) throw new RangeError("a search that found nothing did not say so");
  const goodput = predictGoodput({
    gpus: question.gpus,
    gpuHoursPerInterruption: question.gpuHoursPerInterruption,
    checkpointSeconds: question.checkpointSeconds,
    restartSeconds: question.restartSeconds,
  });
  if (goodput.ratio < leastProgress) throw noProgress(goodput, question);
  const { tokens = 0, globalSequences, sequenceTokens, gpus } = question;
  const daysOf = (seconds: number): number =>
    (tokens / (globalSequences * sequenceTokens)) * (seconds / goodput.ratio / secondsPerDay);
  const days = { low: daysOf(best.step.low), likely: daysOf(best.step.seconds), high: daysOf(best.step.high) };
  return {
    ...best,
    model: job.model.name,
    accelerator: job.accelerator.name,
    stack: job.stack,
    precision: job.precision,
    isLora: question.isLora,
    ...(question.frozenPrecision === undefined ? {} : { frozenPrecision: question.frozenPrecision }),
    gpus,
    nodes: Math.ceil(gpus / job.domainGpus),
    globalSequences,
    sequenceTokens,
    options,
    tried,
    lost,
    goodput,
    ...(question.tokens === undefined ? {} : { days, gpuHours: days.likely * 24 * gpus }),
    fallbacks: job.standIns,
    cautions: [
      approximationCaution(job.model),
      contextCaution(job.model, sequenceTokens),
      fitCaution(best.memory),
      gpus > measuredGpusMax ? beyondMeasured : undefined,
    ].filter((each) => each !== undefined),
    errors: errorsOf(job, best.memory),
    assumptions: [
      ...job.standIns.map(({ words }) => words),
      ...networkWords(question.network),
      ...assumedFields(question, value),
      ...frozenWords(job),
      ...best.step.assumptions,
      ...best.memory.assumptions,
    ],
  };
}
