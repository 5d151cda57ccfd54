import { Heap } from "../engine/heap.ts";

/** An entry with its place among equals. */
interface Placed<Entry> {
  readonly entry: Entry;
  readonly turn: number;
}

/** A queue that gives the least entry first; equal ones come in the order in which they were added. */
export class EventHeap<Entry> {
  readonly #heap: Heap<Placed<Entry>>;
  #turn = 0;

  /** @param compare below 0 when the first comes before the second, 0 when they are equal. */
  constructor(compare: (left: Entry, right: Entry) => number) {
    this.#heap = new Heap((left, right) => compare(left.entry, right.entry) || left.turn - right.turn);
  }

  get size(): number {
    return this.#heap.size;
  }

  push(entry: Entry): void {
    this.#heap.push({ entry, turn: this.#turn });
    this.#turn += 1;
  }

  /** The least entry without taking it; undefined when empty. */
  peek(): Entry | undefined {
    return this.#heap.peek()?.entry;
  }

  /** Takes the least entry; undefined when empty. */
  pop(): Entry | undefined {
    return this.#heap.pop()?.entry;
  }
}
