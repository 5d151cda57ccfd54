import type { Instant, Millis } from "../../../base/clock.ts";
import type { Member } from "./member.ts";
import { capacityOf, kvPressureOf, outputTokenWeight, prefillOn, requestsOn, requestTokens } from "./member-load.ts";
import type { Policy } from "./policy.ts";
import type { Search } from "./search.ts";

/** Candidates that hold nothing of the prompt: the least loaded ones. */
const coldCandidates = 4;
/**
 * The prices below are in prompts: 1 is what it costs to compute the whole prompt anew. They were chosen by simulation; how
 * much each of them matters stands in docs/benchmarks/routing.md.
 */
const loadPrice = 0.5;
const pressurePrice = 0.1;
/** A cached block that is evicted for this prompt and was asked for just now; less, the longer ago that was. */
const evictionPrice = 0.5;
const evictionMs: Millis = 30_000;
/** Waiting for a slot, next to waiting for the prompts ahead: others with short prompts wait there too. */
const slotWaitPrice = 0.5;
/** An adapter that must be loaded first: its weights come from the host or a disk. */
const adapterPrice = 4;
/** What goes to a replica that fails, at the least: its load is low because it fails. */
const failurePrice = 0.1;
/** Loads below that of so many usual requests are not told apart: few requests are uneven by chance. */
const loadFloorRequests = 4;
/** Of two copies the one that was asked for later is the surer one: trust in the other sinks to 1/e in this time. */
const trustMs: Millis = 30_000;

/**
 * The replica where a request costs the fleet the least, in prompt tokens to compute.
 *
 * Counted are the tokens that are not cached there, and what they displace and delay; the load next to the mean of all; the wait for a
 * slot; the pressure on its memory. A prompt that must be computed avoids replicas that compute others already; one
 * that is cached stays where it is until that place is far busier than the rest, and then gets a second home. Of
 * several copies the one asked for last is preferred, so that copies nobody needs grow old and make room.
 *
 * Looks at the replicas that hold a part of the prompt (up to some 16, 47 at the most), at the four least loaded ones, and with an
 * adapter at eight where it was last used.
 */
export class LeastCost implements Policy {
  choose(search: Search): Member | null {
    let best: Member | null = null;
    let bestCost = Number.POSITIVE_INFINITY;
    const consider = (member: Member, blocks: number): void => {
      const cost = costOf(member, blocks, search);
      if (cost >= bestCost || !search.isUsable(member)) return;
      best = member;
      bestCost = cost;
    };
    let newest: Instant = 0;
    search.matched((_member, _blocks, touchedAt) => {
      newest = Math.max(newest, touchedAt);
    });
    search.matched((member, blocks, touchedAt) => consider(member, blocks * Math.exp((touchedAt - newest) / trustMs)));
    for (const member of search.leastLoaded(coldCandidates)) consider(member, 0);
    const { adapter } = search.ask;
    if (adapter !== null) for (const member of search.fleet.adapters.homesOf(adapter)) consider(member, 0);
    return best;
  }
}

function costOf(member: Member, blocks: number, search: Search): number {
  const { fleet, now } = search;
  const prompt = Math.max(requestTokens, search.ask.tokensIn);
  const uncached = search.uncachedTokens(blocks);
  const delay = (prefillOn(member, fleet.usual.prefillTokens, now) * uncached) / prompt;
  const price =
    relativeLoad(member, search) * loadPrice +
    kvPressureOf(member, now) * pressurePrice +
    (1 - search.bonusOn(member)) * adapterPrice +
    failurePrice;
  const tokens =
    uncached * (1 + evictionCharge(member, search)) + delay + slotWaitTokens(member, search) + prompt * price;
  return tokens / capacityOf(member, now);
}

function relativeLoad(member: Member, search: Search): number {
  const { usual } = search.fleet;
  const floor = loadFloorRequests * (usual.prefillTokens + outputTokenWeight * usual.outputTokens);
  return member.key / Math.max(search.fleet.meanLoad(), floor);
}

function evictionCharge(member: Member, search: Search): number {
  const oldest = search.fleet.index.evictsFrom(member.seat);
  return oldest === null ? 0 : evictionPrice * Math.exp((oldest - search.now) / evictionMs);
}

/** The wait for a slot, as the prompt tokens that are computed in that time. */
function slotWaitTokens(member: Member, search: Search): number {
  const { slots } = member.endpoint;
  const { holdMs, paceMs } = search.fleet.usual;
  if (slots === null) return 0;
  const before = Math.max(0, requestsOn(member, search.now) + 1 - slots);
  return (slotWaitPrice * before * holdMs) / slots / Math.max(1e-3, paceMs);
}
