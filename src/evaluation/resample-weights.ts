import type { Random } from "../base/random.ts";

/** Draws of 16 bits are looked up here: entry u holds the Poisson(1) quantile of (u + 1/2) / 65536. */
const poissonQuantiles = tabulatePoisson();

/**
 * Draws how often each unit counts in one resample: independent Poisson(1) numbers.
 *
 * The Poisson bootstrap approximates drawing `units` units with replacement, needs no shared state, and gives every
 * model that is weighed with it the same resample: Chamandy, Muralidharan, Najmi & Naidu, "Estimating uncertainty for
 * massive data streams", Google 2012. The quantiles are exact to 1/65536.
 *
 * @param weights filled with the draws; shape [units].
 */
export function drawPoissonWeights(weights: Uint8Array, random: Random): void {
  for (let unit = 0; unit < weights.length; unit += 2) {
    const bits = Math.floor(random.next() * 4_294_967_296);
    weights[unit] = poissonQuantiles[bits & 0xffff] ?? 0;
    if (unit + 1 < weights.length) weights[unit + 1] = poissonQuantiles[bits >>> 16] ?? 0;
  }
}

function tabulatePoisson(): Uint8Array {
  const table = new Uint8Array(65_536);
  let count = 0;
  let mass = Math.exp(-1);
  let below = mass;
  for (let draw = 0; draw < table.length; draw += 1) {
    while ((draw + 0.5) / table.length > below) {
      count += 1;
      mass /= count;
      below += mass;
    }
    table[draw] = count;
  }
  return table;
}
