import type { Member } from "./member.ts";
import { kvPressureOf } from "./member-load.ts";
import type { Policy } from "./policy.ts";
import type { Search } from "./search.ts";

/** What one mean load above the mean costs, in whole prompts. The published 1 moves too many prompts from where they are cached. */
const loadWeight = 0.5;
/** What KV cache pressure k/(1−k) costs. */
const pressureWeight = 0.1;
/** Candidates that hold nothing of the prompt. */
const coldCandidates = 4;

/**
 * The replica with the best sum of what its cache spares and what its load costs:
 * `matched / blocks − (load − mean) / max(1, mean) − pressure + adapter`.
 *
 * Source: the load-aware score of vLLM's production-stack (PR #1035), with the KV pressure of SMG and llm-d's values of
 * adapters. Looks at replicas that hold a part of the prompt and at the least loaded ones.
 */
export class PrefixScore implements Policy {
  choose(search: Search): Member | null {
    const mean = search.fleet.meanLoad();
    const blockCount = search.ask.blocks?.length ?? 0;
    let best: Member | null = null;
    let bestScore = Number.NEGATIVE_INFINITY;
    const consider = (member: Member, blocks: number): void => {
      const pressure = kvPressureOf(member, search.now);
      const cached = blockCount === 0 ? 0 : blocks / blockCount;
      const load = (loadWeight * (member.key - mean)) / Math.max(1, mean);
      const score = cached - load - pressureWeight * pressure + search.bonusOn(member);
      if (score <= bestScore || !search.isUsable(member)) return;
      best = member;
      bestScore = score;
    };
    search.matched(consider);
    for (const member of search.leastLoaded(coldCandidates)) consider(member, 0);
    const { adapter } = search.ask;
    if (adapter !== null) for (const member of search.fleet.adapters.homesOf(adapter)) consider(member, 0);
    return best;
  }
}
