import type { z } from "zod";
import { type AskedAccelerator, askedAccelerator } from "./asked-accelerator.ts";
import { askedModel } from "./asked-model.ts";
import { peakFlopsOf, type Precision } from "../catalog/accelerator.ts";
import type { Fallback } from "../catalog/fallback.ts";
import { trainingFlopsPerToken } from "../catalog/model-size.ts";
import type { ServerOffer } from "../cost/server-offers.ts";
import type { QuantityError } from "../accuracy/error-statement.ts";
import { fewestGpus } from "../fleet/fewest-gpus.ts";
import { Fault } from "../../base/fault.ts";
import type { adviceQuestionSchema } from "./model.ts";
import { writeCount } from "../report/write-figure.ts";
import { sizeInferenceOnce } from "./size-inference.ts";
import { askedOf } from "../fleet/server-computes.ts";
import { sizeTraining, type TrainingAnswer } from "./size-training.ts";

/** A workload as it is asked about. */
export type Work = z.infer<typeof adviceQuestionSchema>["work"];

/** What a workload needs of one sort of GPU. */
export interface SizedWork {
  readonly model: string;
  readonly gpus: number;
  /** How it lies on them, in words. */
  readonly layout: string;
  readonly bottleneck: string;
  /** Tokens that it is priced by: written in a month at the peak, or trained on. */
  readonly tokens: number;
  /** Of a run; undefined for what goes on. */
  readonly gpuHours?: number;
  readonly days?: number;
  /** Memory of one GPU that is filled, over what it has. */
  readonly memoryUse: number;
  readonly fitProbability: number;
  /** What stands in for an accelerator or a model that the catalog does not have. */
  readonly fallbacks: readonly Fallback[];
  /** What in the work speaks against it on this GPU, though it can be done. */
  readonly cautions: readonly string[];
  readonly errors: readonly QuantityError[];
  readonly assumptions: readonly string[];
}

const secondsPerMonth = 730 * 3600;
const secondsPerDay = 86_400;
/** Where the search for a number of GPUs begins: what tuned runs use of the peak. */
const usualUtilisation = 0.4;
/** Doublings that are tried for one run, and whole servers between two of them. */
const triesMax = 5;
const finerTriesMax = 6;
const gpusMax = 65_536;

/**
 * How many GPUs of this server a workload needs.
 *
 * @throws {Fault} `planning.layout-impossible` when it cannot be done on them, and what sizing throws.
 */
export function sizeWork(work: Work, server: ServerOffer): SizedWork {
  return work.kind === "serving" ? sizeServing(work, server) : sizeRun(work, server);
}

function sizeServing({ kind: _kind, ...work }: Extract<Work, { kind: "serving" }>, server: ServerOffer): SizedWork {
  const answer = sizeInferenceOnce({ ...work, accelerator: server.gpu });
  const { memory, replicas, closedLoop } = answer;
  if (replicas === undefined) throw new RangeError("a peak was asked for and no replicas were counted");
  return {
    model: answer.model,
    gpus: replicas.gpus,
    layout: `${writeCount(replicas.replicas, "replica")} of ${answer.words}`,
    bottleneck: closedLoop.bottleneck,
    tokens: work.peakPerSecond * work.outputTokens * secondsPerMonth,
    memoryUse: Math.min(1, (memory.weights + memory.perRequest) / memory.usable),
    fitProbability: memory.fitProbability,
    fallbacks: answer.fallbacks,
    cautions: answer.cautions,
    errors: answer.errors,
    assumptions: answer.assumptions,
  };
}

/** The fewest GPUs, in whole servers, that end the run in time. */
function sizeRun({ kind: _kind, days, ...work }: Extract<Work, { kind: "training" }>, server: ServerOffer): SizedWork {
  const runOn = (gpus: number): TrainingAnswer => sizeTraining({ ...work, accelerator: server.gpu, gpus });
  const choices = doublingServers(server.gpusPerServer, gpusMax);
  const likely = likelyGpus(work, askedOf(server), days);
  const { gpusPerServer } = server;
  const { best, tried } = fewestGpus({ choices, likely, triesMax, gpusPerServer, finerTriesMax }, (gpus) => {
    const answer = tryRun(() => runOn(gpus));
    return { answer, timeShare: (answer?.days?.likely ?? Number.POSITIVE_INFINITY) / days };
  });
  if (best === undefined) {
    const message = `no number of ${server.gpu} up to ${tried.at(-1)?.gpus ?? gpusMax} that was tried ends the run in ${days} days`;
    throw new Fault("planning.layout-impossible", message);
  }
  return describeRun(best.answer, work.tokens);
}

/** Numbers of GPUs of one, two, four, ... servers. */
export function doublingServers(gpusPerServer: number, most: number): readonly number[] {
  const choices: number[] = [];
  for (let gpus = gpusPerServer; gpus <= most; gpus *= 2) choices.push(gpus);
  return choices;
}

/** GPUs on which a run would end in time at the share of the peak that tuned runs use. */
export function likelyGpus(
  work: Parameters<typeof askedModel>[0] & {
    readonly precision: Precision;
    readonly sequenceTokens: number;
    readonly tokens: number;
  },
  on: AskedAccelerator,
  days: number,
): number {
  const flops = trainingFlopsPerToken(askedModel(work).value, work.sequenceTokens) * work.tokens;
  const rate = peakFlopsOf(askedAccelerator(on).value, work.precision) * usualUtilisation;
  return Math.max(1, flops / rate / (days * secondsPerDay));
}

/** The answer of a run; undefined where no layout of its GPUs can run. */
function tryRun(run: () => TrainingAnswer): TrainingAnswer | undefined {
  try {
    return run();
  } catch (error) {
    // A fault that names a field, such as a number format that the GPU lacks, is one of every number of GPUs.
    const isOfLayout = error instanceof Fault && error.details["path"] === undefined;
    if (isOfLayout && error.code === "planning.layout-impossible") return undefined;
    throw error;
  }
}

function describeRun(answer: TrainingAnswer, tokens: number): SizedWork {
  const { layout, memory, step } = answer;
  const degrees = `tensor ${layout.tensor}, pipeline ${layout.pipeline}, data ${layout.data}`;
  return {
    model: answer.model,
    gpus: answer.gpus,
    layout: degrees,
    bottleneck: step.bottleneck,
    tokens,
    ...(answer.gpuHours === undefined ? {} : { gpuHours: answer.gpuHours }),
    ...(answer.days === undefined ? {} : { days: answer.days.likely }),
    memoryUse: memory.peakGib / memory.usableGib,
    fitProbability: memory.fitProbability,
    fallbacks: answer.fallbacks,
    cautions: answer.cautions,
    errors: answer.errors,
    assumptions: answer.assumptions,
  };
}
