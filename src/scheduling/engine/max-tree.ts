/** Numbers by index whose largest is known at any moment: a tournament. Setting one costs the log of how many there are. */
export class MaxTree {
  readonly #size: number;
  readonly #values: Float64Array;
  /** At each inner place the index of the better child; ties go to the smaller index. */
  readonly #winners: Int32Array;
  readonly #leaves: number;

  /** All values begin as -Infinity. */
  constructor(size: number) {
    this.#size = size;
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, size)));
    this.#values = new Float64Array(this.#leaves).fill(Number.NEGATIVE_INFINITY);
    this.#winners = new Int32Array(this.#leaves * 2);
    for (let index = 0; index < this.#leaves; index += 1) this.#winners[this.#leaves + index] = index;
    for (let place = this.#leaves - 1; place >= 1; place -= 1) this.#play(place);
  }

  set(index: number, value: number): void {
    if (this.#values[index] === value) return;
    this.#values[index] = value;
    for (let place = (this.#leaves + index) >> 1; place >= 1; place >>= 1) this.#play(place);
  }

  /** The index of the largest value, or -1 when all are -Infinity. */
  best(): number {
    const winner = this.#winners[1] ?? 0;
    return winner < this.#size && this.#values[winner] !== Number.NEGATIVE_INFINITY ? winner : -1;
  }

  /**
   * Visits indices from the largest value down until `visit` answers true or `most` were seen; leaves the values as
   * they were. Answers with the index at which it stopped, or -1.
   */
  findDescending(most: number, visit: (index: number) => boolean): number {
    const taken: { readonly index: number; readonly value: number }[] = [];
    let found = -1;
    while (taken.length < most) {
      const index = this.best();
      if (index === -1) break;
      if (visit(index)) {
        found = index;
        break;
      }
      taken.push({ index, value: this.#values[index] ?? 0 });
      this.set(index, Number.NEGATIVE_INFINITY);
    }
    for (const { index, value } of taken) this.set(index, value);
    return found;
  }

  #play(place: number): void {
    const left = this.#winners[place * 2] ?? 0;
    const right = this.#winners[place * 2 + 1] ?? 0;
    this.#winners[place] = (this.#values[right] ?? 0) > (this.#values[left] ?? 0) ? right : left;
  }
}
