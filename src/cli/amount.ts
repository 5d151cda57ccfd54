import { InvalidArgumentError } from "commander";

const factors: Readonly<Record<string, number>> = { "": 1, k: 1e3, K: 1e3, M: 1e6, B: 1e9, G: 1e9, T: 1e12 };
/** Written out here: the command line's help starts fast because it loads no module but its own. */
const secondsPerUnit: Readonly<Record<string, number>> = { ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400 };
const secondsPerDay = 86_400;

/** A working day: little at night, the peak in the late morning and the afternoon; a convention. */
const officeHours = [
  0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.4, 0.7, 0.9, 1, 1, 0.8, 0.9, 1, 1, 0.9, 0.7, 0.5, 0.3, 0.2, 0.2, 0.1, 0.1,
] as const;

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

/** Reads shares of the peak by the hour, apart by commas: 24 of a day, or 168 of a week; `office` for the hours of an office. */
export function hourShares(text: string): readonly number[] {
  if (text === "office") return officeHours;
  const shares = text.split(",").map((each) => shareOf(each.trim()));
  if (shares.length === officeHours.length || shares.length === 7 * officeHours.length) return shares;
  throw new InvalidArgumentError(
    `Wanted 24 shares of the peak, or 168 from Monday on, or office; found ${shares.length}.`,
  );
}

/** Reads a duration with its unit, in seconds: `500ms`, `2s`. */
export function seconds(text: string): number {
  return durationOf(text, "500ms or 2s");
}

/** Reads a duration with its unit, in days: `30d`, `36h`. */
export function days(text: string): number {
  return durationOf(text, "30d or 36h") / secondsPerDay;
}

function durationOf(text: string, example: string): number {
  const [, digits = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const value = Number(digits) * (secondsPerUnit[unit] ?? Number.NaN);
  if (digits !== "" && value > 0) return value;
  throw new InvalidArgumentError(`Wanted a time with its unit, such as ${example}.`);
}
