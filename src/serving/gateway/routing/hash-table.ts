/** Marks an empty place. */
const none = -1;

const sizeAtFirst = 1024;

/**
 * A map from 32-bit hashes to entry numbers in two flat arrays: no allocation per entry, nothing for the garbage
 * collector to walk. Linear probing, deletion by shifting back (Knuth, TAOCP 6.4, algorithm R).
 */
export class HashTable {
  #keys = new Int32Array(sizeAtFirst);
  #values = new Int32Array(sizeAtFirst).fill(none);
  #count = 0;

  /** The entry of a hash, or −1. */
  get(hash: number): number {
    return this.#values[this.#placeOf(hash)] ?? none;
  }

  set(hash: number, entry: number): void {
    const place = this.#placeOf(hash);
    if (this.#values[place] === none) this.#count += 1;
    this.#keys[place] = hash;
    this.#values[place] = entry;
    if (this.#count * 2 > this.#keys.length) this.#grow();
  }

  delete(hash: number): void {
    let gap = this.#placeOf(hash);
    if (this.#values[gap] === none) return;
    this.#count -= 1;
    const mask = this.#keys.length - 1;
    for (let place = (gap + 1) & mask; this.#values[place] !== none; place = (place + 1) & mask) {
      const key = this.#keys[place] ?? 0;
      // An entry may fill the gap unless its home lies behind the gap.
      if (((place - (key & mask)) & mask) < ((place - gap) & mask)) continue;
      this.#keys[gap] = key;
      this.#values[gap] = this.#values[place] ?? none;
      gap = place;
    }
    this.#values[gap] = none;
  }

  /** Where the hash is, or where it would go. */
  #placeOf(hash: number): number {
    const keys = this.#keys;
    const values = this.#values;
    const mask = keys.length - 1;
    let place = hash & mask;
    while (values[place] !== none && keys[place] !== hash) place = (place + 1) & mask;
    return place;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Int32Array(keys.length * 2);
    this.#values = new Int32Array(keys.length * 2).fill(none);
    for (let old = 0; old < keys.length; old += 1) {
      if (values[old] === none) continue;
      const place = this.#placeOf(keys[old] ?? 0);
      this.#keys[place] = keys[old] ?? 0;
      this.#values[place] = values[old] ?? none;
    }
  }
}
