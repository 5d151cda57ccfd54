import type { Instant, Millis } from "../../base/clock.ts";
import type { Claim, IsIgnored } from "./claim.ts";
import type { MemberPlace, Shape } from "./model.ts";
import type { NodeState } from "./node-state.ts";
import { type MembersAsk, type NodeShare, placeMembers } from "./place-members.ts";
import type { PoolState } from "./pool-state.ts";
import type { Room } from "./node-room.ts";

/** What is looked for in one pool. */
export interface PlaceAsk extends MembersAsk {
  readonly shape: Shape;
  /** Names the shape: equal shapes have equal keys. */
  readonly shapeKey: string;
}

/** A start that is possible from `at` on. */
export interface FoundStart {
  readonly at: Instant;
  readonly places: readonly MemberPlace[];
}

/** How many nodes with free room a search for a place now looks at before it gives up: what is free may be promised. */
const conflictLooksMax = 512;

/** A look at a node goes through so many claims, a power of two. */
const claimsPerLookBits = 4;

/** Looks for places: now, or as early as possible. Counts its looks at nodes, so that a cycle can bound them. */
export class PlaceSearch {
  readonly #room: Room;
  looks = 0;

  constructor(room: Room) {
    this.#room = room;
  }

  /** Places for [now, end) beside all claims that are not ignored, or null. */
  findNow(
    pool: PoolState,
    ask: PlaceAsk,
    now: Instant,
    end: Instant,
    isIgnored: IsIgnored,
  ): readonly MemberPlace[] | null {
    const { shape, shapeKey } = ask;
    if (pool.totalNow(shapeKey, shape) < ask.min) return null;
    if (ask.max === 1) {
      const node = pool.findBest(shapeKey, shape, conflictLooksMax, (each) => {
        this.looks += 1;
        return each.future.length === 0 || each.slotsDuring(shape, now, end, isIgnored, this.#room) > 0;
      });
      return node === undefined ? null : this.#take([{ node, members: 1 }], shape, now, end, isIgnored);
    }
    const slots = pool.slotsNow(shapeKey, shape).slice();
    pool.nodes.forEach((node, index) => {
      if (slots[index] === 0 || node.future.length === 0) return;
      this.looks += 1;
      slots[index] = node.slotsDuring(shape, now, end, isIgnored, this.#room);
    });
    return this.takeAll(pool, ask, slots, now, end, isIgnored);
  }

  /**
   * The earliest start in [from, before) for a run of `durationMs`, beside all claims that are not ignored, or null.
   *
   * Exact for one member. For several the moment is found by bisection over the moments at which something ends: it is
   * always possible, and the earliest where room only grows.
   */
  findEarliest(
    pool: PoolState,
    ask: PlaceAsk,
    from: Instant,
    durationMs: Millis,
    before: Instant,
    isIgnored: IsIgnored,
  ): FoundStart | null {
    return ask.max === 1
      ? this.#findEarliestForOne(pool, ask, from, durationMs, before, isIgnored)
      : this.#findEarliestForMany(pool, ask, from, durationMs, before, isIgnored);
  }

  #findEarliestForOne(
    pool: PoolState,
    { shape, shapeKey }: PlaceAsk,
    from: Instant,
    durationMs: Millis,
    before: Instant,
    isIgnored: IsIgnored,
  ): FoundStart | null {
    let best: NodeState | undefined;
    let at = before;
    for (const node of pool.hosts(shapeKey, shape)) {
      this.looks += costOf(node);
      const found = node.earliest(shape, from, durationMs, at, isIgnored, this.#room);
      if (found >= at) continue;
      at = found;
      best = node;
      if (at === from) break;
    }
    if (best === undefined) return null;
    const places = this.#take([{ node: best, members: 1 }], shape, at, at + durationMs, isIgnored);
    return places === null ? null : { at, places };
  }

  #findEarliestForMany(
    pool: PoolState,
    ask: PlaceAsk,
    from: Instant,
    durationMs: Millis,
    before: Instant,
    isIgnored: IsIgnored,
  ): FoundStart | null {
    const hosts = pool.hosts(ask.shapeKey, ask.shape).map((node) => ({ node, future: node.futureBeside(isIgnored) }));
    const times = endsIn(hosts, from, before);
    const slots = new Int32Array(pool.nodes.length);
    const tryAt = (at: Instant): FoundStart | null => {
      slots.fill(0);
      for (const { node, future } of hosts) {
        this.looks += costOf(node);
        slots[node.index] = node.slotsBeside(ask.shape, future, at, at + durationMs, this.#room);
      }
      const places = this.takeAll(pool, ask, slots, at, at + durationMs, isIgnored);
      return places === null ? null : { at, places };
    };
    const first = tryAt(from);
    if (first !== null) return first;
    let found: FoundStart | null = null;
    let low = 1;
    let high = times.length - 1;
    while (low <= high) {
      // The last moment first: when even that will not do, nothing will.
      const middle = found === null && high === times.length - 1 ? high : (low + high) >> 1;
      const there = tryAt(times[middle] ?? from);
      if (there === null) {
        if (middle === times.length - 1) return null;
        low = middle + 1;
      } else {
        found = there;
        high = middle - 1;
      }
    }
    return found;
  }

  /** Places all members by the slots of the nodes, and takes their pieces. */
  takeAll(
    pool: PoolState,
    ask: PlaceAsk,
    slots: Int32Array,
    start: Instant,
    end: Instant,
    isIgnored: IsIgnored,
  ): readonly MemberPlace[] | null {
    const shares = placeMembers(pool.topology, slots, ask);
    if (shares === null) return null;
    return this.#take(withNodes(shares, pool.nodes), ask.shape, start, end, isIgnored);
  }

  #take(
    shares: readonly { readonly node: NodeState; readonly members: number }[],
    shape: Shape,
    start: Instant,
    end: Instant,
    isIgnored: IsIgnored,
  ): readonly MemberPlace[] | null {
    const places: MemberPlace[] = [];
    for (const { node, members } of shares) {
      const pieces = node.choosePieces(shape, members, start, end, isIgnored, this.#room);
      if (pieces === null) return null;
      for (const gpus of pieces) places.push({ node: node.spec.id, gpus });
    }
    return places;
  }
}

/** A look at a node with many claims counts for several. */
function costOf({ running, future }: NodeState): number {
  return 1 + ((running.length + future.length) >> claimsPerLookBits);
}

/** A node that takes what is asked, and what is planned on it that counts. */
interface Host {
  readonly node: NodeState;
  readonly future: readonly Claim[];
}

/** `from`, and the moments before `before` at which something ends, in their order. */
function endsIn(hosts: readonly Host[], from: Instant, before: Instant): readonly Instant[] {
  const ends: Instant[] = [];
  for (const { node, future } of hosts) {
    for (const { end } of node.running) if (end > from && end < before) ends.push(end);
    for (const { end } of future) if (end > from && end < before) ends.push(end);
  }
  const times: Instant[] = [from];
  let last = from;
  for (const end of Float64Array.from(ends).sort()) {
    if (end === last) continue;
    times.push(end);
    last = end;
  }
  return times;
}

function withNodes(shares: readonly NodeShare[], nodes: readonly NodeState[]) {
  return shares.flatMap(({ node, members }) => {
    const state = nodes[node];
    return state === undefined ? [] : [{ node: state, members }];
  });
}
