/** Marks the end of a list. */
export const noEntry = -1;

const sizeAtFirst = 1024;

/**
 * The entries of the block index, "this replica holds this block", as flat arrays of numbers.
 *
 * Each entry is in two lists: the holders of its block, and the blocks of its replica from the oldest to the newest.
 */
export class EntryLists {
  hash = new Int32Array(sizeAtFirst);
  seat = new Int32Array(sizeAtFirst);
  /** The next holder of the same block. */
  nextHolder = new Int32Array(sizeAtFirst);
  older = new Int32Array(sizeAtFirst);
  newer = new Int32Array(sizeAtFirst);
  /** When the block was last asked for, in milliseconds. */
  touchedAt = new Float64Array(sizeAtFirst);
  #free = noEntry;
  #unused = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  take(hash: number, seat: number): number {
    let entry = this.#free;
    if (entry === noEntry) {
      entry = this.#unused;
      this.#unused += 1;
      if (entry >= this.hash.length) this.#grow();
    } else {
      this.#free = this.nextHolder[entry] ?? noEntry;
    }
    this.#count += 1;
    this.hash[entry] = hash;
    this.seat[entry] = seat;
    return entry;
  }

  giveBack(entry: number): void {
    this.nextHolder[entry] = this.#free;
    this.#free = entry;
    this.#count -= 1;
  }

  #grow(): void {
    this.hash = doubled(this.hash);
    this.seat = doubled(this.seat);
    this.nextHolder = doubled(this.nextHolder);
    this.older = doubled(this.older);
    this.newer = doubled(this.newer);
    const touchedAt = new Float64Array(this.touchedAt.length * 2);
    touchedAt.set(this.touchedAt);
    this.touchedAt = touchedAt;
  }
}

function doubled(values: Int32Array): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(values.length * 2);
  wider.set(values);
  return wider;
}
