/**
 * Counts consecutive errors of a version and says when it must stop: the guard against catastrophes, which do not wait
 * for statistics.
 */
export class FastAbort {
  readonly #consecutive = new Map<string, number>();
  readonly #ejected = new Set<string>();

  /** @param key names one version in one revision of one route. @returns whether this error was one too many. */
  recordError(key: string, errorsMax: number): boolean {
    const errors = (this.#consecutive.get(key) ?? 0) + 1;
    this.#consecutive.set(key, errors);
    if (errors < errorsMax || this.#ejected.has(key)) return false;
    this.#ejected.add(key);
    return true;
  }

  recordSuccess(key: string): void {
    if (this.#consecutive.has(key)) this.#consecutive.delete(key);
  }

  /** Whether no version has errors in a row: then none is ejected, and a success is no news. */
  get isQuiet(): boolean {
    return this.#consecutive.size === 0 && this.#ejected.size === 0;
  }

  isEjected(key: string): boolean {
    return this.#ejected.has(key);
  }

  /** Forgets all: called with a new routing table, in which the control plane has decided. */
  reset(keys: ReadonlySet<string>): void {
    for (const key of this.#consecutive.keys()) if (!keys.has(key)) this.#consecutive.delete(key);
    for (const key of this.#ejected) if (!keys.has(key)) this.#ejected.delete(key);
  }
}
