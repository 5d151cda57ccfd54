/** Maps a range of values to a range of pixels, straight. */
export interface Scale {
  (value: number): number;
}

/** A straight scale from `domain` to `range`; an empty domain maps to the middle of the range. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [from, to] = domain;
  const [start, end] = range;
  const width = to - from;
  if (width === 0) return () => (start + end) / 2;
  return (value) => start + ((value - from) / width) * (end - start);
}

/** The least and the greatest of `values`, or null when there are none. */
export function extentOf(values: readonly number[]): readonly [number, number] | null {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return least > greatest ? null : [least, greatest];
}

/** Round values (1, 2 or 5 times a power of ten apart) within [from, to], about `count` of them. */
export function roundTicks(from: number, to: number, count: number): readonly number[] {
  if (!(to > from) || count < 1) return [from];
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const ticks: number[] = [];
  const decimals = Math.max(0, -Math.floor(Math.log10(step)) + 1);
  for (let index = Math.ceil(from / step - 1e-9); index * step <= to + step * 1e-9; index += 1) {
    ticks.push(Number((index * step).toFixed(decimals)));
  }
  return ticks;
}

/** Widens a domain by `share` of its width on both sides; an empty one by `share` of its value, or by one. */
export function padDomain(domain: readonly [number, number], share: number): readonly [number, number] {
  const [from, to] = domain;
  const width = to - from;
  const margin = width === 0 ? Math.abs(from) * share || 1 : width * share;
  return [from - margin, to + margin];
}
