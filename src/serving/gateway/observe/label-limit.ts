/** The value that stands for all that came after the limit was reached. */
export const otherLabel = "other";

/** Keeps the number of different values of a label bounded: the first `max` keep their names, later ones are `other`. */
export class LabelLimit {
  readonly #max: number;
  readonly #known = new Set<string>();

  constructor(max: number) {
    this.#max = max;
  }

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#max) return otherLabel;
    this.#known.add(value);
    return value;
  }
}
