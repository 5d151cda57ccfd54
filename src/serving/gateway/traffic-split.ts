import type { Route, RouteVersion } from "./routing-table.ts";

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
export function versionOfBucket(route: Route, bucket: number): RouteVersion | undefined {
  let end = 0;
  for (const version of route.versions) {
    end += version.percent * (bucketCount / 100);
    if (bucket < end) return version;
  }
  return route.versions.findLast((version) => version.percent > 0);
}

/** The version with this number or id, when the caller names one. */
export function versionNamed(route: Route, name: string): RouteVersion | undefined {
  return route.versions.find((version) => version.version === name || version.versionId === name);
}
