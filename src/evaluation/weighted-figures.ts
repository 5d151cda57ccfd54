import type { PreparedScores } from "./prepare-scores.ts";

/** The figures of one model on one weighing of the rows. */
export interface Figures {
  /** Probability that a late row scores above a timely one, ties counting half. Higher is better. */
  readonly auc: number;
  /** Mean -ln of the probability of what happened, in nats. Lower is better. */
  readonly "log-loss": number;
  /** Mean squared distance of probability and outcome. Lower is better. */
  readonly brier: number;
  /** Mean distance of predicted and observed rate over equal-count bins. Lower is better. */
  readonly calibration: number;
}

/**
 * Weighs the rows and computes every figure in one pass over the sorted scores.
 *
 * AUC is the Mann-Whitney statistic with half credit for ties: Hanley & McNeil, "The meaning and use of the area under
 * a ROC curve", Radiology 143 (1982). Brier: "Verification of forecasts expressed in terms of probability", Monthly
 * Weather Review 78 (1950). Calibration is the expected calibration error of Naeini, Cooper & Hauskrecht, AAAI 2015,
 * with equal-count bins (Nguyen & O'Connor, EMNLP 2015); it is biased upward when bins hold few rows.
 *
 * @param weights how often each row counts, by row number (not in sorted order); shape [rows].
 * @returns AUC is NaN when one of the labels has no weight, the others when no row has.
 */
export function weightedFigures(prepared: PreparedScores, weights: Uint8Array): Figures {
  const { order, scores, labels, losses, isTieEnd, binEnds } = prepared;
  let area = 0;
  let positives = 0;
  let negatives = 0;
  let loss = 0;
  let squares = 0;
  let distance = 0;
  let tiedPositives = 0;
  let tiedNegatives = 0;
  let place = 0;
  for (const end of binEnds) {
    const positivesBefore = positives;
    let predicted = 0;
    for (; place < end; place += 1) {
      const weight = weights[order[place] ?? 0] ?? 0;
      const score = scores[place] ?? 0;
      const label = labels[place] ?? 0;
      const positive = weight * label;
      tiedPositives += positive;
      tiedNegatives += weight - positive;
      loss += weight * (losses[place] ?? 0);
      squares += weight * (score - label) * (score - label);
      predicted += weight * score;
      if (isTieEnd[place] === 1) {
        area += tiedPositives * (negatives + tiedNegatives / 2);
        positives += tiedPositives;
        negatives += tiedNegatives;
        tiedPositives = 0;
        tiedNegatives = 0;
      }
    }
    distance += Math.abs(predicted - (positives - positivesBefore));
  }
  const total = positives + negatives;
  return {
    auc: area / (positives * negatives),
    "log-loss": loss / total,
    brier: squares / total,
    calibration: distance / total,
  };
}
