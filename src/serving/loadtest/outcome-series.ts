import type { Millis } from "../../base/clock.ts";
import type { LoadTestReport, LoadTestShape } from "./model.ts";
import { nearestRank } from "./nearest-rank.ts";
import { keepsLoadTestSlo, type RequestOutcome } from "./request-outcome.ts";

/** About so many places has a picture of a whole test. */
const bucketsWanted = 120;
const leastBucketMs = 250;

interface Bucket {
  due: number;
  ended: number;
  failed: number;
  good: number;
  outputTokens: number;
  readonly ttftMs: number[];
}

/** What was asked and answered over the time of a test. */
export function seriesOf(
  outcomes: readonly RequestOutcome[],
  { slo, durationMs }: Pick<LoadTestShape, "slo" | "durationMs">,
  elapsedMs: Millis,
): LoadTestReport["series"] {
  const spanMs = Math.max(durationMs, elapsedMs);
  const bucketMs = Math.max(leastBucketMs, Math.ceil(spanMs / bucketsWanted / leastBucketMs) * leastBucketMs);
  const count = Math.max(1, Math.ceil(spanMs / bucketMs));
  const buckets = Array.from({ length: count }, (): Bucket => newBucket());
  const at = (moment: Millis): Bucket => buckets[Math.min(count - 1, Math.floor(moment / bucketMs))] ?? newBucket();
  for (const outcome of outcomes) {
    const due = at(outcome.dueAt);
    const end = at(outcome.endAt);
    due.due += 1;
    end.ended += 1;
    end.outputTokens += outcome.outputTokens;
    if (outcome.kind === "failed") end.failed += 1;
    else if (outcome.firstAt !== null) due.ttftMs.push(outcome.firstAt - outcome.dueAt);
    if (slo !== null && keepsLoadTestSlo(outcome, slo)) due.good += 1;
  }
  return { bucketMs, buckets: buckets.map(summed) };
}

function newBucket(): Bucket {
  return { due: 0, ended: 0, failed: 0, good: 0, outputTokens: 0, ttftMs: [] };
}

function summed({ ttftMs, ...counts }: Bucket): LoadTestReport["series"]["buckets"][number] {
  const sorted = ttftMs.toSorted((left, right) => left - right);
  const quantile = (share: number): number | null => (sorted.length === 0 ? null : nearestRank(sorted, share));
  return { ...counts, ttftP50Ms: quantile(0.5), ttftP95Ms: quantile(0.95) };
}
