import type { Member } from "../../src/serving/gateway/routing/member.ts";
import type { Policy } from "../../src/serving/gateway/routing/policy.ts";
import type { Search } from "../../src/serving/gateway/routing/search.ts";

/**
 * Rules of other routers, written anew from their documentation for a comparison inside one simulator. They look at all replicas,
 * as the originals do.
 */

function leastBusy(members: readonly Member[]): Member | null {
  let best: Member | null = null;
  for (const member of members)
    if (best === null || member.requests + member.heardRequests < best.requests + best.heardRequests) best = member;
  return best;
}

function depths(search: Search): ReadonlyMap<Member, number> {
  const { blocks } = search.ask;
  const { index, members } = search.fleet;
  return new Map(members.map((member) => [member, blocks === null ? 0 : index.depthOn(member.seat, blocks)]));
}

/** SMG's cache-aware rule with its defaults: least busy when loads differ by more than 32 and 1.1 ×, else the longest match above a half. */
export class CacheAwareRule implements Policy {
  choose(search: Search): Member | null {
    const { members } = search.fleet;
    const loads = members.map((member) => member.requests + member.heardRequests);
    const [most, least] = [Math.max(...loads), Math.min(...loads)];
    if (most - least > 32 && most > 1.1 * least) return leastBusy(members);
    let best: Member | null = null;
    let bestDepth = 0;
    for (const [member, depth] of depths(search)) if (depth > bestDepth) [best, bestDepth] = [member, depth];
    return bestDepth > (search.ask.blocks?.length ?? 0) / 2 ? best : leastBusy(members);
  }
}

/** The load-aware score of vLLM's production-stack, matched part less relative load, over all replicas. */
export class LoadAwareScore implements Policy {
  choose(search: Search): Member | null {
    const mean = search.fleet.meanLoad();
    const count = Math.max(1, search.ask.blocks?.length ?? 0);
    let best: Member | null = null;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (const [member, depth] of depths(search)) {
      const score = depth / count - (member.key - mean) / Math.max(1, mean);
      if (score > bestScore) [best, bestScore] = [member, score];
    }
    return best;
  }
}

/** The least estimated time to the first token, whatever that does to the caches. */
export class GreedyFirstToken implements Policy {
  choose(search: Search): Member | null {
    let best: Member | null = null;
    let bestTokens = Number.POSITIVE_INFINITY;
    for (const [member, depth] of depths(search)) {
      const tokens = member.prefillTokens + member.heardPrefillTokens + search.uncachedTokens(depth);
      if (tokens < bestTokens) [best, bestTokens] = [member, tokens];
    }
    return best;
  }
}

/** The replica that the beginning of the prompt hashes to, however busy it is. */
export class PrefixHashOnly implements Policy {
  choose(search: Search): Member | null {
    const { members } = search.fleet;
    const key = search.ask.blocks?.[3] ?? Math.floor(search.random.next() * 2 ** 31);
    return members[(key >>> 0) % members.length] ?? null;
  }
}
