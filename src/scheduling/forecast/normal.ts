/**
 * The probability that a standard normal value stays below `value`; wrong by at most 7.5e-8.
 *
 * Source: Abramowitz and Stegun, Handbook of Mathematical Functions, formula 26.2.17.
 */
export function normalProbability(value: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(value));
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-value * value) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return value >= 0 ? 1 - tail : tail;
}

/** The value that a standard normal one stays below with this probability, in (0, 1); by bisection, right to 1e-9. */
export function normalQuantile(probability: number): number {
  let low = -8;
  let high = 8;
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (normalProbability(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
