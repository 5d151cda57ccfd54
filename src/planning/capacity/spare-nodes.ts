import { requireCount, requireWithin } from "../problems/plan-fault.ts";

/** More spares than this are never advised: the nodes are then too bad to plan with. */
const sparesMax = 10_000;

/**
 * The fewest spares k with P(at least `nodes` of `nodes + k` work) >= `confidence`, each node working with probability
 * `availability` on its own (binomial).
 *
 * @throws {Fault} `planning.plan-invalid` for figures out of bounds.
 */
export function countSpareNodes(nodes: number, availability: number, confidence: number): number {
  requireCount("fleet.nodes", nodes);
  requireWithin("reliability.nodeAvailability", availability, 0.5, 1);
  requireWithin("reliability.spareConfidence", confidence, 0.5, 0.999999);
  if (nodes === 0 || availability === 1) return 0;
  let tooFew = -1;
  let enough = sparesMax;
  while (enough - tooFew > 1) {
    const spares = Math.floor((tooFew + enough) / 2);
    if (chanceOfAtMost(spares, nodes + spares, 1 - availability) >= confidence) enough = spares;
    else tooFew = spares;
  }
  return enough;
}

/** P(at most `most` of `trials` happen), summed in logarithms so that thousands of trials do not underflow. */
function chanceOfAtMost(most: number, trials: number, chance: number): number {
  let logTerm = trials * Math.log1p(-chance);
  let sum = Math.exp(logTerm);
  for (let count = 1; count <= most; count += 1) {
    logTerm += Math.log((trials - count + 1) / count) + Math.log(chance) - Math.log1p(-chance);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, sum);
}
