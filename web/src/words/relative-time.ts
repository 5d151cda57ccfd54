const steps: readonly (readonly [limitMs: number, unitMs: number, unit: string])[] = [
  [60_000, 1000, "s"],
  [3_600_000, 60_000, "m"],
  [86_400_000, 3_600_000, "h"],
  [Number.POSITIVE_INFINITY, 86_400_000, "d"],
];

/** How long ago `instant` was (`4s ago`), or how far ahead (`in 2m`). */
export function relativeTime(instant: number, now: number): string {
  const distance = Math.abs(now - instant);
  if (distance < 1000) return "now";
  const [, unitMs, unit] = steps.find(([limitMs]) => distance < limitMs) ?? [0, 86_400_000, "d"];
  const words = `${Math.floor(distance / unitMs)}${unit}`;
  return instant <= now ? `${words} ago` : `in ${words}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** The moment in the reader's own time zone, to the second. */
export function exactTime(instant: number): string {
  const date = new Date(instant);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const offset = -date.getTimezoneOffset();
  const zone = `UTC${offset < 0 ? "-" : "+"}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A moment to the minute in the reader's own time zone: the time of day on the day of `now`, else with its date. */
export function clockTime(instant: number, now: number): string {
  const date = new Date(instant);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const isToday = date.toDateString() === new Date(now).toDateString();
  return isToday ? time : `${months[date.getMonth()] ?? ""} ${date.getDate()}, ${time}`;
}

/** The day of a moment of the data, read as UTC: `2001-04-01`. */
export function dataDay(instant: number): string {
  return new Date(instant).toISOString().slice(0, 10);
}

/** A moment of the data to the minute, read as UTC: `2001-04-01 13:05`. */
export function dataMinute(instant: number): string {
  return new Date(instant).toISOString().slice(0, 16).replace("T", " ");
}
