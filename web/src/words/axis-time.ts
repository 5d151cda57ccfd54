function two(value: number): string {
  return String(value).padStart(2, "0");
}

const dayMs = 86_400_000;

/** A tick of a time axis that spans `spanMs`: minutes, seconds where it is short, days where it is long. */
export function axisTime(instant: number, spanMs: number): string {
  const date = new Date(instant);
  const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const minute = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (spanMs > 3 * dayMs) return day;
  if (spanMs > dayMs) return `${day} ${minute}`;
  return spanMs < 120_000 ? `${minute}:${two(date.getSeconds())}` : minute;
}
