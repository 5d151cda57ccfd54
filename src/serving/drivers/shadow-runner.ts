/** How many copies may be under way and wait, in one worker. */
export interface ShadowRoom {
  readonly maxConcurrent: number;
  readonly maxQueued: number;
}

/** Sends copies of requests beside the real ones: few at once, few that wait, and the rest not at all. */
export class ShadowRunner {
  readonly #queue: (() => Promise<void>)[] = [];
  #underWay = 0;
  #isStopped = false;

  /**
   * Takes a copy that is sent once the present answer has left, or when its turn comes.
   *
   * @param job never throws.
   * @returns false when there is no room: the copy is dropped.
   */
  offer(room: ShadowRoom, job: () => Promise<void>): boolean {
    if (this.#isStopped || (this.#underWay >= room.maxConcurrent && this.#queue.length >= room.maxQueued)) return false;
    this.#queue.push(job);
    setImmediate(() => this.#next(room));
    return true;
  }

  /** Drops what waits; what is under way ends by the limits of its connection. */
  stop(): void {
    this.#isStopped = true;
    this.#queue.length = 0;
  }

  #next(room: ShadowRoom): void {
    if (this.#underWay >= room.maxConcurrent) return;
    const job = this.#queue.shift();
    if (job === undefined) return;
    this.#underWay += 1;
    this.#run(room, job).catch(() => undefined);
  }

  async #run(room: ShadowRoom, job: () => Promise<void>): Promise<void> {
    try {
      await job();
    } finally {
      this.#underWay -= 1;
      this.#next(room);
    }
  }
}
