import type { Instant, Millis } from "../../base/clock.ts";
import { latencyBucket } from "../latency-histogram.ts";

/** The span over which requests are summed. */
export const windowMs = 1000;

/** What happened in one second to one version of one deployment; all numbers are sums. */
export interface TrafficWindow {
  readonly project: string;
  readonly deployment: string;
  readonly versionId: string;
  readonly version: string;
  readonly revision: number;
  /** Start of the second, milliseconds since 1970. */
  readonly startsAt: Instant;
  readonly requests: number;
  readonly errors: number;
  /** Sums over requests without error, of the natural logarithm of the latency in milliseconds. */
  readonly logLatencySum: number;
  readonly logLatencySquares: number;
  readonly histogram: Readonly<Record<number, number>>;
}

/** What a sum is kept for. */
type TalliedRoute = Pick<TrafficWindow, "project" | "deployment" | "revision">;
type TalliedVersion = Pick<TrafficWindow, "versionId" | "version">;

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

interface OpenWindow extends Mutable<Omit<TrafficWindow, "histogram">> {
  histogram: Record<number, number>;
}

/** Sums requests by version and second until they are taken. */
export class TrafficTally {
  #open = new Map<string, OpenWindow>();

  /** Counts one request; `latencyMs` null counts it as an error. */
  record(route: TalliedRoute, version: TalliedVersion, now: Instant, latencyMs: Millis | null): void {
    const startsAt = Math.floor(now / windowMs) * windowMs;
    const key = `${route.project}/${route.deployment}/${version.versionId}/${route.revision}/${startsAt}`;
    const window = this.#open.get(key) ?? openWindow(route, version, startsAt);
    this.#open.set(key, window);
    window.requests += 1;
    if (latencyMs === null) {
      window.errors += 1;
      return;
    }
    const logarithm = Math.log(Math.max(latencyMs, 0.001));
    window.logLatencySum += logarithm;
    window.logLatencySquares += logarithm * logarithm;
    const bucket = latencyBucket(latencyMs);
    window.histogram[bucket] = (window.histogram[bucket] ?? 0) + 1;
  }

  /** Takes all that was summed since the last call. */
  take(): readonly TrafficWindow[] {
    const taken = [...this.#open.values()];
    this.#open = new Map();
    return taken;
  }
}

function openWindow(route: TalliedRoute, version: TalliedVersion, startsAt: Instant): OpenWindow {
  return {
    project: route.project,
    deployment: route.deployment,
    versionId: version.versionId,
    version: version.version,
    revision: route.revision,
    startsAt,
    requests: 0,
    errors: 0,
    logLatencySum: 0,
    logLatencySquares: 0,
    histogram: {},
  };
}
