import type { Random } from "../../base/random.ts";

/**
 * Draws ranks by Zipf's law: rank k of `count` has weight (k + 1)^-exponent, so that rank 0 is the most frequent one; with exponent 0
 * all are alike.
 *
 * @param count at least 1. @returns a function that draws a rank from 0 to `count` - 1 in the logarithm of `count` steps.
 */
export function zipfRanks(count: number, exponent: number): (random: Random) => number {
  const sums: number[] = [];
  let total = 0;
  for (let rank = 0; rank < count; rank += 1) {
    total += (rank + 1) ** -exponent;
    sums.push(total);
  }
  return (random) => {
    const drawn = random.next() * total;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? total) > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
