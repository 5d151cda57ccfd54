import type { Instant, Millis } from "../../../base/clock.ts";
import { type Band, type BandPolicy, bands, defaultBands } from "./band.ts";
import { DrainRate } from "./drain-rate.ts";
import { FairQueue, type FairRequest, type Flow } from "./fair-queue.ts";
import { PlaceHeap } from "./place-heap.ts";

/** Of so many starts, one is of a request that waited too long, whatever its band. */
const promotedEvery = 8;

/** What is told when nothing has started yet, so that nobody knows how fast the queue drains. */
const unknownRetryMs: Millis = 1_000;

/** The longest that a refused caller is asked to wait. */
const retryMaxMs: Millis = 300_000;

/** A request that asks to be served. */
export interface AdmissionAsk {
  /** Absent: `default`. */
  readonly band?: Band;
  /** Whom it is for: tenants of one band share fairly. */
  readonly tenant: string;
  /** The tenant's weight among the others, above 0; absent: 1. */
  readonly weight?: number;
  /** What it is reckoned to cost, above 0: tokens of input and twice the tokens of output. */
  readonly cost: number;
  /** When the caller has no use for the answer any more. */
  readonly deadline: Instant;
}

/** Why a request is not served: too many wait (429), none can be served at all (503), its time is over (504). */
export type ShedReason = "full" | "no-endpoint" | "late";

/** Why a request is not served, and when to ask again. */
export interface Shed {
  readonly kind: "shed";
  readonly why: ShedReason;
  readonly retryAfterMs: Millis;
}

/** A request's place in the queue: one that is queued comes out of a later call once it is admitted, or out of `expire`. */
export interface AdmissionTicket {
  readonly kind: "queued" | "admitted" | "over";
  /** Whoever waits leaves here what to call when the wait is over; the queue itself does not. */
  onTurn: ((turn: "admitted" | Shed) => void) | null;
}

export type AdmissionAnswer = AdmissionTicket | Shed;

interface Line {
  readonly band: Band;
  readonly rank: number;
  readonly policy: BandPolicy;
  readonly queue: FairQueue<Entry>;
  readonly drain: DrainRate;
  floor: number;
  underWay: number;
}

/** A request that waits or is under way. */
class Entry implements FairRequest<Entry>, AdmissionTicket {
  kind: AdmissionTicket["kind"] = "queued";
  onTurn: AdmissionTicket["onTurn"] = null;
  heapPlace = -1;
  behind: Entry | null = null;
  ahead: Entry | null = null;
  later: Entry | null = null;
  earlier: Entry | null = null;
  readonly line: Line;
  readonly flow: Flow<Entry>;
  readonly cost: number;
  readonly deadline: Instant;
  readonly arrivedAt: Instant;

  constructor(line: Line, flow: Flow<Entry>, cost: number, deadline: Instant, now: Instant) {
    this.line = line;
    this.flow = flow;
    this.cost = cost;
    this.deadline = deadline;
    this.arrivedAt = now;
  }
}

const nobody: readonly AdmissionTicket[] = [];

/**
 * Decides which requests of a deployment are under way: as many as there is capacity, the most urgent band first, tenants
 * of a band by their fair shares, nobody starved, nobody kept beyond the deadline.
 *
 * When a request ends, the next one is, in this order: every eighth time, the one that waited longest beyond its band's
 * `promoteMs`; of the most urgent band that is below its floor; of the most urgent band that leaves the floors of those
 * above it free. O(log n) an operation.
 */
export class AdmissionQueue {
  readonly #lines: readonly Line[];
  readonly #lineOf: ReadonlyMap<Band, Line>;
  readonly #deadlines = new PlaceHeap<Entry>((left, right) => left.deadline < right.deadline);
  #capacity: number;
  #underWay = 0;
  #startsSincePromotion = 0;

  /** @param capacity requests that may be under way at once, 0 or more. */
  constructor(capacity: number, now: Instant, policies: Readonly<Record<Band, BandPolicy>> = defaultBands) {
    this.#lines = bands.map((band, rank) => newLine(band, rank, policies[band], now));
    this.#lineOf = new Map(this.#lines.map((line) => [line.band, line]));
    this.#capacity = capacity;
    this.#setFloors();
  }

  get underWay(): number {
    return this.#underWay;
  }

  get waiting(): number {
    return this.#deadlines.size;
  }

  /** When the next request that waits runs out of time; null when none waits. */
  get nextDeadline(): Instant | null {
    return this.#deadlines.first?.deadline ?? null;
  }

