import type { Instant } from "../../../base/clock.ts";
import type { EngineLoad, EngineWord } from "./engine-load.ts";
import type { RoutingNews } from "./routing-news.ts";
import type { Ticket } from "./ticket.ts";

/** A replica that may be picked. */
export interface Endpoint {
  readonly id: string;
  /** Its share of the work next to the others, above zero; 2 takes twice what 1 takes. */
  readonly weight: number;
  /** Requests that it works on at once; null when unknown. */
  readonly slots: number | null;
  /** LoRA adapters that it serves; with none named, it is taken to serve whatever is asked of it. */
  readonly adapters: readonly string[];
}

/** What a pick knows of the request. */
export interface RoutingAsk {
  /** Tokens of the prompt, estimated. */
  readonly tokensIn: number;
  /** Tokens of the answer that are expected. */
  readonly tokensOut: number;
  /** Chained hashes of the blocks of the prompt, from `hashBlocks`; null when there is no prompt. */
  readonly blocks: readonly number[] | null;
  /** Names a conversation or a user whose requests should stay together. */
  readonly session: string | null;
  /** The LoRA adapter that must answer; null for the model itself. */
  readonly adapter: string | null;
}

/** A replica that was picked; the request counts as in flight there until `end`. */
export interface Picked {
  readonly endpoint: string;
  /** Leading blocks of the prompt that the replica is thought to have in its cache. */
  readonly blocksMatched: number;
  readonly ticket: Ticket;
}

/** What a replica holds, for those who look on. */
export interface EndpointLoad {
  readonly endpoint: string;
  /** Requests in flight that this worker sent there, and their tokens: prompts not yet read, answers not yet written. */
  readonly requests: number;
  readonly tokens: number;
  /** Null while the engine said nothing. */
  readonly engine: EngineWord | null;
}

/** What is known of the other workers. */
export interface Elsewhere {
  readonly requests: number;
  readonly workers: number;
}

/** How a request ended. */
export interface RoutingOutcome {
  readonly kind: "done" | "failed" | "aborted";
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** Tokens of the prompt that the engine says it found in its cache; corrects what is thought to lie there. */
  readonly tokensCached?: number;
}

/**
 * Picks the replica of each request and keeps count of what is in flight.
 *
 * The cost of a pick does not grow with the number of replicas: a policy looks at a bounded number of candidates. Only
 * when none of them is usable are the others searched for the first that is.
 */
export interface Balancer {
  /** Makes these the replicas; the counts of those that stay are kept, what is known of the others is forgotten. */
  retain(endpoints: readonly Endpoint[], now: Instant): void;
  /**
   * Picks a replica and counts the request as in flight there from here until `end`.
   *
   * @param isUsable says which may be asked: breaker, capacity, tried already.
   * @returns null when no replica is usable.
   */
  pick(ask: RoutingAsk, isUsable: (endpoint: string) => boolean, now: Instant): Picked | null;
  /** The first byte of the answer came; later calls for one request change nothing. */
  firstByte(picked: Picked, now: Instant): void;
  /** @throws {Error} when this request had ended already: somebody counts twice. */
  end(picked: Picked, outcome: RoutingOutcome, now: Instant): void;
  /** What the engine itself says. Corrects our own counts, and loses weight as it gets older. */
  correct(endpoint: string, load: EngineLoad, now: Instant): void;
  /** What each replica holds now. */
  loads(): readonly EndpointLoad[];
  /** What other workers told that they hold on a replica, and how many workers told anything. */
  elsewhere(endpoint: string): Elsewhere;
  /** Blocks that now lie in the replica's cache, as its engine tells. */
  learn(endpoint: string, blocks: readonly number[], now: Instant): void;
  /** Blocks that left the replica's cache, as its engine tells. */
  forget(endpoint: string, blocks: readonly number[]): void;
  /**
   * What this worker learnt and holds in flight since the last call, to be told to the other workers: often (every 50 ms
   * or so), and also when there is nothing new, so that they know that it lives.
   */
  takeNews(): RoutingNews;
  /**
   * What another worker told. One that is silent for ten seconds is forgotten; one that starts anew needs a new name.
   */
  hear(worker: string, news: RoutingNews, now: Instant): void;
}
