import type { Instant } from "../../../base/clock.ts";
import type { Random } from "../../../base/random.ts";
import type { Endpoint } from "./balancer.ts";
import { AdapterHomes } from "./adapter-homes.ts";
import { BlockIndex } from "./block-index.ts";
import { LoadHeap } from "./load-heap.ts";
import { Member } from "./member.ts";
import { loadOn, outputTokenWeight } from "./member-load.ts";
import { UsualRequest } from "./usual-request.ts";

/** What a cache is taken to hold until its engine tells: a million tokens, as an 80 GB GPU holds of a small model. */
const blocksUnlessTold = 16_384;
/** Members whose load is reckoned anew with every pick: what ages does not change by itself. */
const refreshedPerPick = 2;

/** The replicas that a balancer chooses among, by id, by load, by adapter and by what lies in their caches. */
export class Fleet {
  readonly members: Member[] = [];
  readonly heap = new LoadHeap();
  readonly index: BlockIndex;
  readonly adapters = new AdapterHomes();
  readonly usual = new UsualRequest();
  /** Requests in flight that this worker holds or has heard of. */
  requestsInFlight = 0;
  weightTotal = 0;
  /** Changes whenever members come or go: what is built from the members is built anew. */
  revision = 0;
  readonly #random: Random;
  readonly #byId = new Map<string, Member>();
  readonly #bySeat: (Member | undefined)[] = [];
  #refreshed = 0;
  #loadTotal = 0;

  constructor(random: Random, entriesMax: number) {
    this.#random = random;
    this.index = new BlockIndex(entriesMax);
  }

  get(id: string): Member | undefined {
    return this.#byId.get(id);
  }

  /** The member that the block index knows by this number. */
  seated(seat: number): Member | undefined {
    return this.#bySeat[seat];
  }

  retain(endpoints: readonly Endpoint[], now: Instant): void {
    const isFirst = this.members.length === 0;
    const wanted = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]));
    for (const member of this.members.toReversed()) if (!wanted.has(member.endpoint.id)) this.#remove(member);
    for (const endpoint of wanted.values()) {
      if (!(endpoint.weight > 0)) {
        throw new RangeError(`the weight of replica ${endpoint.id} must be above zero and is ${endpoint.weight}`);
      }
      const member = this.#byId.get(endpoint.id);
      if (member === undefined) this.#add(endpoint, isFirst ? null : now);
      else member.endpoint = endpoint;
    }
    this.revision += 1;
    this.adapters.retain(this.members);
    this.weightTotal = this.members.reduce((sum, member) => sum + member.endpoint.weight, 0);
    for (const member of this.members) this.reckon(member, now);
  }

  /** The mean of the members' loads, in tokens for each unit of weight. */
  meanLoad(): number {
    return Math.max(0, this.#loadTotal) / Math.max(1, this.members.length);
  }

  /** Puts the member where its load of now belongs. */
  reckon(member: Member, now: Instant): void {
    if (member.listPlace === -1) return;
    const load = loadOn(member, this.usual.prefillTokens + outputTokenWeight * this.usual.outputTokens, now);
    this.#loadTotal += load - member.key;
    member.key = load;
    this.heap.update(member);
  }

  /** Reckons a few members anew, the next ones in turn: slow starts and what engines said change with time alone. */
  refreshSome(now: Instant): void {
    for (let count = Math.min(refreshedPerPick, this.members.length); count > 0; count -= 1) {
      this.#refreshed = (this.#refreshed + 1) % this.members.length;
      const member = this.members[this.#refreshed];
      if (member !== undefined) this.reckon(member, now);
    }
  }

  #add(endpoint: Endpoint, joinedAt: Instant | null): void {
    const member = new Member(endpoint, this.index.open(blocksUnlessTold), joinedAt, this.#random.next());
    member.listPlace = this.members.length;
    this.members.push(member);
    this.#byId.set(endpoint.id, member);
    this.#bySeat[member.seat] = member;
    this.heap.add(member);
  }

  #remove(member: Member): void {
    this.#loadTotal -= member.key;
    this.requestsInFlight -= member.requests + member.heardRequests;
    this.#bySeat[member.seat] = undefined;
    this.heap.remove(member);
    this.index.close(member.seat);
    this.#byId.delete(member.endpoint.id);
    const last = this.members.pop();
    if (last !== undefined && last !== member) {
      this.members[member.listPlace] = last;
      last.listPlace = member.listPlace;
    }
    member.listPlace = -1;
  }
}
