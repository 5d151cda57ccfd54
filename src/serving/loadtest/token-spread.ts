import { Fault } from "../../base/fault.ts";
import type { Random } from "../../base/random.ts";
import { tokenSpreadPattern } from "./model.ts";

/** Draws a whole number of tokens, at least 1. */
export type TokenSpread = (random: Random) => number;

/** An exponential draw is cut at so many times its mean: one endless request would decide the whole test. */
const exponentialMeansMax = 8;

/**
 * Reads how many tokens requests have: `256` always, `64..512` evenly, `normal(256,64)` by mean and standard deviation, `exp(256)`
 * exponentially by its mean.
 *
 * @throws {Fault} `serving.request-invalid` when the text is none of them.
 */
export function parseTokenSpread(text: string): TokenSpread {
  if (!tokenSpreadPattern.test(text)) {
    throw new Fault(
      "serving.request-invalid",
      `"${text}" is no number of tokens; write 256, 64..512, normal(256,64) or exp(256)`,
    );
  }
  const [first = 1, second = 0] = [...text.matchAll(/\d+/g)].map(([digits]) => Number(digits));
  if (text.startsWith("normal")) return (random) => whole(first + second * standardNormal(random));
  if (text.startsWith("exp")) {
    return (random) => whole(Math.min(exponentialMeansMax * first, -Math.log(1 - random.next()) * first));
  }
  if (!text.includes("..")) return () => whole(first);
  const low = Math.min(first, second);
  const high = Math.max(first, second);
  return (random) => whole(low + Math.floor(random.next() * (high - low + 1)));
}

function whole(tokens: number): number {
  return Math.max(1, Math.round(tokens));
}

/** Box and Muller's transform of two even draws. */
function standardNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
