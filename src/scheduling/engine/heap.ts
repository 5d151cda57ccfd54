/** A binary heap: the first element by `compare` is known at any moment. */
export class Heap<Element> {
  readonly #compare: (left: Element, right: Element) => number;
  readonly #elements: Element[] = [];

  /** `compare` is negative when left comes first. */
  constructor(compare: (left: Element, right: Element) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#elements.length;
  }

  peek(): Element | undefined {
    return this.#elements[0];
  }

  push(element: Element): void {
    const elements = this.#elements;
    let at = elements.push(element) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = elements[parent];
      if (above === undefined || this.#compare(element, above) >= 0) break;
      elements[at] = above;
      at = parent;
    }
    elements[at] = element;
  }

  pop(): Element | undefined {
    const elements = this.#elements;
    const [first] = elements;
    const last = elements.pop();
    if (last !== undefined && elements.length > 0) this.#sink(last);
    return first;
  }

  #sink(element: Element): void {
    const elements = this.#elements;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      let below = elements[child];
      if (below === undefined) break;
      const right = elements[child + 1];
      if (right !== undefined && this.#compare(right, below) < 0) {
        child += 1;
        below = right;
      }
      if (this.#compare(below, element) >= 0) break;
      elements[at] = below;
      at = child;
    }
    elements[at] = element;
  }
}
