/** A mark of a time axis. */
export interface TimeTick {
  readonly at: number;
  readonly label: string;
  /** Whether a day begins there. */
  readonly isDay: boolean;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const stepsMs = [
  5 * minuteMs,
  15 * minuteMs,
  30 * minuteMs,
  hourMs,
  2 * hourMs,
  3 * hourMs,
  6 * hourMs,
  12 * hourMs,
  dayMs,
  2 * dayMs,
  7 * dayMs,
];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * Marks at round times of day within [from, to], at most `count` of them.
 *
 * @param zoneMs how far the reader's clock is ahead of UTC.
 */
export function timeTicks(from: number, to: number, count: number, zoneMs: number): readonly TimeTick[] {
  const step = stepsMs.find((each) => (to - from) / each <= count) ?? Math.ceil((to - from) / count / dayMs) * dayMs;
  const ticks: TimeTick[] = [];
  for (let local = Math.ceil((from + zoneMs) / step) * step; local - zoneMs <= to; local += step) {
    const time = new Date(local).toISOString();
    const isDay = local % dayMs === 0;
    const day = `${months[Number(time.slice(5, 7)) - 1] ?? ""} ${Number(time.slice(8, 10))}`;
    ticks.push({ at: local - zoneMs, label: isDay ? day : time.slice(11, 16), isDay });
  }
  return ticks;
}
