import type { Millis } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";

/**
 * The moments of a Poisson process, in milliseconds from its beginning, rising: each gap is exponential and knows nothing of the others,
 * nor of how anything is answered.
 *
 * @param rate arrivals a second, above zero.
 * @returns those before `durationMs`, about `rate · durationMs / 1000` of them.
 */
export function poissonArrivals(rate: number, durationMs: Millis, random: Random): readonly Millis[] {
  const arrivals: Millis[] = [];
  const meanGapMs = 1000 / rate;
  for (let at = gap(meanGapMs, random); at < durationMs; at += gap(meanGapMs, random)) arrivals.push(at);
  return arrivals;
}

function gap(meanMs: Millis, random: Random): Millis {
  return -Math.log(1 - random.next()) * meanMs;
}
