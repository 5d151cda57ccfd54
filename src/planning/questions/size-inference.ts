import type { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { seededRandom } from "../../base/random.ts";
import { type AskedParts, askedParts } from "./asked-parts.ts";
import { askedNodeGpus, isRackScale } from "./asked-network.ts";
import { assumedFields } from "../assumptions/assumed-fields.ts";
import { isWeightOnly } from "../catalog/accelerator.ts";
import type { Fallback } from "../catalog/fallback.ts";
import { approximationCaution } from "../catalog/approximated-shape.ts";
import { contextCaution } from "../catalog/model-context.ts";
import { domainGbPerSecond, usualInterconnect } from "../catalog/find-interconnect.ts";
import { measuredError, notMeasured, type QuantityError } from "../accuracy/error-statement.ts";
import { bestSplit, type SplitOption } from "../inference/best-split.ts";
import { type SplitForLoad, splitForLoad } from "../inference/split-for-load.ts";
import {
  compareReplicas,
  type Ends,
  type ReplicaAsk,
  type ReplicaComparison,
  type ReplicaOption,
  replicasAtEnds,
} from "../inference/compare-replicas.ts";
import type { Estimate, ServingPrediction } from "../inference/predict-serving.ts";
import { type HourlyReplicas, replicasByHour } from "../inference/replicas-by-hour.ts";
import { replicaDomainsMax, replicaLayouts, wideReplicaLayouts } from "../inference/replica-layouts.ts";
import type { ServingJob, ServingLayout } from "../inference/serving-job.ts";
import type { SitePace } from "../inference/simulate-serving.ts";
import { whyLater } from "../inference/why-later.ts";
import { kernelSetOf } from "../kernels/kernel-set.ts";
import { tellDoubts } from "../accuracy/memory-doubt.ts";
import { formatFallbacks } from "./number-format.ts";
import { unreadableQuestion } from "../problems/question-fault.ts";
import { inferenceQuestionSchema } from "./model.ts";
import { writeChance } from "../report/write-figure.ts";
import { sayToldFormat, toldFormat, withToldFormat } from "./told-format.ts";
import { atLeastAsWide, type StandIns, type Widening, widen, wideningOf } from "../accuracy/widening.ts";

type Question = z.infer<typeof inferenceQuestionSchema>;

/** The answer: the best ways to run a replica, each in a closed loop, saturated, and simulated under its share of the peak. */
export interface InferenceAnswer extends ReplicaOption {
  readonly model: string;
  readonly accelerator: string;
  readonly engine: string;
  readonly tensor: number;
  readonly goal: { readonly ttftSeconds: number; readonly tpotSeconds: number; readonly goodShare: number };
  readonly concurrency: number;
  /** What was asked about, with what stands in for what was left out. */
  readonly asked: Pick<Question, "precision" | "inputTokens" | "outputTokens" | "cachedShare" | "tokensPerStep"> & {
    readonly peakPerSecond?: number;
  };
  /** The best layouts, the chosen one first. */
  readonly options: readonly ReplicaOption[];
  readonly lost: ReplicaComparison["lost"];
  /** Prefill and decode on workers of their own: the best of such ways with the same replicas, where one keeps the goals. */
  readonly split?: SplitOption & { readonly error: QuantityError };
  /** The same for the peak, where one was asked for: as many workers of either kind as it takes, simulated under the load. */
  readonly splitAtPeak?: SplitForLoad;
  /** Replicas through a day or a week, where its load was given. */
  readonly hours?: HourlyReplicas;
  /** What stands in for an accelerator or a model that the catalog does not have. */
  readonly fallbacks: readonly Fallback[];
  /** What in the question speaks against it, though it can be answered. */
  readonly cautions: readonly string[];
  /** How wrong such estimates were on measured servings. */
  readonly errors: readonly QuantityError[];
  readonly assumptions: readonly string[];
}

const optionsShown = 5;
/** The same question has the same answer. */
const splitSeed = 20_262;

/** All of a job but its layout. */
type Unspread = AskedParts & Omit<ServingJob, "layout">;

function unspreadJob(question: Question): Unspread {
  const parts = askedParts(question);
  const { accelerator } = parts;
  // Fast links join a node's accelerators, or the racks of those that are sold by the rack.
  const isRack = isRackScale(accelerator);
  const domainGpus = isRack ? accelerator.scaleUpGpus : askedNodeGpus(question.gpusPerNode, accelerator);
  const node = usualInterconnect(accelerator);
  return {
    ...parts,
    domainGpus,
    domainBytesPerSecond: (isRack ? domainGbPerSecond(node, domainGpus) : node.nodeGbPerSecond) * 1e9,
    precision: question.precision,
    kvPrecision: question.kvPrecision ?? usualCacheFormat(question.precision),
    engine: question.engine,
    tokensPerStep: question.tokensPerStep,
    draftShare: question.draftShare,
  };
}

/** Caches are kept in 16 bits beside weights of 16 bits, and beside those that are narrow alone. */
function usualCacheFormat(precision: Question["precision"]): "bf16" | "fp8" {
  return precision === "bf16" || isWeightOnly(precision) ? "bf16" : "fp8";
}

/** Whether the question leaves it open how a replica is spread. */
const isOpen = ({ tensor, attentionData, expert }: Question): boolean =>
  tensor === undefined && attentionData === 1 && expert === 1;

/** Ways to run a replica within one fast domain; where none holds the model, over as few domains as do. */
function compareAll(
  question: Question,
  job: Unspread,
  ask: ReplicaAsk,
): ReplicaComparison & { readonly domains: number } {
  const jobOf = (layout: ServingLayout): ServingJob => ({ ...job, layout });
  const within = compareReplicas(jobOf, layoutsOf(question, job), ask);
  if (within.options.length > 0 || !isOpen(question) || within.lost.some(({ isMemory }) => !isMemory)) {
    return { ...within, domains: 1 };
  }
  for (let domains = 2; domains <= replicaDomainsMax; domains *= 2) {
    const wide = compareReplicas(jobOf, wideReplicaLayouts(job.model, job.domainGpus, domains), ask);
    const lost = [...within.lost, ...wide.lost];
    if (wide.options.length > 0 || wide.lost.some(({ isMemory }) => !isMemory)) return { ...wide, lost, domains };
  }
  return { ...within, domains: 1 };
}

/** The one layout that was given, or all that are worth a look. */
function layoutsOf(question: Question, job: Unspread): readonly ServingLayout[] {
  const { tensor, attentionData, expert } = question;
  const experts = job.model.experts?.count ?? 1;
  if (expert > experts) {
    const found = `${job.model.name} has ${experts === 1 ? "no" : experts} experts to spread, found expert ${expert}`;
    throw new Fault("planning.layout-impossible", `expert: ${found}; spread at most so many`, {
      details: { path: "expert" },
    });
  }
  if (isOpen(question)) return replicaLayouts(job.model, job.domainGpus);
  return [{ tensor: tensor ?? 1, attentionData, expert, pipeline: 1 }];
}

/** What this site measured of such times: factors on the predicted ones, and how far times still lie from them (80 %). */
export interface SiteTimes {
  readonly pace: SitePace;
  readonly ends: Ends;
}

/**
 * Answers one question about serving a model.
 *
 * @param value the question as parsed from YAML or JSON, checked here.
 * @param site what this site measured of such times: carried through the simulations of the peak.
 * @throws {Fault} `planning.request-invalid`, or one of the catalog's and the layout's faults.
 */
export function sizeInference(value: unknown, site?: SiteTimes): InferenceAnswer {
  return sizeServing(value, site, rangeOf);
}

/**
 * The same best way without the range of its replicas, which takes two more searches, and without the ways that could not be
 * better: for who compares many.
 */
export function sizeInferenceOnce(value: unknown): InferenceAnswer {
  return sizeServing(value, undefined, undefined);
}

function sizeServing(
  value: unknown,
  site: SiteTimes | undefined,
  rangeWith: typeof rangeOf | undefined,
): InferenceAnswer {
  const question = parseQuestion(value);
  const { ttftSeconds, tpotSeconds, goodShare, concurrency } = question;
  const job = unspreadJob(question);
  const ask = { ...askOf(question, site), isBestOnly: rangeWith === undefined };
  const { options, lost, domains } = compareAll(question, job, ask);
  const stored = formatFallbacks(job.accelerator, job.precision);
  const errors = errorsOf(job);
  const standIns = { kernels: stored, fallbacks: job.standIns };
  const widened = options.slice(0, optionsShown).map((option) => widenOption(option, standIns, errors));
  const [first, ...others] = widened;
  if (first === undefined) throw nothingServes(job, lost);
  const best = rangeWith?.(first, job, ask, site) ?? first;
  const shown = [best, ...others];
  return {
    ...best,
    model: job.model.name,
    accelerator: job.accelerator.name,
    engine: job.engine,
    tensor: best.layout.tensor,
    goal: { ttftSeconds, tpotSeconds, goodShare },
    concurrency,
    asked: askedOf(question),
    ...hoursOf(question, best),
    ...(rangeWith === undefined ? {} : { ...splitOf(job, best, ask), ...splitAtPeakOf(job, best, ask) }),
    options: shown,
    lost: [...whyLater(options, ask.goal), ...lost],
    fallbacks: job.standIns,
    cautions: [...cautionsOf(question, job), ...fitCautions(best), ...wideCautions(domains, best)],
    errors,
    assumptions: [
      ...job.standIns.map(({ words }) => words),
      ...assumptionsOf(question, job, best, value),
      ...stored,
      ...best.closedLoop.assumptions,
    ],
  };
}

function askedOf(question: Question): InferenceAnswer["asked"] {
  const { precision, inputTokens, outputTokens, cachedShare, tokensPerStep, peakPerSecond } = question;
  const asked = { precision, inputTokens, outputTokens, cachedShare, tokensPerStep };
  return peakPerSecond === undefined ? asked : { ...asked, peakPerSecond };
}

function cautionsOf(question: Question, job: Unspread): readonly string[] {
  const { precision, inputTokens, outputTokens, tokensPerStep, draftShare } = question;
  const step = 1 + draftShare;
  const dear = `the draft makes decoding slower: a step takes ${step} times as long and yields ${tokensPerStep} tokens`;
  const told = toldFormat(question);
  return [
    told === undefined || told.format === precision
      ? undefined
      : `${told.by} says ${told.format}, and weights in ${precision} are planned: give precision ${told.format} for what the checkpoint holds`,
    approximationCaution(job.model),
    contextCaution(job.model, inputTokens + outputTokens),
    draftShare > 0 && step >= tokensPerStep ? dear : undefined,
  ].filter((each) => each !== undefined);
}

/** Below this chance of fitting who plans with a replica is told so first. */
const sureFit = 0.9;

function fitCautions({ memory }: ReplicaOption): readonly string[] {
  if (memory.fitProbability >= sureFit) return [];
  const chance = writeChance(memory.fitProbability);
  return [`the model may not fit (chance ${chance}): measure it first, or take more accelerators or fewer bits`];
}

function wideCautions(domains: number, { words }: ReplicaOption): readonly string[] {
  if (domains === 1) return [];
  return [
    `no ${domains === 2 ? "node" : `${domains / 2} nodes`} can hold a replica: it is spread over ${domains} (${words}), and no measured row of a replica lies on several`,
  ];
}

function parseQuestion(value: unknown): Question {
  const parsed = inferenceQuestionSchema.safeParse(withToldFormat(value));
  if (!parsed.success) throw unreadableQuestion(inferenceQuestionSchema, parsed.error, value);
  if (parsed.data.hourShares === undefined || parsed.data.peakPerSecond !== undefined) return parsed.data;
  throw new Fault("planning.request-invalid", "hourShares: shares of a peak need the peak; give peakPerSecond", {
    details: { path: "hourShares" },
  });
}

function askOf(question: Question, site: SiteTimes | undefined): ReplicaAsk {
  const { inputTokens, outputTokens, cachedShare, load, ttftSeconds, tpotSeconds, peakPerSecond } = question;
  return {
    shape: { inputTokens, outputTokens, cachedShare, load },
    goal: { ttftSeconds, tpotSeconds },
    goodShare: question.goodShare,
    concurrency: question.concurrency,
    pace: site?.pace,
    ...(peakPerSecond === undefined ? {} : { peakPerSecond }),
  };
}

/** The best way with the replicas that it needs where its times are at the ends of their intervals. */
function rangeOf(best: ReplicaOption, job: Unspread, ask: ReplicaAsk, site: SiteTimes | undefined): ReplicaOption {
  if (best.replicas === undefined || ask.peakPerSecond === undefined) return best;
  const { ttftSeconds: first, tpotSeconds: token } = best.closedLoop;
  const predicted = {
    low: { first: first.low / first.likely, token: token.low / token.likely },
    high: { first: first.high / first.likely, token: token.high / token.likely },
  };
  const ends = site?.ends ?? predicted;
  const range = replicasAtEnds({ ...job, layout: best.layout }, ask, ask.peakPerSecond, ends);
  return { ...best, replicas: { ...best.replicas, range } };
}

/** Split serving was measured with other models on each accelerator; its error is larger, and stated beside it. */
function splitOf(job: Unspread, { layout }: ReplicaOption, ask: ReplicaAsk): Pick<InferenceAnswer, "split"> {
  const split = bestSplit({ ...job, layout }, ask.shape, ask.concurrency, ask.goal);
  if (split === undefined) return {};
  const ways = job.standIns.map((each) => each.of);
  const table = "inference_silicon (disaggregated)";
  const error = measuredError("time of a token of split serving", table, "TPOT", timesWideningOf(job), ways);
  return { split: { ...split, error } };
}

function splitAtPeakOf(
  job: Unspread,
  { layout }: ReplicaOption,
  { peakPerSecond, ...ask }: ReplicaAsk,
): Pick<InferenceAnswer, "splitAtPeak"> {
  if (peakPerSecond === undefined) return {};
  const splitAtPeak = splitForLoad({ ...job, layout }, { ...ask, peakPerSecond }, () => seededRandom(splitSeed));
  return splitAtPeak === undefined ? {} : { splitAtPeak };
}

function hoursOf({ hourShares, peakPerSecond }: Question, best: ReplicaOption): Pick<InferenceAnswer, "hours"> {
  if (hourShares === undefined || peakPerSecond === undefined || best.replicas === undefined) return {};
  const { goodputPerReplica } = best.replicas;
  return { hours: replicasByHour(hourShares, peakPerSecond, goodputPerReplica, best.gpusPerReplica) };
}

/** What the answer assumed of the question, in words. */
function assumptionsOf(question: Question, job: Unspread, best: ReplicaOption, value: unknown): readonly string[] {
  const { tensor, attentionData, expert } = best.layout;
  const gpusPerNode = askedNodeGpus(question.gpusPerNode, job.accelerator);
  const asked = { ...question, gpusPerNode, tensor, attentionData, expert, kvPrecision: job.kvPrecision };
  return sayToldFormat(assumedFields(asked, value), question);
}

/** What stated errors apply to, in the order of `errorsOf`. */
type Stated = "tpot" | "ttft" | "saturated";
const statedOrder: readonly Stated[] = ["tpot", "ttft", "saturated"];

/** Intervals wider by what stands in; with a fallback at least as wide as the errors that are stated. */
function widenOption(option: ReplicaOption, standIns: StandIns, errors: readonly QuantityError[]): ReplicaOption {
  const own = wideningOf(standIns);
  if (own.factor === 1 && own.guessed === 0) return option;
  const hasFallback = (standIns.fallbacks ?? []).length > 0;
  const wider = (estimate: Estimate, of: Stated): Estimate => {
    const widened = widen(estimate, estimate.likely, own);
    const percent = hasFallback ? (errors[statedOrder.indexOf(of)]?.percent ?? null) : null;
    return atLeastAsWide(widened, estimate.likely, percent);
  };
  const { closedLoop, saturated } = option;
  const loop: ServingPrediction = {
    ...closedLoop,
    ttftSeconds: wider(closedLoop.ttftSeconds, "ttft"),
    tpotSeconds: wider(closedLoop.tpotSeconds, "tpot"),
    outputTokensPerSecond: wider(closedLoop.outputTokensPerSecond, "tpot"),
  };
  const frontier = option.frontier.map((point) => ({
    ...point,
    ttftSeconds: wider(point.ttftSeconds, "ttft"),
    tpotSeconds: wider(point.tpotSeconds, "tpot"),
  }));
  const yielded = { ...saturated, outputTokensPerSecond: wider(saturated.outputTokensPerSecond, "saturated") };
  return { ...option, closedLoop: loop, frontier, saturated: yielded };
}

/** How much wider times are than those of measured rows. */
function timesWideningOf(job: Unspread): Widening {
  const { fallbacks } = kernelSetOf(job.accelerator, job.precision, job.kvPrecision);
  return wideningOf({
    kernels: [...fallbacks, ...formatFallbacks(job.accelerator, job.precision)],
    fallbacks: job.standIns,
  });
}

/** Errors of the figures of an answer, widened where kernels are another's. */
function errorsOf(job: Unspread): readonly QuantityError[] {
  const widening = timesWideningOf(job);
  const ways = job.standIns.map((each) => each.of);
  const tooLarge = "it gives each of 2,477 measured replicas at least an even chance";
  const table = `inference_silicon (${job.model.experts === undefined ? "dense" : "experts"})`;
  return [
    measuredError("time of a token after the first (closed loop)", table, "TPOT", widening, ways),
    measuredError("time to the first token (closed loop)", table, "TTFT", widening, ways),
    measuredError("saturated output tokens a second", "inference_trtllm (saturated)", "output tokens/s", widening),
    notMeasured("replicas for the peak, and times at the peak", "simulated from the times above"),
    notMeasured("memory and chance of fitting", tellDoubts(tooLarge, job.memoryDoubt)),
  ];
}

/** Reasons that a refusal tells, layout by layout. */
const reasonsTold = 8;

function nothingServes(job: Unspread, lost: ReplicaComparison["lost"]): Fault {
  const reasons = lost.slice(-reasonsTold).map(({ layout, why }) => `  ${layout}: ${why}`);
  const isMemory = lost.every((each) => each.isMemory);
  const nearest = lost.findLast((each) => isMemory || each.isMemory !== true);
  const advice = isMemory
    ? "take accelerators with more memory, fewer bits (fp8) or shorter requests"
    : "widen the goals, or take a faster accelerator, fewer bits or shorter requests";
  return new Fault(
    "planning.layout-impossible",
    `no replica of ${job.model.name} in ${job.precision} on ${job.accelerator.name} can do it:\n${reasons.join("\n")}\n${advice}`,
    { details: { lost, why: nearest === undefined ? advice : `${nearest.layout}: ${nearest.why}` } },
  );
}
