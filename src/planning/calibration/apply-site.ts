import { notMeasured, type QuantityError } from "../error-statement.ts";
import type { Estimate, ServingPrediction } from "../inference/predict-serving.ts";
import type { InferenceAnswer } from "../size-inference.ts";
import type { TrainingAnswer, TrainingOption } from "../size-training.ts";
import type { StepPart } from "../training/step-time.ts";
import { calibrateSite, correctPrediction, type ShippedConstants } from "./calibrate-site.ts";
import type { PredictionKind, SiteCalibration, SiteRows } from "./model.ts";
import { stateSiteError } from "./site-error.ts";

/** Half width of an 80 % interval in standard deviations, both sides. */
const eightyPercentWidth = 2 * 1.2816;

/** The site's constants of one kind, shrunk toward the answer's own interval; undefined where it measured none. */
function siteOf(
  site: readonly SiteRows[],
  kind: PredictionKind,
  { low, high }: { readonly low: number; readonly high: number },
): SiteCalibration | undefined {
  const found = site.find((each) => each.kind === kind && each.rows.length > 0);
  if (found === undefined) return undefined;
  const shipped: ShippedConstants = { factor: 1, spread: Math.log(high / low) / eightyPercentWidth };
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

/**
 * Corrects the closed loop of a served model by the first token and token times that this site's gateway measured, and states
 * its own errors. Replicas for the peak are simulated from the shipped times and stay as they are, which is noted.
 */
export function applyServingSite(answer: InferenceAnswer, site: readonly SiteRows[]): InferenceAnswer {
  const first = siteOf(site, "ttft", answer.closedLoop.ttftSeconds);
  const token = siteOf(site, "tpot", answer.closedLoop.tpotSeconds);
  if (first === undefined && token === undefined) return answer;
  const correct = (estimate: Estimate, by: SiteCalibration | undefined): Estimate =>
    by === undefined ? estimate : correctPrediction(estimate.likely, by);
  const options = answer.options.map((option) => {
    const closedLoop: ServingPrediction = {
      ...option.closedLoop,
      ttftSeconds: correct(option.closedLoop.ttftSeconds, first),
      tpotSeconds: correct(option.closedLoop.tpotSeconds, token),
    };
    const frontier = option.frontier.map((point) => ({
      ...point,
      ttftSeconds: correct(point.ttftSeconds, first),
      tpotSeconds: correct(point.tpotSeconds, token),
    }));
    return { ...option, closedLoop, frontier };
  });
  const [best] = options;
  return {
    ...answer,
    ...(best === undefined ? {} : { closedLoop: best.closedLoop, frontier: best.frontier }),
    options,
    errors: restate(restate(answer.errors, "time of a token after the first", token), "time to the first token", first),
    assumptions: [
      ...answer.assumptions,
      ...noteOf(first, "the time to the first token (closed loop)"),
      ...noteOf(token, "the time of a token after it (closed loop)"),
      "replicas for the peak and throughput are by the shipped times: the site corrects the closed loop only",
    ],
  };
}
