import { InvalidArgumentError } from "commander";
import { durationPattern, parseDuration } from "../base/units.ts";

const factors: Readonly<Record<string, number>> = { "": 1, k: 1e3, K: 1e3, M: 1e6, B: 1e9, G: 1e9, T: 1e12 };
const millisPerSecond = 1000;
const millisPerDay = 86_400_000;

/** Reads a positive amount, with a letter for thousands and more: `4096`, `15T`, `1.4e12`. */
export function amount(text: string): number {
  const [, digits = "", letter = ""] = /^(\d+(?:\.\d+)?(?:e\d+)?)([kKMBGT]?)$/.exec(text) ?? [];
  const value = Number(digits) * (factors[letter] ?? Number.NaN);
  if (digits === "" || !(value > 0)) {
    throw new InvalidArgumentError("Wanted a number above 0, such as 4096, 300k, 70B or 1.5T.");
  }
  return value;
}

/** Reads a share, as a number up to 1 or in percent: `0.65`, `65%`. */
export function shareOf(text: string): number {
  const value = text.endsWith("%") ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (text !== "" && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError("Wanted a share such as 0.65 or 65%.");
}

/** Reads a duration with its unit, in seconds: `500ms`, `2s`. */
export function seconds(text: string): number {
  return durationOf(text, "500ms or 2s") / millisPerSecond;
}

/** Reads a duration with its unit, in days: `30d`, `36h`. */
export function days(text: string): number {
  return durationOf(text, "30d or 36h") / millisPerDay;
}

function durationOf(text: string, example: string): number {
  if (!durationPattern.test(text)) throw new InvalidArgumentError(`Wanted a time with its unit, such as ${example}.`);
  return parseDuration(text);
}
