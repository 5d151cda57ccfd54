import type { Instant, Millis } from "../../../base/clock.ts";
import { type BudgetWindow, budgetWindow } from "./budget-window.ts";
import { fairCeilings } from "./fair-ceilings.ts";
import { fairGrant } from "./fair-grant.ts";
import { leaseMs, type ShareGrant, type ShareReport } from "./lease.ts";
import { GrantBucket } from "./grant-bucket.ts";
import type { LimitRule } from "./limit-rule.ts";

/** When a worker asks again for requests at once that others hold. */
const askAgainMs: Millis = 50;

/** How long places that do not divide stay with the same workers. */
const turnMs: Millis = 5_000;

/** A worker that was not heard for so long is gone for good; what it did not give back stays spent. */
const goneMs: Millis = 86_400_000;

/** Windows of one budget that are kept: the present one, and those before it for late reports. */
const windowsMax = 3;

/** What the owner must have written down before a worker may spend it: money that was lent. */
export interface LentMoney {
  readonly limit: string;
  readonly window: Instant;
  readonly worker: string;
  /** Sums since the worker's start, in micro-units. */
  readonly granted: number;
  readonly returned: number;
  readonly spent: number;
  /** What of `granted` was granted just now, beyond what the worker had used anyway. */
  readonly given: number;
}

interface LentShare {
  granted: number;
  returned: number;
  spent: number;
  seenAt: Instant;
  /** Requests of its last report wait in vain. */
  isShort: boolean;
}

interface LentWindow {
  readonly window: BudgetWindow;
  /** Sum of what was granted and not returned, by workers that are gone too. */
  committed: number;
  readonly shares: Map<string, LentShare>;
}

interface LentLimit {
  rule: LimitRule;
  /** Of rates only. */
  readonly bucket: GrantBucket | null;
  readonly windows: Map<Instant, LentWindow>;
}

interface Answered {
  readonly grant: ShareGrant;
  readonly given: number;
}

/** Answers to one worker, and what must be durable before they are sent. */
export interface LeaseAnswer {
  readonly grants: readonly ShareGrant[];
  readonly lent: readonly LentMoney[];
}

/**
 * The owner's side of lent limits: what each worker of each gateway holds.
 *
 * What is granted counts as used until it is returned. So money and requests at once never exceed their limit over all
 * workers, and a rate exceeds it in no span by more than what workers held at its beginning, a share and a request each.
 * What requests used beyond what they had reserved is taken from what is granted next. A worker that is not heard for
 * `leaseMs` loses its shares but for money, which stays spent until it reports or the window ends; what it does without
 * having been heard comes on top. A new owner, and one that was cut off, knows nothing of the minute before: of a rate, at
 * most that minute's worth is lent once more.
 */
export class LeaseBook {
  readonly #learnsUntil: Instant;
  readonly #limits = new Map<string, LentLimit>();
  readonly #seenAt = new Map<string, Instant>();

  /**
   * @param learnsUntil until then it lends no requests at once, since workers of an owner before it may hold some: a
   *   `leaseMs` from now where there may be such, else now.
   */
  constructor(learnsUntil: Instant) {
    this.#learnsUntil = learnsUntil;
  }

  /** Takes the limits in force. */
  setRules(rules: readonly LimitRule[], now: Instant): void {
    const ids = new Set(rules.map((rule) => rule.id));
    for (const id of this.#limits.keys()) if (!ids.has(id)) this.#limits.delete(id);
    for (const rule of rules) {
      const known = this.#limits.get(rule.id);
      if (known === undefined) this.#limits.set(rule.id, newLimit(rule, now));
      else {
        known.rule = rule;
        known.bucket?.setPerMinute(rule.amount, now);
      }
    }
  }

  /** Takes what was written down of money by an owner before; once, before the first answer. */
  restore(lent: readonly LentMoney[], now: Instant): void {
    for (const { limit: id, window: startsAt, worker, granted, returned, spent } of lent) {
      const limit = this.#limits.get(id);
      if (limit?.rule.measure !== "money") continue;
      const window = windowAt(limit, startsAt);
      window.committed += granted - returned;
      window.shares.set(worker, { granted, returned, spent, seenAt: now, isShort: false });
    }
  }

  /** Answers a worker's reports, in their order. */
  lease(worker: string, reports: readonly ShareReport[], now: Instant): LeaseAnswer {
    this.#expire(now);
    this.#seenAt.set(worker, now);
    const grants: ShareGrant[] = [];
    const lent: LentMoney[] = [];
    for (const report of reports) {
      const limit = this.#limits.get(report.limit);
      const { grant, given } = limit === undefined ? nothingOf(report) : this.#answer(limit, worker, report, now);
      grants.push(grant);
      if (limit?.rule.measure !== "money") continue;
      const { returned, spent } = report;
      lent.push({ limit: report.limit, window: report.window, worker, granted: grant.granted, returned, spent, given });
    }
    return { grants, lent };
  }

  #answer(limit: LentLimit, worker: string, report: ShareReport, now: Instant): Answered {
    const { rule, bucket } = limit;
    const window = windowAt(limit, report.window);
    const share = takeReport(limit, window, worker, report, now);
    const free = bucket === null ? rule.amount - window.committed : bucket.free(now);
    const isOpen = this.#isLending(rule, window.window.startsAt, now);
    const peers = this.#peers(window, now);
    const { need, waiting } = report;
    const isAtOnce = rule.measure === "concurrency";
    const ceiling = isAtOnce ? ceilingOf(rule.amount, window, share, waiting, now) : rule.amount;
    const most = isAtOnce ? ceiling - (share.granted - share.returned) : free;
    const given = isOpen
      ? fairGrant({ ...report, free: Math.min(free, most), peers, isOtherShort: isOtherShort(window, share) })
      : 0;
    share.granted += given;
    share.isShort = given < waiting;
    window.committed += given;
    bucket?.lend(given, now);
    const isOver = share.granted - share.returned > ceiling;
    const isScarce = isAtOnce && isOtherShort(window, share) && (isOver || !share.isShort);
    const grant: ShareGrant = {
      limit: report.limit,
      window: report.window,
      granted: share.granted,
      ceiling,
      isScarce,
      waitMs: given < need ? waitOf(limit, window, need, now) : 0,
      remaining: isOpen ? Math.max(0, free - given) : 0,
      fullInMs: bucket?.fullInMs(now) ?? (window.window.endsAt === null ? null : window.window.endsAt - now),
      freshMs: bucket?.freshMs(now) ?? 0,
      peers,
    };
    return { grant, given };
  }

