/** What a limit counts. */
export type LimitMeasure = "requests" | "tokens" | "concurrency" | "money";

/** Over which span a budget is counted; days and months are those of UTC. */
export type BudgetPeriod = "day" | "month" | "total";

/** Who asks for what: the facts of one request that limits look at. */
export interface LimitSubject {
  readonly identity: string;
  /** The id of the API key; null when the request carries none. */
  readonly key: string | null;
  readonly project: string;
  /** The team of the project. */
  readonly team: string;
  readonly deployment: string;
}

/** Which requests a limit counts: all given fields must agree, null agrees with everything. */
export interface SubjectPattern {
  readonly identity: string | null;
  readonly key: string | null;
  readonly project: string | null;
  readonly team: string | null;
  readonly deployment: string | null;
}

interface RuleBase {
  /** Never used for another measure or period: what was spent is kept under it. */
  readonly id: string;
  /** The name under which people know the limit. */
  readonly name: string;
  readonly subject: SubjectPattern;
}

/** So many requests, or tokens, a minute: a bucket that holds a minute's worth and fills steadily. */
export interface RateRule extends RuleBase {
  readonly measure: "requests" | "tokens";
  /** A minute, at least 1. */
  readonly amount: number;
}

/** So many requests at once. */
export interface ConcurrencyRule extends RuleBase {
  readonly measure: "concurrency";
  readonly amount: number;
}

/** So much money in each period. */
export interface BudgetRule extends RuleBase {
  readonly measure: "money";
  /** In millionths of the currency's unit. */
  readonly amount: number;
  readonly per: BudgetPeriod;
}

/** One bound on the requests that its subject matches. */
export type LimitRule = RateRule | ConcurrencyRule | BudgetRule;

/** Whether a limit counts this request. */
export function matchesSubject(pattern: SubjectPattern, subject: LimitSubject): boolean {
  return (
    (pattern.identity === null || pattern.identity === subject.identity) &&
    (pattern.key === null || pattern.key === subject.key) &&
    (pattern.project === null || pattern.project === subject.project) &&
    (pattern.team === null || pattern.team === subject.team) &&
    (pattern.deployment === null || pattern.deployment === subject.deployment)
  );
}
