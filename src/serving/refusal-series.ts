import type { Instant } from "../base/clock.ts";

/** How far a refused request was understood: to a deployment, to a project, or not even to that. */
export type RefusalScope = "deployment" | "project" | "platform";

/** Refusals of one sort in one span, as they are read. */
export interface StoredRefusals {
  readonly scope: RefusalScope;
  readonly reason: string;
  /** Start of the span. */
  readonly at: Instant;
  readonly requests: number;
}

/** Refusals of one sort over a range. */
interface RefusalSeries {
  readonly scope: RefusalScope;
  readonly reason: string;
  readonly requests: number;
  readonly points: readonly { readonly at: Instant; readonly requests: number }[];
}

/** One series for each reason and scope, the most frequent first. */
export function refusalSeries(sums: readonly StoredRefusals[]): readonly RefusalSeries[] {
  return [...Map.groupBy(sums, ({ scope, reason }) => `${scope}/${reason}`).values()]
    .flatMap((own) => {
      const [first] = own;
      if (first === undefined) return [];
      const { scope, reason } = first;
      const points = own.map(({ at, requests }) => ({ at, requests }));
      return [{ scope, reason, requests: points.reduce((sum, each) => sum + each.requests, 0), points }];
    })
    .toSorted((left, right) => right.requests - left.requests || (left.reason < right.reason ? -1 : 1));
}
