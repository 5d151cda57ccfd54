import type { Instant } from "../base/clock.ts";
import { parseDuration } from "../base/units.ts";
import type { FeatureViewSpec } from "./model.ts";
import type { FeatureStatus, FeatureVector } from "./ports.ts";
import { valueColumns, windowsOf } from "./view-columns.ts";

/** A view's features, resolved once: places instead of names, windows in milliseconds. */
export interface WindowPlan {
  readonly names: readonly string[];
  /** Units of the last decimal per whole. */
  readonly scale: number;
  readonly columns: number;
  readonly windows: readonly number[];
  readonly features: readonly {
    readonly aggregate: "count" | "sum" | "mean";
    readonly window: number;
    /** Place among the value columns, or -1 for a count of rows. */
    readonly column: number;
  }[];
}

/** Resolves a view's features for reading. */
export function planWindows(spec: FeatureViewSpec): WindowPlan {
  const columns = valueColumns(spec);
  const windows = windowsOf(spec);
  return {
    names: spec.features.map((feature) => feature.name),
    scale: 10 ** spec.decimals,
    columns: columns.length,
    windows,
    features: spec.features.map((feature) => ({
      aggregate: feature.aggregate,
      window: windows.indexOf(parseDuration(feature.window)),
      column: feature.column === undefined ? -1 : columns.indexOf(feature.column),
    })),
  };
}

/**
 * What is known of one entity, in the order in which it became known, with running totals.
 *
 * Place `i` of the totals holds what the rows before place `i` add up to; the first place holds what was dropped.
 * Totals are whole units (see `toUnits`), so differences are exact; they may wrap around 64 bits, which cancels out.
 */
export interface EntityHistory {
  length: number;
  known: Float64Array;
  /** Per value column: rows with a known value, and their sum in units. */
  counts: Float64Array[];
  sums: BigInt64Array[];
}

const firstCapacity = 16;

/** A history without rows. */
export function emptyHistory(columns: number): EntityHistory {
  return {
    length: 0,
    known: new Float64Array(firstCapacity),
    counts: Array.from({ length: columns }, () => new Float64Array(firstCapacity + 1)),
    sums: Array.from({ length: columns }, () => new BigInt64Array(firstCapacity + 1)),
  };
}

/**
 * A value as a whole number of units of the view's last decimal, or null when it is unknown (or no finite number).
 * The same arithmetic as `unitsOf` in `point-in-time-sql.ts`: one multiplication, then halves away from zero.
 */
export function toUnits(value: number | null, scale: number): bigint | null {
  if (value === null || !Number.isFinite(value)) return null;
  const rounded = Math.round(Math.abs(value * scale));
  return BigInt(value < 0 ? -rounded : rounded);
}

/** How many rows of the history were known before `moment`: O(log n). */
export function countKnownBefore(history: EntityHistory, moment: Instant): number {
  let low = 0;
  let high = history.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((history.known[middle] ?? 0) < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Adds a row. In order of knowing it costs O(1); a late one costs as much as there are rows after it. */
export function insertRow(
  history: EntityHistory,
  known: Instant,
  values: readonly (number | null)[],
  scale: number,
): void {
  if (history.length === history.known.length) grow(history);
  const place = countKnownBefore(history, known);
  const end = history.length;
  history.known.copyWithin(place + 1, place, end);
  history.known[place] = known;
  history.length = end + 1;
  for (const [column, counts] of history.counts.entries()) {
    const sums = history.sums[column];
    if (sums === undefined) continue;
    const units = toUnits(values[column] ?? null, scale);
    counts.copyWithin(place + 1, place, end + 1);
    sums.copyWithin(place + 1, place, end + 1);
    if (units === null) continue;
    for (let after = place + 1; after <= end + 1; after += 1) {
      counts[after] = (counts[after] ?? 0) + 1;
      sums[after] = (sums[after] ?? 0n) + units;
    }
  }
}

/** Forgets the rows known before `moment`, once they are at least half of the history: O(1) a row over time. */
export function dropKnownBefore(history: EntityHistory, moment: Instant): void {
  const expired = countKnownBefore(history, moment);
  if (expired === 0 || expired * 2 < history.length) return;
  history.known = history.known.slice(expired);
  history.counts = history.counts.map((counts) => counts.slice(expired));
  history.sums = history.sums.map((sums) => sums.slice(expired));
  history.length -= expired;
}

function grow(history: EntityHistory): void {
  const capacity = Math.max(firstCapacity, history.known.length * 2);
  const known = new Float64Array(capacity);
  known.set(history.known);
  history.known = known;
  history.counts = history.counts.map((counts) => {
    const grown = new Float64Array(capacity + 1);
    grown.set(counts);
    return grown;
  });
  history.sums = history.sums.map((sums) => {
    const grown = new BigInt64Array(capacity + 1);
    grown.set(sums);
    return grown;
  });
}

/**
 * The features as they were known just before `at`: over rows with `known` in [at - window, at).
 *
 * Must do the same arithmetic, in the same order, as `featureExpression` in `point-in-time-sql.ts`; a property test
 * holds the two and a brute-force reading together, to equality.
 */
export function readWindows(plan: WindowPlan, history: EntityHistory | undefined, at: Instant): FeatureVector {
  const values: (number | null)[] = [];
  const statuses: FeatureStatus[] = [];
  const end = history === undefined ? 0 : countKnownBefore(history, at);
  const starts = plan.windows.map((window) => (history === undefined ? 0 : countKnownBefore(history, at - window)));
  for (const feature of plan.features) {
    const start = starts[feature.window] ?? 0;
    const counts = history?.counts[feature.column];
    const known = feature.column < 0 ? end - start : (counts?.[end] ?? 0) - (counts?.[start] ?? 0);
    const value =
      feature.aggregate === "count" ? known : known === 0 ? null : sumOf(plan, history, feature.column, start, end);
    values.push(feature.aggregate === "mean" && value !== null ? value / known : value);
    statuses.push(end === start ? "missing" : value === null ? "null" : "present");
  }
  return { names: plan.names, values, statuses };
}

function sumOf(
  plan: WindowPlan,
  history: EntityHistory | undefined,
  column: number,
  start: number,
  end: number,
): number {
  const sums = history?.sums[column];
  const units = BigInt.asIntN(64, (sums?.[end] ?? 0n) - (sums?.[start] ?? 0n));
  return Number(units) / plan.scale;
}
