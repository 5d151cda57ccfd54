/** Retries for each request that was let in. */
export const retryShare = 0.2;

/** Retries that may be saved up, and that there are at the start: a quiet deployment may retry at all. */
export const retriesSaved = 10;

/**
 * Bounds retries to a share of the requests, so that an upstream in trouble is not given more work by those who want it to answer.
 * Over any span there are at most `retryShare` × requests + `retriesSaved`.
 */
export class RetryBudget {
  #left = retriesSaved;

  /** A request came. */
  earn(): void {
    this.#left = Math.min(retriesSaved, this.#left + retryShare);
  }

  /** Takes one retry; false when there is none. */
  spend(): boolean {
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
