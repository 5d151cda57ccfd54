import { Fault } from "../../base/fault.ts";

interface Waiting<Slot> {
  readonly choose: (free: readonly Slot[]) => Slot;
  readonly resolve: (slot: Slot) => void;
}

/** Hands out a fixed number of slots, first come first served, with a bound on how many may wait. */
export class SlotQueue<Slot> {
  readonly #free: Slot[];
  readonly #slots: number;
  readonly #maxWaiting: number;
  readonly #waiting: Waiting<Slot>[] = [];

  constructor(slots: readonly Slot[], maxWaiting: number) {
    this.#free = [...slots];
    this.#slots = slots.length;
    this.#maxWaiting = maxWaiting;
  }

  /** Slots that are in use. */
  get running(): number {
    return this.#slots - this.#free.length;
  }

  /** Callers that wait for a slot. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Takes a slot as soon as one is free; `release` must follow.
   *
   * @param choose picks among the free slots, of which there is at least one.
   * @throws {Fault} `serving.overloaded` at once when too many wait; the signal's reason when it fires while waiting.
   */
  acquire(choose: (free: readonly Slot[]) => Slot, signal: AbortSignal): Promise<Slot> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#free.length > 0) return Promise.resolve(this.#take(choose));
    if (this.#waiting.length >= this.#maxWaiting) {
      return Promise.reject(
        new Fault(
          "serving.overloaded",
          `all ${this.#slots} slots of the replica are in use and ${this.#waiting.length} requests wait, as many as may; try again in a moment`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        const place = this.#waiting.indexOf(entry);
        if (place !== -1) this.#waiting.splice(place, 1);
        reject(signal.reason);
      };
      const entry: Waiting<Slot> = {
        choose,
        resolve: (slot) => {
          signal.removeEventListener("abort", leave);
          resolve(slot);
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(entry);
    });
  }

  /** Gives a slot back: the next who waits gets one. */
  release(slot: Slot): void {
    this.#free.push(slot);
    const next = this.#waiting.shift();
    if (next !== undefined) next.resolve(this.#take(next.choose));
  }

  #take(choose: (free: readonly Slot[]) => Slot): Slot {
    const slot = choose(this.#free);
    const place = this.#free.indexOf(slot);
    if (place === -1) throw new Error("a slot was chosen that is not free");
    this.#free.splice(place, 1);
    return slot;
  }
}
