import { eightyPercent } from "../capacity/normal-distribution.ts";
import { notMeasured, type QuantityError } from "../accuracy/error-statement.ts";
import type { ReplicaOption } from "../inference/compare-replicas.ts";
import type { Estimate, ServingPrediction } from "../inference/predict-serving.ts";
import type { InferenceAnswer, SiteTimes } from "../questions/size-inference.ts";
import type { TrainingAnswer, TrainingOption } from "../questions/size-training.ts";
import type { StepPart } from "../training/step-time.ts";
import { calibrateSite, correctPrediction, type ShippedConstants } from "./calibrate-site.ts";
import type { PredictionKind, SiteCalibration, SiteRows } from "./model.ts";
import { stateSiteError } from "./site-error.ts";

/** The site's constants of one kind, shrunk toward the answer's own interval; undefined where it measured none. */
function siteOf(
  site: readonly SiteRows[],
  kind: PredictionKind,
  { low, high }: { readonly low: number; readonly high: number },
): SiteCalibration | undefined {
  const found = site.find((each) => each.kind === kind && each.rows.length > 0);
  if (found === undefined) return undefined;
  const shipped: ShippedConstants = { factor: 1, spread: Math.log(high / low) / (2 * eightyPercent) };
  return calibrateSite(kind, found.group, found.rows, {}, shipped);
}

/** Replaces the statement of a quantity, found by how it begins, by the site's; adds one where there was none. */
function restate(
  errors: readonly QuantityError[],
  quantity: string,
  site: SiteCalibration | undefined,
): readonly QuantityError[] {
  if (site === undefined) return errors;
  const at = errors.findIndex((error) => error.quantity.startsWith(quantity));
  const before = errors[at];
  if (before === undefined) return [stateSiteError(notMeasured(quantity), site), ...errors];
  return errors.with(at, stateSiteError(before, site));
}

function noteOf(site: SiteCalibration | undefined, what: string): readonly string[] {
  if (site === undefined) return [];
  const { factor, n, group } = site;
  return [
    `${what}: ${factor.toFixed(2)} times the shipped prediction, as ${n} comparisons of ${group} on this site say`,
  ];
}

/**
 * Corrects a training run by what this site measured: the step by logged step times, the run's days by how long runs that were
 * predicted so took (else by the step). States the site's own errors. Without any measurement the answer stays as it is.
 */
export function applyTrainingSite(answer: TrainingAnswer, site: readonly SiteRows[]): TrainingAnswer {
  const steps = siteOf(site, "step-time", answer.step);
  const durations = siteOf(site, "training-duration", answer.step);
  const options = steps === undefined ? answer.options : answer.options.map((option) => correctStep(option, steps));
  const { days, gpus } = answer;
  const byStep = steps === undefined || days === undefined ? days : correctPrediction(days.likely, steps);
  const corrected = durations === undefined || days === undefined ? byStep : correctPrediction(days.likely, durations);
  const [best = answer] = options;
  return {
    ...answer,
    options,
    layout: best.layout,
    step: best.step,
    memory: best.memory,
    ...(corrected === undefined ? {} : { days: corrected, gpuHours: corrected.likely * 24 * gpus }),
    errors: restate(
      restate(answer.errors, "step time", steps),
      "days and GPU-hours of the run",
      days === undefined ? undefined : durations,
    ),
    assumptions: [
      ...answer.assumptions,
      ...noteOf(steps, "the step's time"),
      ...(days === undefined ? [] : noteOf(durations, "days and GPU-hours")),
    ],
  };
}

function correctStep(option: TrainingOption, site: SiteCalibration): TrainingOption {
  const { low, likely, high } = correctPrediction(option.step.seconds, site);
  const ratio = likely / option.step.seconds;
  const parts = Object.fromEntries(
    Object.entries(option.step.parts).map(([name, seconds]) => [name, seconds * ratio]),
  ) as Readonly<Record<StepPart, number>>;
  const step = {
    ...option.step,
    low,
    seconds: likely,
    high,
    parts,
    tokensPerSecondPerGpu: option.step.tokensPerSecondPerGpu / ratio,
    mfu: option.step.mfu / ratio,
    hfu: option.step.hfu / ratio,
  };
  return { ...option, step };
}

