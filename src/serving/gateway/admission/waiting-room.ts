import type { Instant, Millis } from "../../../base/clock.ts";
import { PlaceHeap } from "./place-heap.ts";

/** What a cold start is reckoned to take before one was seen. */
const unknownStartMs: Millis = 60_000;

/** Weight of the newest cold start in the mean. */
const newestWeight = 0.3;

/** The shortest wait that a refused caller is told. */
const retryMinMs: Millis = 1_000;

/** How a deployment without replicas keeps its callers. */
export interface WaitingRoomPolicy {
  /** Requests that may be held. */
  readonly heldMax: number;
  /** The longest that one is held; should be longer than the model takes to load. */
  readonly holdMaxMs: Millis;
}

/** `isFirst`: nobody has asked for a replica yet, so the caller of `hold` must. */
export type HoldAnswer =
  | { readonly kind: "held"; readonly isFirst: boolean }
  | { readonly kind: "shed"; readonly why: "full" | "late"; readonly retryAfterMs: Millis };

interface Held {
  readonly id: string;
  readonly deadline: Instant;
  heapPlace: number;
}

/**
 * Holds requests of a deployment that is scaled to zero until a replica is ready.
 *
 * One replica is asked for, however many requests come; what cold starts took decides what a refused caller is told.
 */
export class WaitingRoom {
  readonly #policy: WaitingRoomPolicy;
  /** In the order of arrival. */
  readonly #held = new Map<string, Held>();
  readonly #deadlines = new PlaceHeap<Held>((left, right) => left.deadline < right.deadline);
  #askedAt: Instant | null = null;
  #startMs: Millis | null = null;

  constructor(policy: WaitingRoomPolicy) {
    this.#policy = policy;
  }

  get size(): number {
    return this.#held.size;
  }

  /** When the next held request runs out of time; null when none is held. */
  get nextDeadline(): Instant | null {
    return this.#deadlines.first?.deadline ?? null;
  }

  /** What a cold start is reckoned to take. */
  get coldStartMs(): Millis {
    return this.#startMs ?? unknownStartMs;
  }

  /** @throws {Error} when the id is held already. */
  hold(id: string, deadline: Instant, now: Instant): HoldAnswer {
    if (this.#held.has(id)) throw new Error(`request ${id} is held twice`);
    if (deadline <= now) return { kind: "shed", why: "late", retryAfterMs: this.retryAfterMs(now) };
    if (this.#held.size >= this.#policy.heldMax) {
      return { kind: "shed", why: "full", retryAfterMs: this.retryAfterMs(now) };
    }
    const held = { id, deadline: Math.min(deadline, now + this.#policy.holdMaxMs), heapPlace: -1 };
    this.#held.set(id, held);
    this.#deadlines.add(held);
    const isFirst = this.#askedAt === null;
    if (isFirst) this.#askedAt = now;
    return { kind: "held", isFirst };
  }

  /** A replica is ready. @returns whom it was held for, in the order of arrival; the room is empty then. */
  open(now: Instant): readonly string[] {
    if (this.#askedAt !== null) {
      const tookMs = now - this.#askedAt;
      this.#startMs = this.#startMs === null ? tookMs : this.#startMs + newestWeight * (tookMs - this.#startMs);
    }
    this.#askedAt = null;
    const ids = [...this.#held.keys()];
    for (const held of this.#held.values()) this.#deadlines.remove(held);
    this.#held.clear();
    return ids;
  }

  /** The replica that was asked for will not come: the next request asks again. Those that are held stay. */
  startFailed(): void {
    this.#askedAt = null;
  }

  /** A caller went away. @returns false when its request is not held. */
  cancel(id: string): boolean {
    const held = this.#held.get(id);
    if (held === undefined) return false;
    this.#held.delete(id);
    this.#deadlines.remove(held);
    return true;
  }

  /** @returns the ids of those whose time is over. */
  expire(now: Instant): readonly string[] {
    const late: string[] = [];
    for (let held = this.#deadlines.first; held !== undefined && held.deadline <= now; held = this.#deadlines.first) {
      this.cancel(held.id);
      late.push(held.id);
    }
    return late;
  }

  /** Until a replica should be ready, at least a second: a start that is late is expected at any moment. */
  retryAfterMs(now: Instant): Millis {
    const passedMs = this.#askedAt === null ? 0 : now - this.#askedAt;
    return Math.max(retryMinMs, Math.ceil(this.coldStartMs - passedMs));
  }
}
