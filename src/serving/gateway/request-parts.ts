import type { Instant, Millis } from "../../base/clock.ts";
import type { LimitMeasure } from "./limits/limit-rule.ts";

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
      /** What it counts; null when the worker's share was used up and its owner not heard. */
      readonly measure: LimitMeasure | null;
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
