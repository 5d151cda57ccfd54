/**
 * How far four of five such guesses were off on the catalog's own entries, each left out in turn; as logarithms. Left
 * out where a figure was given.
 */
export interface MemoryGuess {
  /** What the accelerator has. */
  readonly capacity?: number;
  /** Bytes of a model's weights, of the cache of a sequence, and of what training keeps of a token. */
  readonly weights?: number;
  readonly cache?: number;
  readonly activations?: number;
}

/** What an answer took in place of an accelerator or a model that the catalog does not know. */
export interface Fallback {
  readonly of: "accelerator" | "model";
  readonly asked: string;
  /** The entry of the catalog whose figures stand in. */
  readonly taken: string;
  /** What was taken, and why, in a sentence. */
  readonly words: string;
  /** The same beside a figure, in a few words. */
  readonly reason: string;
  /**
   * How far four of five such guesses of rates or work were off on the catalog's own entries, each left out in turn; as a
   * logarithm. 0 where the figures were given.
   */
  readonly spread: number;
  readonly memory: MemoryGuess;
}

/** What was found, and the fallback where it is not what was asked for. */
export interface Resolved<Value> {
  readonly value: Value;
  readonly fallback?: Fallback;
}
