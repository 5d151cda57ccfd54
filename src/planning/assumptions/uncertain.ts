import type { Random } from "../../base/random.ts";
import { invalidPlan } from "../problems/plan-fault.ts";

/** A figure that is not known exactly: the least and the most that are believed, and the likeliest between them. */
export interface Uncertain {
  readonly low: number;
  readonly mode: number;
  readonly high: number;
}

/** A figure that is known. */
export function exactly(value: number): Uncertain {
  return { low: value, mode: value, high: value };
}

/** A figure that was given alone, or with its bounds. */
export function toUncertain(given: number | Uncertain): Uncertain {
  return typeof given === "number" ? exactly(given) : given;
}

/** Refuses a triple that is not finite or not in order. */
export function checkUncertain(path: string, value: Uncertain): Uncertain {
  const isOrdered = value.low <= value.mode && value.mode <= value.high;
  const isFinite = [value.low, value.mode, value.high].every(Number.isFinite);
  if (!isOrdered || !isFinite) throw invalidPlan(path, "low <= mode <= high, all finite", value);
  return value;
}

/** One draw from the triangular distribution (inverse of its distribution function); one number of `random` is used. */
export function drawTriangular(value: Uncertain, random: Random): number {
  const { low, mode, high } = value;
  const chance = random.next();
  const width = high - low;
  if (width === 0) return mode;
  const turn = (mode - low) / width;
  if (chance < turn) return low + Math.sqrt(chance * width * (mode - low));
  return high - Math.sqrt((1 - chance) * width * (high - mode));
}

/** The 10th, 50th and 90th percentile of what was drawn. */
export interface Spread {
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
}

/** Percentiles by linear interpolation between the draws; `draws` must not be empty. */
export function toSpread(draws: readonly number[]): Spread {
  const sorted = Float64Array.from(draws).sort();
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = sorted[Math.floor(place)] ?? 0;
    const above = sorted[Math.ceil(place)] ?? below;
    return below + (above - below) * (place - Math.floor(place));
  };
  return { p10: at(0.1), p50: at(0.5), p90: at(0.9) };
}
