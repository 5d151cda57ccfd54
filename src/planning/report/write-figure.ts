import { formatSize } from "../../base/units.ts";
import type { Spread } from "../assumptions/uncertain.ts";

/** A number with about three digits that carry meaning: 1,230; 12.3; 0.123. */
export function writeNumber(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e12) return `${trim((value / 1e12).toPrecision(3))} T`;
  if (size >= 1e9) return `${trim((value / 1e9).toPrecision(3))} G`;
  if (size >= 1e6) return `${trim((value / 1e6).toPrecision(3))} M`;
  if (size >= 1000) return writeWhole(value);
  if (size >= 100) return value.toFixed(0);
  if (size < 0.001) return value.toExponential(1);
  return trim(value.toPrecision(3));
}

/** Tokens, or weights, as they are counted in this trade: `300 B`, `15 T`. */
export function writeTokens(count: number): string {
  return writeNumber(count).replace(/ G$/, " B");
}

/** A count to its last digit: `100,800`. */
export function writeWhole(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A power given in kilowatts: `84.6 kW`, `7.9 MW`. */
export function writePower(kilowatts: number): string {
  return kilowatts < 1000 ? `${writeNumber(kilowatts)} kW` : `${writeNumber(kilowatts / 1000)} MW`;
}

/** A size of bytes: `182 GB`, `1.46 TB`. */
export function writeSize(bytes: number): string {
  return formatSize(bytes).replace(/[A-Z]+$/, (unit) => ` ${unit}`);
}

/** An energy given in megawatt-hours: `584 MWh`, `5.76 GWh`, `1.65 TWh`. */
export function writeEnergy(megawattHours: number): string {
  if (megawattHours < 1000) return `${writeNumber(megawattHours)} MWh`;
  const gigawattHours = megawattHours / 1000;
  return gigawattHours < 1000 ? `${writeNumber(gigawattHours)} GWh` : `${writeNumber(gigawattHours / 1000)} TWh`;
}

function trim(text: string): string {
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
}

/** An estimate in three digits, however large: `230,000`. */
export function writeRounded(value: number): string {
  return writeNumber(Number(value.toPrecision(3)));
}

/** Dollars: `$1.23 B`, `$1.20 M`, `$1,230`, `$1.23`. */
export function writeUsd(value: number): string {
  const sign = value < 0 ? "-" : "";
  const size = Math.abs(value);
  if (size > 0 && size < 100) return `${sign}$${size.toFixed(2)}`;
  if (size >= 1e9) return `${sign}$${(size / 1e9).toPrecision(3)} B`;
  return size >= 1e6 ? `${sign}$${(size / 1e6).toPrecision(3)} M` : `${sign}$${writeNumber(size)}`;
}

/** Dollars that were estimated, in three digits: `$822,000`. Prices and sums of a list keep every digit. */
export function writeAboutUsd(value: number): string {
  return writeUsd(Number(value.toPrecision(3)));
}

/** A share as a percentage. */
export function writeShare(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) return "< 0.1 %";
  if (percent >= 99.5 && percent < 100) return percent > 99.9 ? "over 99.9 %" : `${percent.toFixed(1)} %`;
  return `${Math.abs(percent) < 10 ? trim(percent.toFixed(1)) : percent.toFixed(0)} %`;
}

/** A count with its noun: `1 replica`, `3 replicas`, `1,400 servers`. */
export function writeCount(count: number, noun: string): string {
  return `${writeWhole(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** A chance; never told as certain. */
export function writeChance(chance: number): string {
  if (chance > 0.995) return "over 99 %";
  return chance < 0.005 ? "under 1 %" : `${(chance * 100).toFixed(0)} %`;
}

/** A time: `850 µs`, `12.3 ms`, `4.2 s`, `3.1 min`, `5.2 h`, `12 days`; in the unit of the time `like`, where one is given. */
export function writeSeconds(seconds: number, like = seconds): string {
  if (like < 1e-3) return `${writeNumber(seconds * 1e6)} µs`;
  if (like < 1) return `${writeNumber(seconds * 1e3)} ms`;
  if (like < 120) return `${writeNumber(seconds)} s`;
  if (like < 7200) return `${writeNumber(seconds / 60)} min`;
  return like < 259_200 ? `${writeNumber(seconds / 3600)} h` : `${writeNumber(seconds / 86_400)} days`;
}

/** A time in days, or in hours below two days; in the unit of the time `like`, where one is given. */
export function writeDays(days: number, like = days): string {
  const [count, unit] = like < 2 ? [writeNumber(days * 24), "hour"] : [writeNumber(days), "day"];
  return `${count} ${unit}${count === "1" ? "" : "s"}`;
}

/** A likely figure with its interval, all in the unit of the likely one: `115 s (105 s to 125 s)`. */
export function writeInterval(
  { low, likely, high }: { readonly low: number; readonly likely: number; readonly high: number },
  write: (value: number, like: number) => string,
): string {
  return `${write(likely, likely)} (${write(low, likely)} to ${write(high, likely)})`;
}

/** The middle, and the 10th to 90th percentile. */
export function writeSpread(spread: Spread, write: (value: number) => string): string {
  return `${write(spread.p50)} (${write(spread.p10)} to ${write(spread.p90)})`;
}

/** The month `ahead` months after `startMonth` (`2026-12`). */
export function monthAfter(startMonth: string, ahead: number): string {
  const [year = 0, month = 1] = startMonth.split("-").map(Number);
  const count = year * 12 + (month - 1) + ahead;
  return `${Math.floor(count / 12)}-${String((count % 12) + 1).padStart(2, "0")}`;
}
