/** Counts the requests that one worker has at each replica, also at those that have left the route. */
export class ReplicaUse {
  readonly #underWay = new Map<string, number>();

  enter(replica: string): void {
    this.#underWay.set(replica, (this.#underWay.get(replica) ?? 0) + 1);
  }

  /** Once for each `enter`. */
  leave(replica: string): void {
    const left = (this.#underWay.get(replica) ?? 1) - 1;
    if (left === 0) this.#underWay.delete(replica);
    else this.#underWay.set(replica, left);
  }

  /** The replicas that have requests now. */
  busy(): readonly string[] {
    return [...this.#underWay.keys()];
  }
}
