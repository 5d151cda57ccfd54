import type { Member } from "./member.ts";
import type { Policy } from "./policy.ts";
import type { Search } from "./search.ts";

/** Least loaded members that the place of an adapter may reorder. */
const candidateCount = 4;

/** The replica with the least work in flight for its weight. */
export class LeastLoad implements Policy {
  choose(search: Search): Member | null {
    const { adapter, tokensIn, tokensOut } = search.ask;
    if (adapter === null) return search.leastLoaded(1)[0] ?? null;
    let best: Member | null = null;
    let bestCost = Number.POSITIVE_INFINITY;
    const consider = (member: Member): void => {
      const cost = (member.key + tokensIn + tokensOut) * (2 - search.bonusOn(member));
      if (cost >= bestCost) return;
      best = member;
      bestCost = cost;
    };
    for (const member of search.leastLoaded(candidateCount)) consider(member);
    for (const member of search.fleet.adapters.homesOf(adapter)) if (search.isUsable(member)) consider(member);
    return best;
  }
}
