/** A mark on an axis: where it lies in the data, and what it says. */
export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** Some `count` round values from 0 to at least `max`, 1, 2 or 5 times a power of ten apart. */
export function roundTicks(max: number, count = 5): readonly Tick[] {
  const least = max > 0 ? max / count : 1 / count;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10) * power;
  const steps = Math.max(1, Math.ceil((max / step) * (1 - 1e-9)));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return Array.from({ length: steps + 1 }, (_, index) => ({
    value: index * step,
    label: (index * step).toFixed(digits),
  }));
}

/** A unit of time for an axis. */
export interface TimeUnit {
  readonly name: string;
  readonly seconds: number;
}

const units: readonly TimeUnit[] = [
  { name: "days", seconds: 86_400 },
  { name: "hours", seconds: 3600 },
  { name: "minutes", seconds: 60 },
];
const secondsUnit: TimeUnit = { name: "seconds", seconds: 1 };

/** The largest unit in which a span counts at least 2. */
export function timeUnit(seconds: number): TimeUnit {
  return units.find((unit) => seconds >= 2 * unit.seconds) ?? secondsUnit;
}

/** Marks for spans of time on a logarithmic axis, as far as `maxSeconds`; the last one lies at or beyond it. */
export function spanTicks(maxSeconds: number): readonly Tick[] {
  const all: readonly Tick[] = [
    { value: 0, label: "0" },
    { value: 1, label: "1 s" },
    { value: 10, label: "10 s" },
    { value: 60, label: "1 min" },
    { value: 600, label: "10 min" },
    { value: 3600, label: "1 h" },
    { value: 21_600, label: "6 h" },
    { value: 86_400, label: "1 d" },
    { value: 604_800, label: "7 d" },
    { value: 2_592_000, label: "30 d" },
    { value: 31_536_000, label: "1 y" },
    { value: 315_360_000, label: "10 y" },
  ];
  const end = all.findIndex(({ value }) => value > 0 && value >= maxSeconds);
  return end === -1 ? all : all.slice(0, end + 1);
}
