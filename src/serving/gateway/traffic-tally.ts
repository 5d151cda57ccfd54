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
  /** Whether it served the champion's version only to be compared with a candidate. */
  readonly isBaseline: boolean;
  /** Start of the second, milliseconds since 1970. */
  readonly startsAt: Instant;
  readonly requests: number;
  readonly errors: number;
  /** Sums over requests without error, of the natural logarithm of the latency in milliseconds. */
  readonly logLatencySum: number;
  readonly logLatencySquares: number;
  readonly histogram: Readonly<Record<number, number>>;
  /** Callers that this version had not served before in this revision, as far as this worker knows. */
  readonly callers: number;
  /** Over streams: logarithms of the milliseconds until the first byte, and for each token after the first. */
  readonly ttftCount: number;
  readonly logTtftSum: number;
  readonly logTtftSquares: number;
  readonly tpotCount: number;
  readonly logTpotSum: number;
  readonly logTpotSquares: number;
  /** Over streams that told how many tokens they took and gave: how many these were, and their tokens. */
  readonly tokenCount: number;
  readonly tokensInSum: number;
  readonly tokensOutSum: number;
  /** Requests that were judged by the deployment's SLO, and those that missed it. */
  readonly judged: number;
  readonly missed: number;
}

/** How one request went at a version. */
export interface Measured {
  /** Null: it ended in an error. */
  readonly latencyMs: Millis | null;
  /** Null where the request was no stream. */
  readonly ttftMs?: Millis | null;
  /** Null where there was no second token. */
  readonly tpotMs?: Millis | null;
  /** Null where the answer does not tell them. */
  readonly tokens?: { readonly tokensIn: number; readonly tokensOut: number } | null;
  /** Whether it kept the SLO; null where it is not judged. */
  readonly isGood?: boolean | null;
  /** Who counts as one caller, where this was the version drawn for it; null where each request counts. */
  readonly caller?: string | null;
}

/** What a sum is kept for. */
type TalliedRoute = Pick<TrafficWindow, "project" | "deployment" | "revision">;
interface TalliedVersion extends Pick<TrafficWindow, "versionId" | "version"> {
  readonly arm?: "champion" | "candidate" | "baseline" | undefined;
}

/** Callers that are remembered for each version and revision; those beyond are not counted. */
const maxCallers = 100_000;

/** Revisions of versions whose callers are remembered. */
const maxCallerSets = 64;

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

interface OpenWindow extends Mutable<Omit<TrafficWindow, "histogram">> {
  histogram: Record<number, number>;
}

interface LastWindow {
  readonly route: TalliedRoute;
  readonly version: TalliedVersion;
  readonly window: OpenWindow;
  readonly arm: string;
}

/** Sums requests by version and second until they are taken. */
export class TrafficTally {
  #open = new Map<string, OpenWindow>();
  /** What the last request was summed in: mostly the next one belongs there, too. */
  #last: LastWindow | null = null;
  readonly #callers = new Map<string, Set<string>>();

  /** Counts one request. */
  record(route: TalliedRoute, version: TalliedVersion, now: Instant, measured: Measured): void {
    const startsAt = Math.floor(now / windowMs) * windowMs;
    const last = this.#last;
    const isLast = last !== null && last.route === route && last.version === version;
    const { window, arm } =
      isLast && last.window.startsAt === startsAt ? last : this.#windowOf(route, version, startsAt);
    window.requests += 1;
    window.callers += measured.caller === undefined ? 0 : this.#newCallers(arm, measured.caller);
    if (measured.isGood !== undefined && measured.isGood !== null) {
      window.judged += 1;
      if (!measured.isGood) window.missed += 1;
    }
    addLatencies(window, measured);
  }

  #windowOf(route: TalliedRoute, version: TalliedVersion, startsAt: Instant): LastWindow {
    const isBaseline = version.arm === "baseline";
    const arm = `${route.project}/${route.deployment}/${version.versionId}/${route.revision}/${isBaseline}`;
    const key = `${arm}/${startsAt}`;
    const window = this.#open.get(key) ?? openWindow(route, version, startsAt);
    this.#open.set(key, window);
    this.#last = { route, version, window, arm };
    return this.#last;
  }

  /** Takes all that was summed since the last call. */
  take(): readonly TrafficWindow[] {
    const taken = [...this.#open.values()];
    this.#open = new Map();
    this.#last = null;
    return taken;
  }

  #newCallers(arm: string, caller: string | null): 0 | 1 {
    if (caller === null) return 1;
    let known = this.#callers.get(arm);
    if (known === undefined) {
      known = new Set();
      this.#callers.set(arm, known);
      const [oldest] = this.#callers.keys();
      if (this.#callers.size > maxCallerSets && oldest !== undefined) this.#callers.delete(oldest);
    }
    if (known.has(caller) || known.size >= maxCallers) return 0;
    known.add(caller);
    return 1;
  }
}

function addLatencies(window: OpenWindow, { latencyMs, ttftMs, tpotMs, tokens }: Measured): void {
  if (latencyMs === null) {
    window.errors += 1;
    return;
  }
  const logarithm = logOf(latencyMs);
  window.logLatencySum += logarithm;
  window.logLatencySquares += logarithm * logarithm;
  const bucket = latencyBucket(latencyMs);
  window.histogram[bucket] = (window.histogram[bucket] ?? 0) + 1;
  if (ttftMs !== undefined && ttftMs !== null) {
    const logTtft = logOf(ttftMs);
    window.ttftCount += 1;
    window.logTtftSum += logTtft;
    window.logTtftSquares += logTtft * logTtft;
  }
  if (tpotMs !== undefined && tpotMs !== null) {
    const logTpot = logOf(tpotMs);
    window.tpotCount += 1;
    window.logTpotSum += logTpot;
    window.logTpotSquares += logTpot * logTpot;
  }
  if (tokens !== undefined && tokens !== null) {
    window.tokenCount += 1;
    window.tokensInSum += tokens.tokensIn;
    window.tokensOutSum += tokens.tokensOut;
  }
}

function logOf(millis: Millis): number {
  return Math.log(Math.max(millis, 0.001));
}

function openWindow(route: TalliedRoute, version: TalliedVersion, startsAt: Instant): OpenWindow {
  return {
    project: route.project,
    deployment: route.deployment,
    versionId: version.versionId,
    version: version.version,
    revision: route.revision,
    isBaseline: version.arm === "baseline",
    startsAt,
    ...emptySums,
    histogram: {},
  };
}

/** The sums of a window in which nothing happened. */
export const emptySums = {
  requests: 0,
  errors: 0,
  logLatencySum: 0,
  logLatencySquares: 0,
  callers: 0,
  ttftCount: 0,
  logTtftSum: 0,
  logTtftSquares: 0,
  tpotCount: 0,
  logTpotSum: 0,
  logTpotSquares: 0,
  tokenCount: 0,
  tokensInSum: 0,
  tokensOutSum: 0,
  judged: 0,
  missed: 0,
} as const;
