/**
 * Cuts text at the first of some stop sequences while the text still comes in pieces.
 *
 * What could be the beginning of a stop sequence is held back until it is known, so that no part of one is ever given out.
 * Cost of a piece: its length times the stop sequences.
 */
export class StopText {
  readonly #stops: readonly string[];
  #held = "";
  #isStopped = false;

  /** @param stops sequences that end the text; they are not part of it. Empty ones are passed over. */
  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== "");
  }

  /** Whether a stop sequence came. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Takes the next piece and gives what may be given out now. */
  push(piece: string): string {
    if (this.#isStopped) return "";
    const text = this.#held + piece;
    const ends = this.#stops.map((stop) => text.indexOf(stop)).filter((index) => index !== -1);
    if (ends.length > 0) {
      this.#isStopped = true;
      this.#held = "";
      return text.slice(0, Math.min(...ends));
    }
    const kept = text.length - this.#beginningLength(text);
    this.#held = text.slice(kept);
    return text.slice(0, kept);
  }

  /** Gives what was held back, when the text ends by itself. */
  finish(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }

  /** How many of the last characters are the beginning of a stop sequence. */
  #beginningLength(text: string): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length -= 1) {
        if (text.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}