  #isLending(rule: LimitRule, startsAt: Instant, now: Instant): boolean {
    if (rule.measure === "money") return startsAt >= budgetWindow(rule.per, now).startsAt;
    return rule.measure !== "concurrency" || now >= this.#learnsUntil;
  }

  /** Workers that were heard of lately and have a share in the window. */
  #peers(window: LentWindow, now: Instant): number {
    let count = 0;
    for (const share of window.shares.values()) if (share.seenAt + leaseMs >= now) count += 1;
    return Math.max(1, count);
  }

  /** Takes back what silent workers held; of money, forgets the ones that are gone, and nothing of what they were lent. */
  #expire(now: Instant): void {
    const gone = [...this.#seenAt].filter(([, seenAt]) => seenAt + leaseMs < now).map(([worker]) => worker);
    if (gone.length === 0) return;
    for (const worker of gone) this.#seenAt.delete(worker);
    for (const limit of this.#limits.values()) {
      for (const window of limit.windows.values()) {
        if (limit.rule.measure === "money") forgetGone(window, now);
        else for (const worker of gone) takeBack(window, worker);
      }
    }
  }
}

/** Writes a worker's sums into its share. What it used without having been granted it counts as granted now. */
function takeReport(
  limit: LentLimit,
  window: LentWindow,
  worker: string,
  report: ShareReport,
  now: Instant,
): LentShare {
  const used = report.spent + report.held;
  const share = window.shares.get(worker) ?? {
    granted: report.returned + (limit.bucket === null ? 0 : used),
    returned: report.returned,
    spent: report.spent,
    seenAt: now,
    isShort: false,
  };
  window.shares.set(worker, share);
  const back = Math.max(0, report.returned - share.returned);
  const excess = Math.max(0, report.returned + used - share.granted);
  share.returned += back;
  share.spent = Math.max(share.spent, report.spent);
  share.granted += excess;
  share.seenAt = now;
  window.committed += excess - back;
  limit.bucket?.takeBack(back, now);
  limit.bucket?.lend(excess, now);
  return share;
}

function forgetGone(window: LentWindow, now: Instant): void {
  for (const [worker, share] of window.shares) if (share.seenAt + goneMs < now) window.shares.delete(worker);
}

function takeBack(window: LentWindow, worker: string): void {
  const share = window.shares.get(worker);
  if (share === undefined) return;
  window.committed -= share.granted - share.returned;
  window.shares.delete(worker);
}

function newLimit(rule: LimitRule, now: Instant): LentLimit {
  const isRate = rule.measure === "requests" || rule.measure === "tokens";
  return { rule, bucket: isRate ? new GrantBucket(rule.amount, now) : null, windows: new Map() };
}

/** The window that starts then; the oldest goes when there are too many. */
function windowAt(limit: LentLimit, startsAt: Instant): LentWindow {
  const known = limit.windows.get(startsAt);
  if (known !== undefined) return known;
  const { rule } = limit;
  const window = rule.measure === "money" ? budgetWindow(rule.per, startsAt) : { startsAt, endsAt: null };
  const opened: LentWindow = { window, committed: 0, shares: new Map() };
  limit.windows.set(startsAt, opened);
  if (limit.windows.size > windowsMax) limit.windows.delete(Math.min(...limit.windows.keys()));
  return opened;
}

function isOtherShort(window: LentWindow, share: LentShare): boolean {
  for (const each of window.shares.values()) if (each !== share && each.isShort) return true;
  return false;
}

/** How many requests at once a worker may hold: all of them, unless one that was refused is owed its part. */
function ceilingOf(amount: number, window: LentWindow, share: LentShare, waiting: number, now: Instant): number {
  const isNeedy = waiting > 0 && window.committed + waiting > amount;
  if (!isNeedy && !isOtherShort(window, share)) return amount;
  const shares = [...window.shares.values()];
  const uses = shares.map((each) => {
    const isHungry = each === share ? waiting > 0 : each.isShort;
    return isHungry ? Number.POSITIVE_INFINITY : each.granted - each.returned;
  });
  return fairCeilings(amount, uses, Math.floor(now / turnMs))[shares.indexOf(share)] ?? amount;
}

function waitOf(limit: LentLimit, window: LentWindow, need: number, now: Instant): Millis | null {
  if (need > limit.rule.amount) return null;
  if (limit.bucket !== null) return Math.max(1, limit.bucket.waitMs(need, now));
  if (limit.rule.measure === "concurrency") return askAgainMs;
  const { endsAt } = window.window;
  return endsAt === null ? null : Math.max(1, endsAt - now);
}

/** A limit that is no more gives nothing, and takes nothing. */
function nothingOf(report: ShareReport): Answered {
  const { limit, window, returned, spent, held } = report;
  const common = { limit, window, granted: returned + spent + held, freshMs: 0, peers: 1 };
  return { grant: { ...common, ceiling: 0, isScarce: false, waitMs: 0, remaining: 0, fullInMs: null }, given: 0 };
}
