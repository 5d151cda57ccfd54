import type { Instant } from "../../../base/clock.ts";
import type { Endpoint } from "./balancer.ts";
import type { AdapterLoad, EngineWord } from "./engine-load.ts";

/** What a balancer keeps of one replica. Changed in place: a pick allocates little. */
export class Member {
  endpoint: Endpoint;
  /** The number by which the block index knows it. */
  readonly seat: number;
  /** When it joined a fleet that was there already; null for one of the first, who need no slow start. */
  readonly joinedAt: Instant | null;
  /** Breaks ties between equal loads: by chance at first, so that gateways do not all begin with the same one, then by who was picked longest ago. */
  tie: number;

  /** What this worker holds in flight here. */
  requests = 0;
  prefillTokens = 0;
  outputTokens = 0;
  /** What other workers say they hold here. */
  heardRequests = 0;
  heardPrefillTokens = 0;
  heardOutputTokens = 0;
  /** Requests that the engine counts and no worker of ours: told at `excessAt`, aging since. */
  excessRequests = 0;
  excessAt: Instant = 0;
  kvUsage = 0;
  kvUsageAt: Instant = 0;
  adapterLoad: AdapterLoad | null = null;
  /** What the engine last said, for those who look on. */
  engineWord: EngineWord | null = null;

  /** Milliseconds to the first token for each token that had to be computed; peaks at once, sinks slowly. Null: not known. */
  peakPaceMs: number | null = null;
  peakPaceAt: Instant = 0;
  /** Recent failures, aging since `failuresAt`. */
  failures = 0;
  failuresAt: Instant = 0;

  /** Where it stands in the heap of loads, and by what. */
  key = 0;
  heapPlace = -1;
  /** Where it stands in the list of all members. */
  listPlace = -1;
  /** Whether its load changed since the last news. */
  isNews = false;

  constructor(endpoint: Endpoint, seat: number, joinedAt: Instant | null, tie: number) {
    this.endpoint = endpoint;
    this.seat = seat;
    this.joinedAt = joinedAt;
    this.tie = tie;
  }
}
