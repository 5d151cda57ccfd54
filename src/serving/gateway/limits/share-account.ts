import type { Instant, Millis } from "../../../base/clock.ts";
import { type BudgetWindow, budgetWindow } from "./budget-window.ts";
import { leaseMs, type ShareGrant, shareMax, type ShareReport } from "./lease.ts";
import { leaseFirst, type LimitAccount, type LimitHold } from "./limit-account.ts";
import type { LimitRule } from "./limit-rule.ts";
import { rateSpanMs } from "./rate-bucket.ts";
import { Share, shareKind } from "./share.ts";

const endless: BudgetWindow = { startsAt: 0, endsAt: null };

/** Workers that are reckoned with where the owner never said how many there are. */
const unknownPeers = 8;

/** When a worker last heard from the owner of the limits; shared by all its accounts. */
export interface OwnerContact {
  heardAt: Instant;
}

/**
 * One worker's part of a limit, leased from the limit's owner.
 *
 * It takes only from what it holds. While the owner is silent, a share of a rate refills by itself with its part of the
 * rate, so that the gateway serves on; a share of money or of requests at once lasts as long as it lasts. A gateway that
 * started while the owner was silent takes one share of requests at once, and no money.
 */
export class ShareAccount implements LimitAccount {
  #rule: LimitRule;
  #share: Share;
  #window: BudgetWindow;
  /** Shares of windows that are over, with reservations that are not settled and told yet. */
  #former: readonly Share[] = [];
  readonly #contact: OwnerContact;
  #advancedAt: Instant;
  #isAdvanced = false;

  constructor(rule: LimitRule, contact: OwnerContact, now: Instant) {
    this.#rule = rule;
    this.#contact = contact;
    this.#window = windowOf(rule, now);
    this.#share = new Share(rule.id, this.#window.startsAt, shareKind(rule));
    this.#advancedAt = now;
  }

  get rule(): LimitRule {
    return this.#rule;
  }

  waitMs(amount: number, now: Instant): Millis {
    const share = this.#at(now);
    if (share.has(amount)) return 0;
    if (amount > this.#rule.amount) return Number.POSITIVE_INFINITY;
    const missingMs = share.missingForMs(amount, now);
    if (missingMs === null) return leaseFirst;
    const { endsAt } = this.#window;
    return Math.max(1, Math.ceil(endsAt === null ? missingMs : Math.min(missingMs, endsAt - now)));
  }

  miss(amount: number, now: Instant): void {
    this.#at(now).miss(amount);
  }

  take(amount: number, now: Instant): LimitHold {
    return this.#at(now).take(amount, now);
  }

  remaining(now: Instant): number {
    const share = this.#at(now);
    return share.last === null ? this.#rule.amount : Math.max(0, share.free) + share.last.remaining;
  }

  fullInMs(now: Instant): Millis | null {
    return this.#at(now).last?.fullInMs ?? null;
  }

  setRule(rule: LimitRule): void {
    if (shareKind(rule) !== shareKind(this.#rule)) throw new Error(`${rule.id} became a limit of ${rule.measure}`);
    this.#rule = rule;
  }

  /** What to tell the owner now, one report for each window that has something to tell. @param isLast gives all back. */
  report(now: Instant, isLast: boolean): readonly ShareReport[] {
    const share = this.#at(now);
    const former = this.#former.map((each) => each.report(0, now));
    this.#former = this.#former.filter((each) => !each.isIdle || each.isDue);
    return share.isDue ? [...former, share.report(isLast ? 0 : shareMax(this.#rule), now)] : former;
  }

  /** Whether others wait for what this worker holds ready. */
  get isPressed(): boolean {
    return this.#share.isPressed && this.#share.isDue;
  }

  /** Takes the owner's answer. */
  apply(grant: ShareGrant, now: Instant): void {
    for (const share of [this.#share, ...this.#former]) if (share.window === grant.window) share.apply(grant, now);
  }

  #at(now: Instant): Share {
    if (this.#window.endsAt !== null && now >= this.#window.endsAt) this.#open(now);
    if (now - this.#contact.heardAt > leaseMs) this.#refill(now);
    return this.#share;
  }

  #open(now: Instant): void {
    this.#former = [...this.#former, this.#share];
    this.#window = windowOf(this.#rule, now);
    this.#share = new Share(this.#rule.id, this.#window.startsAt, shareKind(this.#rule));
  }

  #refill(now: Instant): void {
    const { last } = this.#share;
    const kind = shareKind(this.#rule);
    if (kind === "concurrency" && last === null && !this.#isAdvanced) {
      this.#isAdvanced = true;
      this.#share.advance(shareMax(this.#rule));
    }
    if (kind !== "rate") return;
    this.#advancedAt = Math.max(this.#advancedAt, this.#contact.heardAt + leaseMs);
    const perMs = this.#rule.amount / rateSpanMs / (last?.peers ?? unknownPeers);
    const amount = Math.floor((now - this.#advancedAt) * perMs);
    if (amount === 0) return;
    this.#advancedAt += amount / perMs;
    this.#share.advance(Math.max(0, Math.min(shareMax(this.#rule) - this.#share.free, amount)));
  }
}

function windowOf(rule: LimitRule, now: Instant): BudgetWindow {
  return rule.measure === "money" ? budgetWindow(rule.per, now) : endless;
}
