import type { Instant } from "../../../base/clock.ts";
import type { EngineLoad } from "../routing/engine-load.ts";
import { EngineCapacity } from "./engine-capacity.ts";

/** A replica is left so many requests at least, and so many at most: as many as one that nothing is known of. */
const floor = 4;
const ceiling = 4_096;

/**
 * How many requests one worker keeps under way at one replica, learnt from what its engine says.
 *
 * It begins without a bound, and has one from the first time that requests wait inside the engine: what was under way then, a
 * tenth less. So an engine that is fast enough, and one that says nothing, is never kept waiting.
 */
export class LearntCapacity {
  #underWay = 0;
  #learnt: EngineCapacity | null = null;

  /** Null while nothing bounds it. */
  get capacity(): number | null {
    return this.#learnt?.capacity ?? null;
  }

  get isFull(): boolean {
    return this.#learnt !== null && this.#underWay >= this.#learnt.capacity;
  }

  began(): void {
    this.#underWay += 1;
  }

  ended(hasFailed: boolean, now: Instant): void {
    this.#underWay -= 1;
    if (hasFailed) this.#learnt?.failed(now);
  }

  /** The engine told its load. */
  observe({ waiting, kvUsage }: Pick<EngineLoad, "waiting" | "kvUsage">, now: Instant): void {
    const said = { waiting, cacheUse: kvUsage, underWay: this.#underWay };
    if (this.#learnt === null) {
      // What this worker does not send it cannot take back.
      if (this.#underWay <= floor) return;
      const first = new EngineCapacity({ start: this.#underWay, min: floor, max: ceiling });
      first.observe(said, now);
      if (first.capacity < this.#underWay) this.#learnt = first;
      return;
    }
    this.#learnt.observe(said, now);
  }
}
