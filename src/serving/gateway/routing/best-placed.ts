import type { Member } from "./member.ts";
import type { Search } from "./search.ts";

/** Candidates of a fixed order among which the place of a LoRA adapter decides. */
const candidatesMax = 4;

/**
 * The first usable member of an order; when an adapter is asked for, among the first four the one where it is best
 * placed.
 *
 * @param next gives the next member of the order, or undefined where a step names none.
 */
export function bestPlaced(search: Search, stepsMax: number, next: () => Member | undefined): Member | null {
  const isPlain = search.ask.adapter === null;
  let best: Member | null = null;
  let bestBonus = -1;
  for (let steps = 0, found = 0; steps < stepsMax && found < candidatesMax; steps += 1) {
    const member = next();
    if (member === undefined || !search.isUsable(member)) continue;
    if (isPlain) return member;
    found += 1;
    const bonus = search.bonusOn(member);
    if (bonus > bestBonus) {
      best = member;
      bestBonus = bonus;
    }
    if (bonus === 1) break;
  }
  return best;
}
