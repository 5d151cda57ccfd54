/** Something that stands in at most one heap, and knows where; -1: in none. */
export interface Placed {
  heapPlace: number;
}

/** A binary heap whose elements can be moved and taken out anywhere, in O(log n). */
export class PlaceHeap<Element extends Placed> {
  readonly #isBefore: (left: Element, right: Element) => boolean;
  readonly #elements: Element[] = [];

  /** @param isBefore a strict order; equal elements come in any order. */
  constructor(isBefore: (left: Element, right: Element) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#elements.length;
  }

  /** The first element, which stays. */
  get first(): Element | undefined {
    return this.#elements[0];
  }

  add(element: Element): void {
    this.#elements.push(element);
    this.#rise(element, this.#elements.length - 1);
  }

  /** Takes an element out that stands in this heap. */
  remove(element: Element): void {
    const last = this.#elements.pop();
    const at = element.heapPlace;
    element.heapPlace = -1;
    if (last === undefined || last === element) return;
    last.heapPlace = at;
    this.#elements[at] = last;
    this.moved(last);
  }

  /** Puts an element that stands in this heap where it belongs, after its order changed. */
  moved(element: Element): void {
    this.#rise(element, element.heapPlace);
    this.#sink(element, element.heapPlace);
  }

  #rise(element: Element, from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#elements[parent];
      if (above === undefined || !this.#isBefore(element, above)) break;
      this.#elements[at] = above;
      above.heapPlace = at;
      at = parent;
    }
    this.#elements[at] = element;
    element.heapPlace = at;
  }

  #sink(element: Element, from: number): void {
    const elements = this.#elements;
    let at = from;
    for (;;) {
      let child = at * 2 + 1;
      let below = elements[child];
      if (below === undefined) break;
      const right = elements[child + 1];
      if (right !== undefined && this.#isBefore(right, below)) {
        child += 1;
        below = right;
      }
      if (!this.#isBefore(below, element)) break;
      elements[at] = below;
      below.heapPlace = at;
      at = child;
    }
    elements[at] = element;
    element.heapPlace = at;
  }
}
