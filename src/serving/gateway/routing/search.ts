import type { Instant } from "../../../base/clock.ts";
import type { Random } from "../../../base/random.ts";
import { serves } from "./adapter-homes.ts";
import type { RoutingAsk } from "./balancer.ts";
import { Matches } from "./block-index.ts";
import type { Fleet } from "./fleet.ts";
import type { Member } from "./member.ts";

/** Members that one way of looking may look at before it gives up: the rest may all be unusable. */
const looksMax = 32;
/** Replicas with a part of the prompt in their cache that are taken into account. */
const matchesWanted = 16;

/**
 * The ways in which a policy finds candidates for one request: each looks at a bounded number of members.
 *
 * Made once a balancer and begun anew for each pick.
 */
export class Search {
  readonly fleet: Fleet;
  readonly random: Random;
  readonly #matches = new Matches();
  #ask: RoutingAsk = { tokensIn: 0, tokensOut: 0, blocks: null, session: null, adapter: null };
  #isUsable: (endpoint: string) => boolean = () => false;
  #now: Instant = 0;
  #looks = 0;
  #hasMatched = false;

  constructor(fleet: Fleet, random: Random) {
    this.fleet = fleet;
    this.random = random;
  }

  get ask(): RoutingAsk {
    return this.#ask;
  }

  get now(): Instant {
    return this.#now;
  }

  /** Members that were looked at since `begin`. */
  get looks(): number {
    return this.#looks;
  }

  begin(ask: RoutingAsk, isUsable: (endpoint: string) => boolean, now: Instant): void {
    this.#ask = ask;
    this.#isUsable = isUsable;
    this.#now = now;
    this.#looks = 0;
    this.#hasMatched = false;
  }

  isUsable(member: Member): boolean {
    this.#looks += 1;
    return serves(member, this.#ask.adapter) && this.#isUsable(member.endpoint.id);
  }

  /** Counts a member that a policy looks at by ways of its own. */
  countLook(): void {
    this.#looks += 1;
  }

  /** A usable member by chance; undefined when none was met in a few tries. */
  sample(): Member | undefined {
    const members = this.#eligible();
    for (let tries = 0; tries < looksMax; tries += 1) {
      const member = members[Math.floor(this.random.next() * members.length)];
      if (member !== undefined && this.isUsable(member)) return member;
    }
    return undefined;
  }

  /** Up to so many usable members, the least loaded first. */
  leastLoaded(count: number): readonly Member[] {
    const found: Member[] = [];
    const looksBefore = this.#looks;
    this.fleet.heap.visit((member) => {
      if (this.isUsable(member)) found.push(member);
      return found.length < count && this.#looks - looksBefore < looksMax;
    });
    return found;
  }

  /** The last resort: the first usable one of all, from a place by chance on. The only way that may look at all of them. */
  anyUsable(): Member | null {
    const members = this.#eligible();
    const start = Math.floor(this.random.next() * members.length);
    for (let step = 0; step < members.length; step += 1) {
      const member = members[(start + step) % members.length];
      if (member !== undefined && this.isUsable(member)) return member;
    }
    return null;
  }

  /** Members that hold a part of the prompt, those with the longest match first. */
  matched(visit: (member: Member, blocks: number, touchedAt: Instant) => void): void {
    const { blocks } = this.#ask;
    if (blocks === null || blocks.length === 0) return;
    if (!this.#hasMatched) {
      this.fleet.index.match(blocks, matchesWanted, this.#matches);
      this.#looks += this.#matches.seats.length;
      this.#hasMatched = true;
    }
    for (let place = 0; place < this.#matches.seats.length; place += 1) {
      const member = this.fleet.seated(this.#matches.seats[place] ?? -1);
      if (member !== undefined) visit(member, this.#matches.depths[place] ?? 0, this.#matches.touchedAt[place] ?? 0);
    }
  }

  /** What the place of the asked adapter is worth there, 0 to 1; 1 when none is asked for. */
  bonusOn(member: Member): number {
    const { adapter } = this.#ask;
    return adapter === null ? 1 : this.fleet.adapters.bonusOn(member, adapter);
  }

  /** Prompt tokens that a replica with so many leading blocks in its cache must compute. */
  uncachedTokens(blocksMatched: number): number {
    const { blocks, tokensIn } = this.#ask;
    if (blocks === null || blocks.length === 0) return tokensIn;
    return tokensIn * (1 - blocksMatched / blocks.length);
  }

  #eligible(): readonly Member[] {
    const { adapter } = this.#ask;
    return (adapter === null ? undefined : this.fleet.adapters.declaredBy(adapter)) ?? this.fleet.members;
  }
}
