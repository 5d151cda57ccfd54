import type { Instant } from "../../../base/clock.ts";
import type { ShareGrant, ShareReport } from "./lease.ts";
import type { LimitRule } from "./limit-rule.ts";
import { type OwnerContact, ShareAccount } from "./share-account.ts";

/** A worker's side of the lending of limits: opens its accounts, says what to tell the owner and takes the answer. */
export class ShareDesk {
  readonly #accounts = new Map<string, ShareAccount>();
  readonly #contact: OwnerContact;
  #pressed: readonly ShareAccount[] = [];

  constructor(now: Instant) {
    this.#contact = { heardAt: now };
  }

  /** Opens the account of a limit: what a ledger asks for (`OpenAccount`). */
  readonly open = (rule: LimitRule, now: Instant): ShareAccount => {
    const account = this.#accounts.get(rule.id) ?? new ShareAccount(rule, this.#contact, now);
    this.#accounts.set(rule.id, account);
    return account;
  };

  /** What there is to tell; empty when nothing changed, and worth sending all the same: it keeps the leases alive. */
  report(now: Instant): readonly ShareReport[] {
    return [...this.#accounts.values()].flatMap((account) => account.report(now, false));
  }

  /** The last report: gives back all that is not reserved. */
  close(now: Instant): readonly ShareReport[] {
    return [...this.#accounts.values()].flatMap((account) => account.report(now, true));
  }

  /** Whether there is something to give back that others wait for, so that it should be told at once. */
  get isPressed(): boolean {
    return this.#pressed.length > 0 && this.#pressed.some((account) => account.isPressed);
  }

  /** Takes what the owner answered to the last report. */
  apply(grants: readonly ShareGrant[], now: Instant): void {
    this.#contact.heardAt = now;
    for (const grant of grants) this.#accounts.get(grant.limit)?.apply(grant, now);
    const scarce = new Set(grants.filter(({ isScarce }) => isScarce).map(({ limit }) => limit));
    const told = new Set(grants.map(({ limit }) => limit));
    const kept = this.#pressed.filter(({ rule }) => !told.has(rule.id));
    this.#pressed = [...kept, ...[...scarce].flatMap((limit) => this.#accounts.get(limit) ?? [])];
  }

  /** Forgets the limits that are no more, once they were reported. */
  retain(limits: ReadonlySet<string>): void {
    for (const limit of this.#accounts.keys()) if (!limits.has(limit)) this.#accounts.delete(limit);
  }
}
