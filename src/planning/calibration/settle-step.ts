import type { Settlement } from "./model.ts";

/** What a run logged of one metric: its median without warm-up, and over how many points. */
export interface SteadyMetric {
  readonly median: number;
  readonly points: number;
}

/** Names of metrics from which a step's time is read, the first that was logged. */
export const stepMetrics = ["step_time_seconds", "tokens_per_second", "tokens_per_second_per_gpu"] as const;

/** Fewer points say nothing of a run's steady pace. */
const pointsMin = 5;

/**
 * A step's seconds from what a run logged.
 *
 * @param load tokens of one step and GPUs, as they were predicted for.
 */
export function settleStep(
  metrics: Readonly<Partial<Record<(typeof stepMetrics)[number], SteadyMetric>>>,
  load: Readonly<Record<string, number>>,
): Settlement {
  const { step_time_seconds: time, tokens_per_second: rate, tokens_per_second_per_gpu: rateEach } = metrics;
  const metric = time ?? rate ?? rateEach;
  if (metric === undefined) return { kind: "excluded", why: `the run logged none of ${stepMetrics.join(", ")}` };
  if (metric.points < pointsMin) return { kind: "excluded", why: `fewer than ${pointsMin} steps were logged` };
  const { stepTokens = 0, gpus = 1 } = load;
  if (time !== undefined) return { kind: "measured", value: time.median };
  const perSecond = rate?.median ?? (rateEach?.median ?? 0) * gpus;
  return { kind: "measured", value: stepTokens / perSecond };
}
