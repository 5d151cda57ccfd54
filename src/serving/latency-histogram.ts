/** Latencies below this fall into the first bucket. */
export const leastLatencyMs = 0.05;

/** Buckets for each doubling of the latency: the width of one is 9 %. */
export const bucketsPerDoubling = 8;

/** Buckets of a histogram: 0.05 ms to 52 s. */
export const latencyBucketCount = 160;

/** Counts of latencies in buckets of equal ratio, sparse: bucket index → count. */
export type LatencyHistogram = Readonly<Record<number, number>>;

/** The bucket of a latency in milliseconds. */
export function latencyBucket(latencyMs: number): number {
  const place = Math.floor(Math.log2(Math.max(latencyMs, leastLatencyMs) / leastLatencyMs) * bucketsPerDoubling);
  return Math.min(latencyBucketCount - 1, place);
}

/** The sum of histograms. */
export function mergeHistograms(histograms: readonly LatencyHistogram[]): LatencyHistogram {
  const sum: Record<number, number> = {};
  for (const histogram of histograms) {
    for (const [bucket, count] of Object.entries(histogram)) sum[Number(bucket)] = (sum[Number(bucket)] ?? 0) + count;
  }
  return sum;
}

/**
 * The latency in milliseconds below which a share of the requests stayed, to 9 %; null without requests.
 *
 * @param share such as 0.99.
 */
export function latencyQuantile(histogram: LatencyHistogram, share: number): number | null {
  const buckets = Object.entries(histogram)
    .map(([bucket, count]) => ({ bucket: Number(bucket), count }))
    .sort((left, right) => left.bucket - right.bucket);
  const total = buckets.reduce((sum, each) => sum + each.count, 0);
  let below = 0;
  for (const { bucket, count } of buckets) {
    below += count;
    if (below >= share * total) return leastLatencyMs * 2 ** ((bucket + 0.5) / bucketsPerDoubling);
  }
  return null;
}
