import type { Clock, Instant, Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { LeaseBook } from "../gateway/limits/lease-book.ts";
import type { LeaseOwner, ShareGrant, ShareReport } from "../gateway/limits/lease.ts";
import type { LimitRule } from "../gateway/limits/limit-rule.ts";
import type { LimitStore } from "../limits/limit-store.ts";

/** Windows that began longer ago are over: the longest has 31 days. */
const windowMaxMs: Millis = 32 * 86_400_000;

/** What the owner of the limits stands on. */
export interface StoredLeaseOwnerOptions {
  readonly store: LimitStore;
  readonly clock: Clock;
  /**
   * For how long after its start requests at once are not lent, since workers that outlived an owner before it hold some:
   * `leaseMs` where workers outlive the control plane, else 0.
   */
  readonly learnsForMs: Millis;
}

/**
 * The control plane as owner of the limits: lends by its book, and lends money only once that is written down.
 *
 * Answers one worker after another. When something could not be written, it forgets what it knew, reads what was written
 * and answers nothing: the worker tells the same again the next time.
 */
export class StoredLeaseOwner implements LeaseOwner {
  readonly #options: StoredLeaseOwnerOptions;
  readonly #learnsUntil: Instant;
  #rules: ReadonlyMap<string, LimitRule> = new Map();
  #book: LeaseBook | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: StoredLeaseOwnerOptions) {
    this.#options = options;
    this.#learnsUntil = options.clock.now() + options.learnsForMs;
  }

  /** Takes the limits in force. */
  setRules(rules: readonly LimitRule[]): Promise<void> {
    return this.#inTurn(async () => {
      this.#rules = new Map(rules.map((rule) => [rule.id, rule]));
      this.#book?.setRules(rules, this.#options.clock.now());
    });
  }

  /** @throws {Fault} `serving.control-unavailable` when what it would lend could not be written down. */
  lease(worker: string, reports: readonly ShareReport[]): Promise<readonly ShareGrant[]> {
    return this.#inTurn(async () => {
      const book = this.#book ?? (await this.#open());
      const { grants, lent } = book.lease(worker, reports, this.#options.clock.now());
      if (lent.length === 0) return grants;
      this.#book = null;
      const written = await this.#options.store.record(lent, (limit) => this.#rules.get(limit)?.amount ?? null);
      if (written === "rival") {
        throw new Fault(
          "serving.control-unavailable",
          "another control plane lends from the same limits; what it lent is read now, ask again",
        );
      }
      this.#book = book;
      return grants;
    });
  }

  async #open(): Promise<LeaseBook> {
    const { store, clock } = this.#options;
    const lent = await store.lent(clock.now() - windowMaxMs);
    const book = new LeaseBook(this.#learnsUntil);
    book.setRules([...this.#rules.values()], clock.now());
    book.restore(lent, clock.now());
    this.#book = book;
    return book;
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
