import type { Member } from "./member.ts";
import { capacityOf, requestsOn } from "./member-load.ts";
import { peakPaceOf } from "./peak-pace.ts";
import type { Policy } from "./policy.ts";
import type { Search } from "./search.ts";

/** Milliseconds a token: what a replica is taken for until it has answered, neither fast nor slow. */
const paceUnlessKnownMs = 0.1;
/** Tries to find a second member that is not the first. */
const secondTries = 4;

/**
 * The better of two replicas by chance: fewer requests in flight times the pace of its first tokens, for its weight.
 *
 * Power of two choices with peak-EWMA (Mitzenmacher 2001; Finagle's `p2c`).
 */
export class PowerOfTwo implements Policy {
  choose(search: Search): Member | null {
    const first = search.sample();
    if (first === undefined) return null;
    let second = first;
    for (let tries = 0; second === first && tries < secondTries; tries += 1) second = search.sample() ?? first;
    const [one, other] = [costOf(first, search), costOf(second, search)];
    return one <= other ? first : second;
  }
}

function costOf(member: Member, search: Search): number {
  const pace = peakPaceOf(member, search.now) ?? paceUnlessKnownMs;
  const requests = requestsOn(member, search.now) + 1;
  return (requests * pace * (2 - search.bonusOn(member))) / capacityOf(member, search.now);
}
