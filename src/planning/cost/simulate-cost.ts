import type { Random } from "../../base/random.ts";
import { nameRate, writeRate } from "../report/rate-words.ts";
import { requireWithin } from "../problems/plan-fault.ts";
import { drawTriangular, type Spread, toSpread } from "../assumptions/uncertain.ts";
import { type CostRate, type CostRates, mapRates, ratesAt, type UncertainRates } from "./cost-rates.ts";

/** One bar of a tornado: what the result becomes when this rate alone goes to its ends. */
export interface TornadoBar {
  readonly rate: CostRate;
  readonly low: number;
  readonly high: number;
  /** The rate and its ends in words, with their units. */
  readonly words: { readonly name: string; readonly low: string; readonly high: string };
  readonly resultAtLow: number;
  readonly resultAtHigh: number;
  readonly swing: number;
}

const drawsMax = 20_000;

/**
 * Draws all rates at once, `draws` times, and gives the spread of each result. Rates are independent of each other.
 *
 * @param evaluate results for one set of rates, always as many and in the same order.
 * @throws {Fault} `planning.plan-invalid` when `draws` is not within 100..20,000.
 */
export function simulateCost(
  rates: UncertainRates,
  draws: number,
  random: Random,
  evaluate: (rates: CostRates) => readonly number[],
): readonly Spread[] {
  requireWithin("simulation.draws", draws, 100, drawsMax);
  const results: number[][] = [];
  for (let draw = 0; draw < draws; draw += 1) {
    const values = evaluate(mapRates(rates, (value) => drawTriangular(value, random)));
    for (const [index, value] of values.entries()) (results[index] ??= []).push(value);
  }
  return results.map(toSpread);
}

/** Which rate matters how much: each alone at its ends, the others at their likeliest, widest first. */
export function drawTornado(rates: UncertainRates, evaluate: (rates: CostRates) => number): readonly TornadoBar[] {
  const likeliest = ratesAt(rates, "mode");
  const bars: TornadoBar[] = [];
  for (const rate of Object.keys(rates) as CostRate[]) {
    const { low, high } = rates[rate];
    if (low === high) continue;
    const resultAtLow = evaluate({ ...likeliest, [rate]: low });
    const resultAtHigh = evaluate({ ...likeliest, [rate]: high });
    const words = { name: nameRate(rate), low: writeRate(rate, low), high: writeRate(rate, high) };
    bars.push({ rate, low, high, words, resultAtLow, resultAtHigh, swing: Math.abs(resultAtHigh - resultAtLow) });
  }
  return bars.sort((left, right) => right.swing - left.swing || (left.rate < right.rate ? -1 : 1));
}
