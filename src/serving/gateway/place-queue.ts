import type { Instant } from "../../base/clock.ts";
import type { AdmissionQueue, PlaceAnswer, PlaceAsk } from "./request-parts.ts";
import { soonMs } from "./protocol/refusal.ts";

/** Places in the order of arrival, with a queue of bounded length. */
export class PlaceQueue implements AdmissionQueue {
  readonly #waiting = new Map<string, PlaceAsk>();
  readonly #maxQueued: number;
  #places: number;
  #underWay = 0;

  constructor(places: number, maxQueued: number) {
    this.#places = places;
    this.#maxQueued = maxQueued;
  }

  offer(ask: PlaceAsk): PlaceAnswer {
    if (this.#underWay < this.#places) {
      this.#underWay += 1;
      return { kind: "admitted" };
    }
    if (this.#waiting.size >= this.#maxQueued) {
      return {
        kind: "shed",
        retryAfterMs: soonMs,
        why: `${this.#underWay} requests are under way and ${this.#waiting.size} wait`,
      };
    }
    this.#waiting.set(ask.id, ask);
    return { kind: "queued" };
  }

  release(): readonly string[] {
    this.#underWay -= 1;
    return this.#admit();
  }

  expire(now: Instant): readonly string[] {
    const late = [...this.#waiting.values()].filter((ask) => ask.deadline <= now).map((ask) => ask.id);
    for (const id of late) this.#waiting.delete(id);
    return late;
  }

  cancel(id: string): void {
    this.#waiting.delete(id);
  }

  setCapacity(places: number): readonly string[] {
    this.#places = places;
    return this.#admit();
  }

  #admit(): readonly string[] {
    if (this.#waiting.size === 0) return [];
    const admitted: string[] = [];
    for (const id of this.#waiting.keys()) {
      if (this.#underWay >= this.#places) break;
      this.#underWay += 1;
      admitted.push(id);
    }
    for (const id of admitted) this.#waiting.delete(id);
    return admitted;
  }
}