/** Factor of a site's times, and how far they still lie from it (80 %); 1 where it measured none. */
function paceOf(
  site: SiteCalibration | undefined,
  estimate: Estimate,
): readonly [pace: number, low: number, high: number] {
  const { low, likely, high } = estimate;
  if (site === undefined) return [1, low / likely, high / likely];
  const corrected = correctPrediction(1, site);
  return [corrected.likely, corrected.low / corrected.likely, corrected.high / corrected.likely];
}

/**
 * Corrects a served model by the first token and token times that this site's gateway measured, and states its own errors. The
 * closed loops, of split serving too, are corrected as they stand; for the peak the site's factors are carried through the simulation: on prefills and
 * hosts what first tokens took, on steps of decoding what tokens took.
 *
 * @param sizeAgain the same question under what the site measured.
 */
export function applyServingSite(
  shipped: InferenceAnswer,
  site: readonly SiteRows[],
  sizeAgain: (times: SiteTimes) => InferenceAnswer,
): InferenceAnswer {
  const first = siteOf(site, "ttft", shipped.closedLoop.ttftSeconds);
  const token = siteOf(site, "tpot", shipped.closedLoop.tpotSeconds);
  if (first === undefined && token === undefined) return shipped;
  const [firstPace, firstLow, firstHigh] = paceOf(first, shipped.closedLoop.ttftSeconds);
  const [tokenPace, tokenLow, tokenHigh] = paceOf(token, shipped.closedLoop.tpotSeconds);
  const answer = sizeAgain({
    pace: { first: firstPace, token: tokenPace },
    ends: { low: { first: firstLow, token: tokenLow }, high: { first: firstHigh, token: tokenHigh } },
  });
  const options = answer.options.map((option) => correctOption(option, first, token));
  const [best] = options;
  const { split, ...rest } = answer;
  return {
    ...rest,
    ...best,
    options,
    ...(split === undefined ? {} : { split: { ...split, closedLoop: correctLoop(split.closedLoop, first, token) } }),
    errors: restatePeak(
      restate(restate(answer.errors, "time of a token after the first", token), "time to the first token", first),
      [first, token],
    ),
    assumptions: [
      ...answer.assumptions,
      ...noteOf(first, "the time to the first token"),
      ...noteOf(token, "the time of a token after it"),
      ...(answer.replicas === undefined ? [] : ["replicas and times at the peak are simulated with these factors"]),
    ],
  };
}

function correctBy(estimate: Estimate, site: SiteCalibration | undefined): Estimate {
  return site === undefined ? estimate : correctPrediction(estimate.likely, site);
}

const slower = ({ low, likely, high }: Estimate, factor: number): Estimate => ({
  low: low / factor,
  likely: likely / factor,
  high: high / factor,
});

function correctLoop(
  loop: ServingPrediction,
  first: SiteCalibration | undefined,
  token: SiteCalibration | undefined,
): ServingPrediction {
  const factor = token?.factor ?? 1;
  return {
    ...loop,
    ttftSeconds: correctBy(loop.ttftSeconds, first),
    tpotSeconds: correctBy(loop.tpotSeconds, token),
    outputTokensPerSecond: slower(loop.outputTokensPerSecond, factor),
    outputTokensPerSecondPerGpu: loop.outputTokensPerSecondPerGpu / factor,
  };
}

function correctOption(
  option: ReplicaOption,
  first: SiteCalibration | undefined,
  token: SiteCalibration | undefined,
): ReplicaOption {
  const { closedLoop, saturated, frontier } = option;
  const factor = token?.factor ?? 1;
  return {
    ...option,
    closedLoop: correctLoop(closedLoop, first, token),
    saturated: { ...saturated, outputTokensPerSecond: slower(saturated.outputTokensPerSecond, factor) },
    frontier: frontier.map((point) => ({
      ...point,
      ttftSeconds: correctBy(point.ttftSeconds, first),
      tpotSeconds: correctBy(point.tpotSeconds, token),
      outputTokensPerSecondPerGpu: point.outputTokensPerSecondPerGpu / factor,
    })),
  };
}

/** What is simulated from the site's times rests on the site's own errors. */
function restatePeak(
  errors: readonly QuantityError[],
  site: readonly (SiteCalibration | undefined)[],
): readonly QuantityError[] {
  const own = site
    .filter((each) => each !== undefined)
    .map(({ kind, words }) => `${kind === "ttft" ? "first token" : "token"} ${words}`);
  const why = `simulated with this site's times (${own.join("; ")})`;
  return errors.map((error) =>
    error.quantity.startsWith("replicas for the peak") ? notMeasured(error.quantity, why) : error,
  );
}
