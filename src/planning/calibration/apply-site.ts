import type { QuantityError } from "../error-statement.ts";
import type { TrainingAnswer } from "../size-training.ts";
import { asMeasured } from "../widening.ts";
import { calibrateSite, correctPrediction, type ShippedConstants } from "./calibrate-site.ts";
import type { MeasuredPrediction, SiteCalibration } from "./model.ts";

/** The group in which durations that the planner predicted for a training run are compared and corrected. */
export function trainingGroup(accelerator: string, stack: string): string {
  return `${accelerator} ${stack}`;
}

/** Half width of an 80 % interval in standard deviations, both sides. */
const eightyPercentWidth = 2 * 1.2816;

/**
 * Corrects the time of a whole run by how long runs that were predicted so took on this site, and states the site's own
 * error. Without any measured run the answer stays as it is.
 */
export function applySite(answer: TrainingAnswer, group: string, rows: readonly MeasuredPrediction[]): TrainingAnswer {
  const { days, step } = answer;
  if (rows.length === 0 || days === undefined) return answer;
  const shipped: ShippedConstants = { factor: 1, spread: Math.log(step.high / step.low) / eightyPercentWidth };
  const site = calibrateSite("training-duration", group, rows, {}, shipped);
  const corrected = correctPrediction(days.likely, site);
  const note = `days and GPU-hours are ${site.factor.toFixed(2)} times the shipped prediction, as ${site.n} runs on this site took`;
  return {
    ...answer,
    days: corrected,
    gpuHours: corrected.likely * 24 * answer.gpus,
    errors: [siteError(site), ...answer.errors],
    assumptions: [...answer.assumptions, note],
  };
}

function siteError(site: SiteCalibration): QuantityError {
  return {
    quantity: "days and GPU-hours of the run",
    measured: {
      table: "this site",
      metric: "training duration",
      n: site.n,
      mape: site.mape ?? 0,
      median: site.median ?? 0,
      p80: site.p80 ?? 0,
      bias: site.bias ?? 0,
      coverage80: site.coverage80 ?? 0,
      basis: "each prediction corrected by the runs before it",
    },
    percent: site.p80,
    widening: asMeasured,
    words: site.words,
  };
}
