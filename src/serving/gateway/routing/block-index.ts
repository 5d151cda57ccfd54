import type { Instant } from "../../../base/clock.ts";
import { EntryLists, noEntry } from "./entry-lists.ts";
import { HashTable } from "./hash-table.ts";

/** Holders that are remembered of one block; of a prompt that all replicas hold, so many are enough to choose from. */
const holdersMax = 32;

/** Blocks that any replica may be known to hold, however many replicas share the index. */
const capacityMin = 64;

/** Replicas that hold the beginning of a prompt; filled by `BlockIndex.match`, and reused from call to call. */
export class Matches {
  readonly seats: number[] = [];
  /** Leading blocks that the replica of the same place holds. */
  readonly depths: number[] = [];
  /** When the deepest of these blocks was last asked for there. */
  readonly touchedAt: Instant[] = [];

  add(seat: number, depth: number, touchedAt: Instant): void {
    this.seats.push(seat);
    this.depths.push(depth);
    this.touchedAt.push(touchedAt);
  }

  clear(): void {
    this.seats.length = 0;
    this.depths.length = 0;
    this.touchedAt.length = 0;
  }
}

/** How much shorter a list gets when its replica had evicted what was thought to be there, and longer when it had not. */
const shrinkStep = 0.97;
const growthStep = 1.002;

interface Seat {
  oldest: number;
  newest: number;
  count: number;
  /** Blocks that the engine says it can hold, and those that it was seen to hold. */
  capacity: number;
  seen: number;
}

/**
 * Which replica is thought to hold which blocks of prompts in its cache.
 *
 * Each replica has a list of its blocks by age, as long as its cache: what would have been evicted there is forgotten here, without a word
 * from the engine. A prompt is matched in O(log blocks) steps, whatever the number of replicas. Memory: 28 bytes an
 * entry and 16 to 32 a distinct block, at most `entriesMax` entries.
 */
