/** What a bar shows of a quota, all in one unit. */
export interface QuotaAmounts {
  /** All that is its own, what those below it have included. */
  readonly own: number;
  readonly used: number;
  /** Of what is used, what is not its own. */
  readonly borrowed: number;
  /** Of its own, what others use. */
  readonly lent: number;
  /** The most beyond its own; null: no limit. */
  readonly borrowingLimit: number | null;
}

/** A part of a bar, in shares of its width. */
export interface BarPart {
  readonly kind: "own" | "borrowed" | "lent";
  readonly from: number;
  readonly width: number;
}

/** A bar of a quota: its parts and marks in shares of its width, from 0 to 1. */
export interface QuotaBar {
  readonly parts: readonly BarPart[];
  /** Where its own ends. */
  readonly quotaAt: number;
  /** Where it may borrow up to; null: no limit. */
  readonly limitAt: number | null;
  /** Whether the limit lies beyond the right end. */
  readonly isLimitBeyond: boolean;
  /** The amount at the right end. */
  readonly max: number;
}

/** Room to the right of a quota that may be exceeded without a limit. */
const openMargin = 1.25;
/** A borrowing limit farther than this many times its own is not drawn to scale: its mark stands at the end. */
const limitTimesMax = 3;

/**
 * Lays out one bar: what it uses of its own from the left, what others use of its own up to its end, what it borrowed
 * beyond. Own and lent parts never overlap: where books differ for a moment, the lent part gives way.
 *
 * @param scaleOf the amount at the right end for who has nothing of its own: that of the bar above it.
 */
export function quotaBar({ own, used, borrowed, lent, borrowingLimit }: QuotaAmounts, scaleOf: number): QuotaBar {
  const usedOwn = Math.max(0, Math.min(used - borrowed, own));
  const limit = borrowingLimit === null ? null : own + borrowingLimit;
  const shown = limit === null ? own * openMargin : Math.min(limit, Math.max(own, used) * limitTimesMax);
  const max = Math.max(used, own + borrowed, shown, own === 0 ? scaleOf : 0, Number.MIN_VALUE);
  const lentShown = Math.min(lent, own - usedOwn);
  const parts: readonly BarPart[] = [
    { kind: "own" as const, from: 0, width: usedOwn / max },
    { kind: "lent" as const, from: (own - lentShown) / max, width: lentShown / max },
    { kind: "borrowed" as const, from: own / max, width: borrowed / max },
  ].filter((part) => part.width > 0);
  return {
    parts,
    quotaAt: own / max,
    limitAt: limit === null ? null : Math.min(1, limit / max),
    isLimitBeyond: limit !== null && limit > max,
    max,
  };
}
