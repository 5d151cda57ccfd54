/** A request in flight: the step after which it ends, and when its first token came. */
export interface Flight {
  readonly endStep: number;
  readonly arrived: number;
  readonly firstToken: number;
  /** Seconds by which its first token is seen later than that, beside the engine's own time; absent: none. */
  readonly beforeFirst?: number;
  readonly outputTokens: number;
  readonly cacheTokens: number;
}

/** The flights that end next come first: a binary heap on `endStep`. */
export class StepHeap {
  readonly #items: Flight[] = [];

  get size(): number {
    return this.#items.length;
  }

  peek(): Flight | undefined {
    return this.#items[0];
  }

  push(flight: Flight): void {
    let at = this.#items.push(flight) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#endOf(parent) <= this.#endOf(at)) return;
      this.#swap(parent, at);
      at = parent;
    }
  }

  pop(): Flight | undefined {
    const first = this.#items[0];
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return first;
    this.#items[0] = last;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const least = this.#endOf(left + 1) < this.#endOf(left) ? left + 1 : left;
      if (this.#endOf(least) >= this.#endOf(at)) return first;
      this.#swap(least, at);
      at = least;
    }
  }

  #endOf(at: number): number {
    return this.#items[at]?.endStep ?? Number.POSITIVE_INFINITY;
  }

  #swap(left: number, right: number): void {
    const [one, other] = [this.#items[left], this.#items[right]];
    if (one === undefined || other === undefined) return;
    this.#items[left] = other;
    this.#items[right] = one;
  }
}
