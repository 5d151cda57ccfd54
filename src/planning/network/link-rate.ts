import type { GigabitsPerSecond, GigabytesPerSecond } from "../catalog/quantities.ts";
import { invalidPlan } from "../problems/plan-fault.ts";

/** How a rate is written: the case of the b decides between bits and bytes. */
export const ratePattern = /^(\d+(?:\.\d+)?)(Gb\/s|Tb\/s|MB\/s|GB\/s|TB\/s)$/;

const gigabytesPerUnit: Readonly<Record<string, number>> = {
  "Gb/s": 1 / 8,
  "Tb/s": 1000 / 8,
  "MB/s": 1 / 1000,
  "GB/s": 1,
  "TB/s": 1000,
};

/** A number of gigabits a second. */
export function gigabits(value: number): GigabitsPerSecond {
  return value as GigabitsPerSecond;
}

/** A number of gigabytes a second. */
export function gigabytes(value: number): GigabytesPerSecond {
  return value as GigabytesPerSecond;
}

/** Eight bits to a byte. */
export function toGigabits(rate: GigabytesPerSecond): GigabitsPerSecond {
  return gigabits(rate * 8);
}

/**
 * Reads a rate such as `400Gb/s` or `50GB/s`.
 *
 * @throws {Fault} `planning.plan-invalid` when the text is no rate.
 */
export function parseRate(path: string, text: string): GigabytesPerSecond {
  const match = ratePattern.exec(text);
  const factor = match?.[2] === undefined ? undefined : gigabytesPerUnit[match[2]];
  if (match?.[1] === undefined || factor === undefined) {
    throw invalidPlan(path, "a rate with its unit, such as 400Gb/s (bits) or 50GB/s (bytes)", text);
  }
  return gigabytes(Number(match[1]) * factor);
}
