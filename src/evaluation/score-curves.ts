import type { PreparedScores } from "./prepare-scores.ts";

/** One bin of the reliability diagram. */
export interface ReliabilityBin {
  readonly low: number;
  readonly high: number;
  readonly rows: number;
  readonly predicted: number;
  readonly observed: number;
}

/** A point of the ROC curve. */
export interface RocPoint {
  readonly falsePositiveRate: number;
  readonly truePositiveRate: number;
}

/** A histogram: bin i spans [edges[i], edges[i + 1]); shapes [bins + 1] and [bins]. */
export interface Histogram {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** Bins of equal width over [0, 1] in the histogram of scores. */
const histogramBins = 50;

/** Mean predicted and observed rate in equal-count bins, by ascending score. */
export function reliabilityBins(prepared: PreparedScores): readonly ReliabilityBin[] {
  const { scores, labels, binEnds } = prepared;
  let start = 0;
  return [...binEnds].map((end) => {
    let predicted = 0;
    let observed = 0;
    for (let place = start; place < end; place += 1) {
      predicted += scores[place] ?? 0;
      observed += labels[place] ?? 0;
    }
    const rows = end - start;
    const bin = {
      low: scores[start] ?? 0,
      high: scores[end - 1] ?? 0,
      rows,
      predicted: predicted / rows,
      observed: observed / rows,
    };
    start = end;
    return bin;
  });
}

/**
 * The ROC curve from (0, 0) to (1, 1), thinned to about `points` points.
 *
 * Equal scores make one slanted step, so that the area under the points is the AUC: Fawcett, "An introduction to ROC
 * analysis", Pattern Recognition Letters 27 (2006), algorithm 1.
 */
export function rocPoints(prepared: PreparedScores, points: number): readonly RocPoint[] {
  const { labels, isTieEnd } = prepared;
  const rows = labels.length;
  let positivesAll = 0;
  for (const label of labels) positivesAll += label;
  const negativesAll = rows - positivesAll;
  const curve: RocPoint[] = [{ falsePositiveRate: 1, truePositiveRate: 1 }];
  let positives = 0;
  let lastKept = 0;
  for (let end = 1; end <= rows; end += 1) {
    positives += labels[end - 1] ?? 0;
    if (isTieEnd[end - 1] === 0 || (end < rows && (end - lastKept) * points < rows)) continue;
    lastKept = end;
    curve.push({
      falsePositiveRate: negativesAll === 0 ? 0 : (negativesAll - (end - positives)) / negativesAll,
      truePositiveRate: positivesAll === 0 ? 0 : (positivesAll - positives) / positivesAll,
    });
  }
  return curve.reverse();
}

/** How often which probability was given, in bins of equal width over [0, 1]. */
export function scoreHistogram(prepared: PreparedScores): Histogram {
  const counts = Array.from({ length: histogramBins }, () => 0);
  for (const score of prepared.scores) {
    const bin = Math.min(histogramBins - 1, Math.floor(score * histogramBins));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { edges: Array.from({ length: histogramBins + 1 }, (_, edge) => edge / histogramBins), counts };
}

/** Scores at evenly spaced ranks: the model's distribution in `count` numbers, ascending. */
export function scoreQuantiles(prepared: PreparedScores, count: number): readonly number[] {
  const { scores } = prepared;
  return Array.from({ length: count }, (_, index) => {
    const place = Math.round((index / Math.max(1, count - 1)) * (scores.length - 1));
    return scores[place] ?? 0;
  });
}