export class BlockIndex {
  readonly #entriesMax: number;
  readonly #table = new HashTable();
  readonly #lists = new EntryLists();
  readonly #seats: (Seat | null)[] = [];
  readonly #freeSeats: number[] = [];
  #seatCount = 0;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  get entryCount(): number {
    return this.#lists.count;
  }

  /** Adds a replica whose cache holds so many blocks. @returns the number by which the index knows it. */
  open(capacity: number): number {
    const seat = this.#freeSeats.pop() ?? this.#seats.length;
    this.#seats[seat] = { oldest: noEntry, newest: noEntry, count: 0, capacity, seen: capacity };
    this.#seatCount += 1;
    return seat;
  }

  /** Removes a replica and all that it held. */
  close(seat: number): void {
    const state = this.#stateOf(seat);
    while (state.oldest !== noEntry) this.#drop(state, state.oldest);
    this.#seats[seat] = null;
    this.#freeSeats.push(seat);
    this.#seatCount -= 1;
  }

  setCapacity(seat: number, capacity: number): void {
    const state = this.#stateOf(seat);
    if (state.capacity === capacity) return;
    state.capacity = capacity;
    state.seen = capacity;
  }

  /**
   * Takes in how many of the blocks that were thought to be there the engine found.
   *
   * Too few: its cache keeps less than was thought, and the list gets shorter. As thought: it may grow again, slowly.
   */
  observeHit(seat: number, thought: number, found: number): void {
    const state = this.#stateOf(seat);
    if (thought === 0) return;
    if (found * 2 < thought) state.seen = Math.max(capacityMin, Math.min(state.seen, state.count) * shrinkStep);
    else state.seen = Math.min(state.capacity, state.seen * growthStep);
  }

  /** Blocks that the replica is thought to hold. */
  countOf(seat: number): number {
    return this.#stateOf(seat).count;
  }

  /** When the block that the replica would evict next was last asked for; null while its cache is not full. */
  evictsFrom(seat: number): Instant | null {
    const state = this.#stateOf(seat);
    if (state.count < this.#limitOf(state)) return null;
    return this.#lists.touchedAt[state.oldest] ?? null;
  }

  /** The blocks were asked for there: they are now the newest, the first one of all. */
  learn(seat: number, blocks: readonly number[], now: Instant): void {
    const state = this.#stateOf(seat);
    const limit = this.#limitOf(state);
    for (let place = Math.min(blocks.length, limit) - 1; place >= 0; place -= 1) {
      const hash = blocks[place] ?? 0;
      let entry = this.#entryOf(seat, hash);
      if (entry === noEntry) entry = this.#insert(state, seat, hash, limit);
      else this.#unlink(state, entry);
      if (entry === noEntry) return;
      this.#lists.touchedAt[entry] = now;
      this.#linkNewest(state, entry);
    }
    while (state.count > limit) this.#drop(state, state.oldest);
  }

  forget(seat: number, blocks: readonly number[]): void {
    const state = this.#stateOf(seat);
    for (const hash of blocks) {
      const entry = this.#entryOf(seat, hash);
      if (entry !== noEntry) this.#drop(state, entry);
    }
  }

  /** Leading blocks that one replica holds; takes for granted that who holds a block holds those before it. */
  depthOn(seat: number, blocks: readonly number[]): number {
    return lastTrue(blocks.length, (place) => this.#entryOf(seat, blocks[place] ?? 0) !== noEntry);
  }

  /**
   * Finds up to about `wanted` replicas that hold the most of the prompt, those with the longest match first.
   *
   * Steps back from the deepest block that anybody holds by 1, 2, 4, … blocks, and finds the depth of who appears in a step
   * by halving it.
   */
  match(blocks: readonly number[], wanted: number, found: Matches): void {
    found.clear();
    let depth = lastTrue(blocks.length, (place) => this.#table.get(blocks[place] ?? 0) !== noEntry);
    let above = depth;
    for (let stride = 1; depth > 0 && found.seats.length < wanted; stride *= 2) {
      this.#addHolders(blocks, depth, above, found);
      above = depth - 1;
      depth = depth > 1 ? Math.max(1, depth - stride) : 0;
    }
  }

  /** Adds who holds the block before `depth` and is not known yet; nobody new holds the block before `above + 1`. */
  #addHolders(blocks: readonly number[], depth: number, above: number, found: Matches): void {
    const { nextHolder, seat } = this.#lists;
    const known = found.seats.length;
    for (let entry = this.#table.get(blocks[depth - 1] ?? 0); entry !== noEntry; entry = nextHolder[entry] ?? noEntry) {
      const holder = seat[entry] ?? 0;
      if (known > 0 && found.seats.includes(holder)) continue;
      const more = lastTrue(above - depth, (step) => this.#entryOf(holder, blocks[depth + step] ?? 0) !== noEntry);
      const deepest = more === 0 ? entry : this.#entryOf(holder, blocks[depth + more - 1] ?? 0);
      found.add(holder, depth + more, this.#lists.touchedAt[deepest] ?? 0);
    }
  }

  #stateOf(seat: number): Seat {
    const state = this.#seats[seat];
    if (state === null || state === undefined) throw new RangeError(`the block index knows no replica ${seat}`);
    return state;
  }

  #limitOf(state: Seat): number {
    return Math.min(Math.ceil(state.seen), Math.max(capacityMin, Math.floor(this.#entriesMax / this.#seatCount)));
  }

  #entryOf(seat: number, hash: number): number {
    const { nextHolder, seat: seats } = this.#lists;
    let entry = this.#table.get(hash);
    while (entry !== noEntry && seats[entry] !== seat) entry = nextHolder[entry] ?? noEntry;
    return entry;
  }

  /** @returns the new entry, in the list of holders but not yet in that of ages; −1 when there is no room for it. */
  #insert(state: Seat, seat: number, hash: number, limit: number): number {
    if (state.count >= limit || this.#lists.count >= this.#entriesMax) {
      if (state.oldest === noEntry) return noEntry;
      this.#drop(state, state.oldest);
    }
    this.#makeRoomAmongHolders(hash);
    const entry = this.#lists.take(hash, seat);
    this.#lists.nextHolder[entry] = this.#table.get(hash);
    this.#table.set(hash, entry);
    return entry;
  }

  #makeRoomAmongHolders(hash: number): void {
    let count = 0;
    let last = noEntry;
    for (let entry = this.#table.get(hash); entry !== noEntry; entry = this.#lists.nextHolder[entry] ?? noEntry) {
      count += 1;
      last = entry;
    }
    if (count >= holdersMax) this.#drop(this.#stateOf(this.#lists.seat[last] ?? 0), last);
  }

  #drop(state: Seat, entry: number): void {
    this.#unlink(state, entry);
    const { hash, nextHolder } = this.#lists;
    const block = hash[entry] ?? 0;
    const next = nextHolder[entry] ?? noEntry;
    let before = this.#table.get(block);
    if (before === entry && next === noEntry) this.#table.delete(block);
    else if (before === entry) this.#table.set(block, next);
    else {
      while (nextHolder[before] !== entry) before = nextHolder[before] ?? noEntry;
      nextHolder[before] = next;
    }
    this.#lists.giveBack(entry);
  }

  #linkNewest(state: Seat, entry: number): void {
    const { older, newer } = this.#lists;
    older[entry] = state.newest;
    newer[entry] = noEntry;
    if (state.newest === noEntry) state.oldest = entry;
    else newer[state.newest] = entry;
    state.newest = entry;
    state.count += 1;
  }

  #unlink(state: Seat, entry: number): void {
    const { older, newer } = this.#lists;
    const before = older[entry] ?? noEntry;
    const after = newer[entry] ?? noEntry;
    if (before === noEntry) state.oldest = after;
    else newer[before] = after;
    if (after === noEntry) state.newest = before;
    else older[after] = before;
    state.count -= 1;
  }
}

/** How many leading places hold, when none holds behind one that does not: a binary search. */
function lastTrue(count: number, holds: (place: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (holds(middle - 1)) low = middle;
    else high = middle - 1;
  }
  return low;
}
