import type { Clock, Millis } from "../../base/clock.ts";
import type { Log } from "../../platform/ports.ts";
import type { LeaseOwner } from "../gateway/limits/lease.ts";
import type { ShareDesk } from "../gateway/limits/share-desk.ts";

/** How often a worker tells the owner what it used, also to stay known to it; well below the life of a lease. */
const reportMs: Millis = 500;

/** What keeps a worker's shares of limits in step with their owner. */
export interface LimitLeasesOptions {
  /** Names this run of the worker, never used before. */
  readonly worker: string;
  readonly desk: ShareDesk;
  readonly owner: LeaseOwner;
  readonly clock: Clock;
  readonly log: Log;
}

/** A worker's conversation with the owner of the limits: one question at a time, each with all there is to tell. */
export class LimitLeases {
  readonly #options: LimitLeasesOptions;
  #timer: NodeJS.Timeout | undefined;
  #asking: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #isSilent = false;

  constructor(options: LimitLeasesOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => void this.ask(), reportMs);
  }

  /**
   * Asks for what is wanted now; resolves once the answer is in the books, or the owner did not answer. Never rejects.
   *
   * A question that comes while another is under way joins the one after it, since it has more to tell.
   */
  ask(): Promise<void> {
    if (this.#asking === undefined) {
      this.#asking = this.#exchange().finally(() => {
        this.#asking = undefined;
      });
      return this.#asking;
    }
    this.#next ??= this.#asking.then(() => {
      this.#next = undefined;
      return this.ask();
    });
    return this.#next;
  }

  /** Gives back what is not used. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#next;
    await this.#asking;
    const { worker, desk, owner, clock } = this.#options;
    await owner.lease(worker, desk.close(clock.now()), clock.now()).then(
      () => undefined,
      (error: unknown) => this.#notHeard(error),
    );
  }

  async #exchange(): Promise<void> {
    const { worker, desk, owner, clock } = this.#options;
    try {
      const grants = await owner.lease(worker, desk.report(clock.now()), clock.now());
      desk.apply(grants, clock.now());
      this.#isSilent = false;
    } catch (error) {
      this.#notHeard(error);
    }
  }

  #notHeard(error: unknown): void {
    if (!this.#isSilent) {
      this.#options.log.warn("the owner of the limits does not answer; shares last as they are", {
        error: String(error),
      });
    }
    this.#isSilent = true;
  }
}