  /** Takes a request in, or says why not. */
  offer(ask: AdmissionAsk, now: Instant): AdmissionAnswer {
    const { band = "default", weight = 1 } = ask;
    const line = this.#lineOf.get(band);
    if (line === undefined) throw new Error(`there is no band ${band}`);
    if (this.#capacity === 0) return { kind: "shed", why: "no-endpoint", retryAfterMs: unknownRetryMs };
    const deadline = Math.min(ask.deadline, now + line.policy.waitMaxMs);
    if (deadline <= now) return { kind: "shed", why: "late", retryAfterMs: this.#retryAfter(line, now) };
    const isNext = line.queue.size === 0 && this.#mayStart(line);
    if (!isNext && line.queue.size >= line.policy.queueMax) {
      return { kind: "shed", why: "full", retryAfterMs: this.#retryAfter(line, now) };
    }
    const entry = new Entry(line, line.queue.flowOf(ask.tenant, weight), ask.cost, deadline, now);
    if (isNext) {
      line.queue.startAtOnce(entry.flow, entry.cost);
      this.#begin(entry, now);
      return entry;
    }
    line.queue.add(entry);
    this.#deadlines.add(entry);
    return entry;
  }

  /**
   * A request that was under way ended. @returns those that are under way from now on.
   *
   * @throws {Error} when it is not under way.
   */
  release(ticket: AdmissionTicket, actualCost: number, now: Instant): readonly AdmissionTicket[] {
    const entry = entryOf(ticket);
    if (entry.kind !== "admitted") throw new Error(`a request is released that is not under way but ${entry.kind}`);
    entry.kind = "over";
    entry.line.queue.correct(entry.flow, actualCost - entry.cost);
    entry.line.underWay -= 1;
    this.#underWay -= 1;
    return this.#startNext(now);
  }

  /** A caller that waits went away. @returns false when its request does not wait (any more). */
  cancel(ticket: AdmissionTicket): boolean {
    const entry = entryOf(ticket);
    if (entry.kind !== "queued") return false;
    this.#drop(entry);
    return true;
  }

  /** @returns those that waited until their deadline; to be called when `nextDeadline` is reached. */
  expire(now: Instant): readonly AdmissionTicket[] {
    const late: AdmissionTicket[] = [];
    for (
      let entry = this.#deadlines.first;
      entry !== undefined && entry.deadline <= now;
      entry = this.#deadlines.first
    ) {
      this.#drop(entry);
      late.push(entry);
    }
    return late;
  }

  /** Replicas came or went. @returns those that are under way from now on. */
  setCapacity(capacity: number, now: Instant): readonly AdmissionTicket[] {
    this.#capacity = capacity;
    this.#setFloors();
    return this.#startNext(now);
  }

  /** What a caller whose time ran out here may be told: until those that wait, and one more, have started. */
  retryAfterMs(band: Band, now: Instant): Millis {
    const line = this.#lineOf.get(band);
    return line === undefined ? unknownRetryMs : this.#retryAfter(line, now);
  }

  #retryAfter(line: Line, now: Instant): Millis {
    const perMs = line.drain.perMs(now);
    if (perMs === 0) return unknownRetryMs;
    return Math.min(retryMaxMs, Math.max(1, Math.ceil((line.queue.size + 1) / perMs)));
  }

  #startNext(now: Instant): readonly AdmissionTicket[] {
    if (this.#deadlines.size === 0 || this.#underWay >= this.#capacity) return nobody;
    const started: AdmissionTicket[] = [];
    while (this.#underWay < this.#capacity) {
      const entry = this.#choose(now);
      if (entry === null) break;
      this.#deadlines.remove(entry);
      entry.line.queue.start(entry);
      this.#begin(entry, now);
      started.push(entry);
    }
    return started;
  }

  #begin(entry: Entry, now: Instant): void {
    const { line } = entry;
    entry.kind = "admitted";
    line.underWay += 1;
    line.drain.record(now);
    this.#underWay += 1;
    this.#startsSincePromotion += 1;
  }

  #choose(now: Instant): Entry | null {
    if (this.#startsSincePromotion >= promotedEvery - 1) {
      const overdue = this.#mostOverdue(now);
      if (overdue !== null) {
        this.#startsSincePromotion = -1;
        return overdue;
      }
    }
    let fitting: Line | null = null;
    for (const line of this.#lines) {
      if (line.queue.size === 0 || !this.#mayStart(line)) continue;
      if (line.underWay < line.floor) return line.queue.next;
      fitting ??= line;
    }
    return fitting === null ? null : fitting.queue.next;
  }

  #mostOverdue(now: Instant): Entry | null {
    let chosen: Entry | null = null;
    let longestMs = -1;
    for (const line of this.#lines) {
      const { oldest } = line.queue;
      if (oldest === null || !this.#mayStart(line)) continue;
      const overdueMs = now - oldest.arrivedAt - line.policy.promoteMs;
      if (overdueMs <= longestMs) continue;
      longestMs = overdueMs;
      chosen = oldest;
    }
    return chosen;
  }

  /** Whether a place is free that more urgent bands do not count on. */
  #mayStart(line: Line): boolean {
    let free = this.#capacity - this.#underWay;
    for (let rank = 0; rank < line.rank; rank += 1) {
      const above = this.#lines[rank];
      if (above !== undefined && above.underWay < above.floor) free -= above.floor - above.underWay;
    }
    return free > 0;
  }

  #drop(entry: Entry): void {
    this.#deadlines.remove(entry);
    entry.line.queue.remove(entry);
    entry.kind = "over";
  }

  #setFloors(): void {
    for (const line of this.#lines) line.floor = Math.floor(line.policy.floor * this.#capacity);
  }
}

function newLine(band: Band, rank: number, policy: BandPolicy, now: Instant): Line {
  return { band, rank, policy, queue: new FairQueue(), drain: new DrainRate(now), floor: 0, underWay: 0 };
}

function entryOf(ticket: AdmissionTicket): Entry {
  if (ticket instanceof Entry) return ticket;
  throw new Error("a ticket wants to come from a queue, found one that was made elsewhere");
}
