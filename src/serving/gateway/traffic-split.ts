import type { Sticky } from "./route-policy.ts";

/** Who asks, as far as it decides which version answers. */
export interface SplitAsk {
  readonly requestId: string;
  readonly identity: string;
  /** A header's value, by its name in lower case. */
  readonly header: (name: string) => string | undefined;
}

/**
 * The caller that stays with one version; null where each request is drawn by itself, as it is when the header is missing.
 */
export function stickyCaller(sticky: Sticky | null, ask: SplitAsk): string | null {
  if (sticky === null) return null;
  if (sticky.by === "identity") return ask.identity;
  return sticky.header === undefined ? null : (ask.header(sticky.header) ?? null);
}

/** What the split must know of a route. */
interface Split<Version> {
  /** The candidate first. */
  readonly versions: readonly Version[];
}

/** Requests fall into this many buckets; a percent is a hundred of them. */
export const bucketCount = 10_000;

/**
 * The bucket of a request id, 0 to 9,999; the same id and salt give the same bucket.
 *
 * FNV-1a over UTF-16 code units, then the finaliser of MurmurHash3 (A. Appleby), which spreads short ids evenly.
 */
export function bucketOf(salt: string, id: string): number {
  let hash = 0x811c9dc5;
  const text = `${salt}/${id}`;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % bucketCount;
}

/**
 * The version that serves a bucket: versions share the buckets in their order, by their percents.
 *
 * @returns undefined when no version with replicas takes the bucket.
 */
export function versionOfBucket<Version extends { readonly percent: number }>(
  route: Split<Version>,
  bucket: number,
): Version | undefined {
  let end = 0;
  for (const version of route.versions) {
    end += version.percent * (bucketCount / 100);
    if (bucket < end) return version;
  }
  return route.versions.findLast((version) => version.percent > 0);
}

/** The version with this number or id, when the caller names one. */
export function versionNamed<Version extends { readonly version: string; readonly versionId: string }>(
  route: Split<Version>,
  name: string,
): Version | undefined {
  return route.versions.find((version) => version.version === name || version.versionId === name);
}
