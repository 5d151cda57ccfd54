/** Counts the requests that one worker has at each replica, also at those that have left the route. */
export class ReplicaUse {
  readonly #underWay = new Map<string, number>();

  enter(replica: string): void {
    this.#underWay.set(replica, (this.#underWay.get(replica) ?? 0) + 1);
  }

  /** Once for each `enter`. */
  leave(replica: string): void {
    this.#underWay.set(replica, (this.#underWay.get(replica) ?? 1) - 1);
  }

  /** The replicas that have requests now. */
  busy(): readonly string[] {
    // Not with each request: a table that shrinks and grows all the time is garbage that lives long.
    for (const [replica, left] of this.#underWay) if (left === 0) this.#underWay.delete(replica);
    return [...this.#underWay.keys()];
  }
}
