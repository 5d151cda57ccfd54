/** Stands in at most one roster; both are null while it stands in none. */
export interface Listed<Element> {
  older: Element | null;
  younger: Element | null;
}

/**
 * Elements in the order in which they came, each of which can leave at any time, in O(1).
 *
 * For what comes and goes with every request, instead of a `Map` or a `Set`: V8 links each outgrown table of those to the next one, so
 * that one old table keeps all later ones, and all that ever stood in them, until the next collection of the whole heap.
 */
export class Roster<Element extends Listed<Element>> {
  #oldest: Element | null = null;
  #youngest: Element | null = null;

  /** The element that has stood here longest. */
  get oldest(): Element | null {
    return this.#oldest;
  }

  /** Takes an element that stands in no roster. */
  add(element: Element): void {
    element.older = this.#youngest;
    if (this.#youngest === null) this.#oldest = element;
    else this.#youngest.younger = element;
    this.#youngest = element;
  }

  /** Takes an element out that stands here. */
  remove(element: Element): void {
    const { older, younger } = element;
    if (older === null) this.#oldest = younger;
    else older.younger = younger;
    if (younger === null) this.#youngest = older;
    else younger.older = older;
    // What is gone must not lead to those that stay: the collector would keep them for its sake.
    element.older = null;
    element.younger = null;
  }
}
