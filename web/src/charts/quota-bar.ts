/** What a bar shows of a quota, all in one unit. */
export interface QuotaAmounts {
  readonly nominal: number | null;
  readonly subtree: number;
  readonly used: number;
  readonly borrowed: number;
  readonly lent: number;
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
  /** Where its own ends; null where no quota speaks of the resource. */
  readonly quotaAt: number | null;
  /** Where it may borrow up to; null: no limit, or nothing is its own. */
  readonly limitAt: number | null;
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
 */
export function quotaBar(amounts: QuotaAmounts): QuotaBar {
  const { nominal, subtree, used, borrowed, lent, borrowingLimit } = amounts;
  const own = nominal === null ? used : Math.max(0, Math.min(used - borrowed, subtree));
  const end = nominal === null ? 0 : subtree;
  const limit = nominal === null || borrowingLimit === null ? null : subtree + borrowingLimit;
  const shown = limit === null ? end * openMargin : Math.min(limit, Math.max(end, used) * limitTimesMax);
  const max = Math.max(used, end + borrowed, shown, Number.MIN_VALUE);
  const lentShown = nominal === null ? 0 : Math.min(lent, subtree - own);
  const parts: readonly BarPart[] = [
    { kind: "own" as const, from: 0, width: own / max },
    { kind: "lent" as const, from: (end - lentShown) / max, width: lentShown / max },
    { kind: "borrowed" as const, from: end / max, width: nominal === null ? 0 : borrowed / max },
  ].filter((part) => part.width > 0);
  return {
    parts,
    quotaAt: nominal === null ? null : end / max,
    limitAt: limit === null ? null : Math.min(1, limit / max),
    max,
  };
}
