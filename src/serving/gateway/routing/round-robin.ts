import type { Member } from "./member.ts";
import type { Policy } from "./policy.ts";
import { bestPlaced } from "./best-placed.ts";
import type { Search } from "./search.ts";
import { capacityOf } from "./member-load.ts";

/** Steps of one pick before any usable replica will do. */
const stepsMax = 64;

/** One replica after the other; one of half the weight is passed over every second time. */
export class RoundRobin implements Policy {
  #place = -1;
  readonly #credits = new WeakMap<Member, number>();
  #weightMax = 0;
  #revision = -1;

  choose(search: Search): Member | null {
    const { members, revision } = search.fleet;
    if (revision !== this.#revision) {
      this.#revision = revision;
      this.#weightMax = members.reduce((most, member) => Math.max(most, member.endpoint.weight), 0);
    }
    return bestPlaced(search, stepsMax, () => this.#next(search));
  }

  /** The next member, when its turn has come. */
  #next(search: Search): Member | undefined {
    const { members } = search.fleet;
    this.#place = (this.#place + 1) % Math.max(1, members.length);
    const member = members[this.#place];
    if (member === undefined) return undefined;
    const credit = (this.#credits.get(member) ?? 0) + capacityOf(member, search.now) / this.#weightMax;
    const isTurn = credit >= 1;
    this.#credits.set(member, isTurn ? credit - 1 : credit);
    return isTurn ? member : undefined;
  }
}
