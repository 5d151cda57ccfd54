import type { TrafficPoint } from "../../api/serving.ts";

/** Traffic as columns: one place a span of time, one series a version. */
export interface TrafficSeries {
  readonly at: readonly number[];
  readonly versions: readonly string[];
  /** Requests by version, then by place; null where the version served nothing. */
  readonly requests: readonly (readonly (number | null)[])[];
  /** Share of all requests of the place, 0 to 1. */
  readonly shares: readonly (readonly (number | null)[])[];
  readonly p50Ms: readonly (readonly (number | null)[])[];
  readonly p99Ms: readonly (readonly (number | null)[])[];
}

function versionNumber(version: string): number {
  return Number(version.replaceAll(/\D/g, "")) || 0;
}

/** Versions in the order of their numbers, each once: a version has the colour of its place. */
export function versionOrder(versions: readonly string[]): readonly string[] {
  return [...new Set(versions)].toSorted(
    (left, right) => versionNumber(left) - versionNumber(right) || left.localeCompare(right),
  );
}

/** Lays points out by time and version; versions in the order of their numbers. */
export function trafficSeries(points: readonly TrafficPoint[]): TrafficSeries {
  const at = [...new Set(points.map((point) => point.at))].toSorted((left, right) => left - right);
  const versions = versionOrder(points.map((point) => point.version));
  const byPlace = new Map(points.map((point) => [`${point.version} ${point.at}`, point]));
  const column = (read: (point: TrafficPoint) => number | null): readonly (readonly (number | null)[])[] =>
    versions.map((version) =>
      at.map((place) => {
        const point = byPlace.get(`${version} ${place}`);
        return point === undefined ? null : read(point);
      }),
    );
  const totals = new Map<number, number>();
  for (const point of points) totals.set(point.at, (totals.get(point.at) ?? 0) + point.requests);
  return {
    at,
    versions,
    requests: column((point) => point.requests),
    shares: column((point) => (totals.get(point.at) === 0 ? null : point.requests / (totals.get(point.at) ?? 1))),
    p50Ms: column((point) => point.p50Ms),
    p99Ms: column((point) => point.p99Ms),
  };
}
