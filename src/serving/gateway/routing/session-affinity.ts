import { ConsistentHash, hasRoom } from "./consistent-hash.ts";
import type { Member } from "./member.ts";
import { PowerOfTwo } from "./power-of-two.ts";
import type { Policy } from "./policy.ts";
import type { Search } from "./search.ts";

/** Sessions that are remembered; the one that was silent longest is forgotten first. */
const sessionsMax = 65_536;

/** A session leaves its home when that has more than twice its share and four requests. */
const homeBound = 2;
const homeSlack = 4;

/**
 * Keeps a session on the replica that served it last, unless that is unusable or far busier than the others.
 *
 * A new session goes where its name hashes to, which is the same in every gateway worker. Without a session: power of two
 * choices.
 */
export class SessionAffinity implements Policy {
  readonly #homes = new Map<string, Member>();
  readonly #hash = new ConsistentHash();
  readonly #others = new PowerOfTwo();

  choose(search: Search): Member | null {
    const { session } = search.ask;
    if (session === null) return this.#others.choose(search);
    const home = this.#homes.get(session);
    const isHomeGood =
      home !== undefined &&
      home.listPlace !== -1 &&
      hasRoom(home, search, homeBound, homeSlack) &&
      search.isUsable(home);
    const chosen = isHomeGood ? home : this.#hash.choose(search);
    if (chosen !== null) this.#remember(session, chosen);
    return chosen;
  }

  #remember(session: string, member: Member): void {
    this.#homes.delete(session);
    this.#homes.set(session, member);
    const oldest = this.#homes.keys().next();
    if (this.#homes.size > sessionsMax && oldest.done === false) this.#homes.delete(oldest.value);
  }
}
