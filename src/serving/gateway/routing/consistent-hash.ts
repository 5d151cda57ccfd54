import { bestPlaced } from "./best-placed.ts";
import { HashRing, hashText } from "./hash-ring.ts";
import type { Member } from "./member.ts";
import type { Policy } from "./policy.ts";
import type { Search } from "./search.ts";

/** No replica gets more than so many times its share of the requests in flight. */
const loadBound = 1.25;
/** The block whose hash is the key of a prompt without a session: the first 1 KB decides. */
const keyBlock = 3;

/**
 * Consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam 2018), by session or else by how the prompt
 * begins.
 *
 * The first replica clockwise that has room: fewer in flight than 1.25 times its share by weight. Counts what this worker
 * holds and has heard of.
 */
export class ConsistentHash implements Policy {
  readonly #ring = new HashRing();

  choose(search: Search): Member | null {
    const key = keyOf(search);
    if (key === null) return search.leastLoaded(1)[0] ?? null;
    const candidates: Member[] = [];
    this.#ring.walk(search.fleet, key, (member) => {
      search.countLook();
      if (hasRoom(member, search)) candidates.push(member);
      return candidates.length < candidatesOf(search);
    });
    let place = 0;
    const next = (): Member | undefined => {
      place += 1;
      return candidates[place - 1];
    };
    return bestPlaced(search, candidates.length, next) ?? search.leastLoaded(1)[0] ?? null;
  }
}

/** More are collected than are needed, since some may not be usable. */
function candidatesOf(search: Search): number {
  return search.ask.adapter === null ? 8 : 16;
}

function keyOf(search: Search): number | null {
  const { session, blocks } = search.ask;
  if (session !== null) return hashText(session);
  if (blocks === null || blocks.length === 0) return null;
  return blocks[Math.min(keyBlock, blocks.length - 1)] ?? null;
}

/** Whether one more request stays within so many times the member's share, and so many requests more. */
export function hasRoom(member: Member, search: Search, bound = loadBound, slack = 0): boolean {
  const { requestsInFlight, weightTotal } = search.fleet;
  const share = member.endpoint.weight / weightTotal;
  const limit = Math.ceil(bound * (requestsInFlight + 1) * share) + slack;
  return member.requests + member.heardRequests < limit;
}
