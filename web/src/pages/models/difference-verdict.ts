import type { Estimate, MetricDifference } from "../../api/evaluation.ts";
import type { Tone } from "../../words/state-tone.ts";

/** Metrics of which more is better; of the others less is. */
const higherIsBetter: readonly string[] = ["auc"];

/** A difference turned so that more is better, whatever the metric. */
export function gainOf({ metric, difference }: MetricDifference): Estimate {
  if (higherIsBetter.includes(metric)) return difference;
  return { value: -difference.value, low: -difference.high, high: -difference.low };
}

/** `good` or `bad` when the whole interval says so, else `waiting`. */
export function gainTone({ low, high }: Estimate): Tone {
  if (low > 0) return "good";
  return high < 0 ? "bad" : "waiting";
}
