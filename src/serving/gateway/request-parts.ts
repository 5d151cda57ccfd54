import type { Instant, Millis } from "../../base/clock.ts";

/** A replica that may be picked. */
export interface Endpoint {
  readonly id: string;
  readonly weight: number;
  /** Requests that it works on at once; null when unknown. */
  readonly slots: number | null;
  readonly adapters: readonly string[];
}

/** What a pick knows of the request. */
export interface RoutingAsk {
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** Chained hashes of the blocks of the prompt; null when there is none. */
  readonly blocks: readonly number[] | null;
  readonly session: string | null;
  readonly adapter: string | null;
}

/** A replica that was picked. */
export interface Picked {
  readonly endpoint: string;
}

/** How a request ended at a replica. */
export interface RoutingOutcome {
  readonly kind: "done" | "failed" | "aborted";
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly tokensCached?: number;
}

/** Picks the replica of each request; a request counts as in flight from `pick` until `end`, which comes once. */
export interface Balancer {
  retain(endpoints: readonly Endpoint[], now: Instant): void;
  pick(ask: RoutingAsk, isUsable: (endpoint: string) => boolean, now: Instant): Picked | null;
  firstByte(picked: Picked, now: Instant): void;
  end(picked: Picked, outcome: RoutingOutcome, now: Instant): void;
}

/** Who asks for what: the facts of a request that limits look at. */
export interface LimitSubject {
  readonly identity: string;
  readonly project: string;
  readonly deployment: string;
}

/** What a request may use at most, to be taken from its limits before it begins. */
export interface LimitAsk {
  readonly subject: LimitSubject;
  readonly tokens: number;
  readonly microMoney: number;
}

/** What a request has used in the end. */
export interface LimitUse {
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly microMoney: number;
}

/** What was taken from the limits of one request; it is given back by exactly one `settle` or `abandon`. */
export interface LimitTicket {
  /** Headers of the answer that tell what is left, such as `x-ratelimit-remaining-requests`. */
  readonly headers: Readonly<Record<string, string>>;
}

export type LimitAnswer =
  | { readonly kind: "reserved"; readonly ticket: LimitTicket }
  | {
      readonly kind: "refused";
      /** The limit's name. */
      readonly limit: string;
      readonly message: string;
      /** Null when it will never be there. */
      readonly retryAfterMs: Millis | null;
      readonly headers: Readonly<Record<string, string>>;
    };

/** Takes from the limits of a request before it begins and settles when it ends. */
export interface LimitGate {
  reserve(ask: LimitAsk, now: Instant): LimitAnswer | Promise<LimitAnswer>;
  settle(ticket: LimitTicket, use: LimitUse, now: Instant): void;
  /** Nothing was used: the request never reached a model. */
  abandon(ticket: LimitTicket, now: Instant): void;
}
