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
  /** Never used by another request that waits or is under way. */
  readonly id: string;
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

/** `queued`: its id comes out of a later call, or out of `expire`. */
export type AdmissionAnswer =
  | { readonly kind: "admitted" }
  | { readonly kind: "queued" }
  | { readonly kind: "shed"; readonly why: ShedReason; readonly retryAfterMs: Millis };

interface Line {
  readonly band: Band;
  readonly rank: number;
  readonly policy: BandPolicy;
  readonly queue: FairQueue;
  readonly drain: DrainRate;
  floor: number;
  underWay: number;
}

interface Entry extends FairRequest {
  readonly line: Line;
  readonly deadline: Instant;
  heapPlace: number;
}

const admitted: AdmissionAnswer = { kind: "admitted" };
const queued: AdmissionAnswer = { kind: "queued" };
const nobody: readonly string[] = [];

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
  readonly #entries = new Map<string, Entry>();
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

  /** @throws {Error} when the id is in use. */
  offer(ask: AdmissionAsk, now: Instant): AdmissionAnswer {
    if (this.#entries.has(ask.id)) throw new Error(`request ${ask.id} was offered twice`);
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
    const entry = newEntry(ask, line, line.queue.flowOf(ask.tenant, weight), deadline, now);
    this.#entries.set(ask.id, entry);
    if (isNext) {
      line.queue.startAtOnce(entry.flow, entry.cost);
      this.#begin(line, now);
      return admitted;
    }
    line.queue.add(entry);
    this.#deadlines.add(entry);
    return queued;
  }

  /**
   * A request that was under way ended. @returns the ids of those that are under way from now on.
   *
   * @throws {Error} when it is not under way.
   */
  release(id: string, actualCost: number, now: Instant): readonly string[] {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.heapPlace >= 0) throw new Error(`request ${id} is released and is not under way`);
    this.#entries.delete(id);
    entry.line.queue.correct(entry.flow, actualCost - entry.cost);
    entry.line.underWay -= 1;
    this.#underWay -= 1;
    return this.#startNext(now);
  }

  /** A caller that waits went away. @returns false when its request does not wait (any more). */
  cancel(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.heapPlace < 0) return false;
    this.#drop(entry);
    return true;
  }

  /** @returns the ids of those that waited until their deadline; to be called when `nextDeadline` is reached. */
  expire(now: Instant): readonly string[] {
    const late: string[] = [];
    for (
      let entry = this.#deadlines.first;
      entry !== undefined && entry.deadline <= now;
      entry = this.#deadlines.first
    ) {
      this.#drop(entry);
      late.push(entry.id);
    }
    return late;
  }

  /** Replicas came or went. @returns the ids of those that are under way from now on. */
  setCapacity(capacity: number, now: Instant): readonly string[] {
    this.#capacity = capacity;
    this.#setFloors();
    return this.#startNext(now);
  }

  /** What a caller whose time ran out here may be told: until those that wait before it have started. */
  retryAfterMs(band: Band, now: Instant): Millis {
    const line = this.#lineOf.get(band);
    return line === undefined ? unknownRetryMs : this.#retryAfter(line, now);
  }

  #retryAfter(line: Line, now: Instant): Millis {
    const perMs = line.drain.perMs(now);
    if (perMs === 0) return unknownRetryMs;
    return Math.min(retryMaxMs, Math.max(1, Math.ceil(line.queue.size / perMs)));
  }

  #startNext(now: Instant): readonly string[] {
    if (this.#deadlines.size === 0 || this.#underWay >= this.#capacity) return nobody;
    const started: string[] = [];
    while (this.#underWay < this.#capacity) {
      const entry = this.#choose(now);
      if (entry === null) break;
      this.#deadlines.remove(entry);
      entry.line.queue.start(entry);
      this.#begin(entry.line, now);
      started.push(entry.id);
    }
    return started;
  }

  #begin(line: Line, now: Instant): void {
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
      if (line.underWay < line.floor) return this.#nextOf(line);
      fitting ??= line;
    }
    return fitting === null ? null : this.#nextOf(fitting);
  }

  #mostOverdue(now: Instant): Entry | null {
    let chosen: FairRequest | null = null;
    let longestMs = -1;
    for (const line of this.#lines) {
      const { oldest } = line.queue;
      if (oldest === null || !this.#mayStart(line)) continue;
      const overdueMs = now - oldest.arrivedAt - line.policy.promoteMs;
      if (overdueMs <= longestMs) continue;
      longestMs = overdueMs;
      chosen = oldest;
    }
    return chosen === null ? null : (this.#entries.get(chosen.id) ?? null);
  }

  #nextOf(line: Line): Entry | null {
    const { next } = line.queue;
    return next === null ? null : (this.#entries.get(next.id) ?? null);
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
    this.#entries.delete(entry.id);
  }

  #setFloors(): void {
    for (const line of this.#lines) line.floor = Math.floor(line.policy.floor * this.#capacity);
  }
}

function newLine(band: Band, rank: number, policy: BandPolicy, now: Instant): Line {
  return { band, rank, policy, queue: new FairQueue(), drain: new DrainRate(now), floor: 0, underWay: 0 };
}

function newEntry(ask: AdmissionAsk, line: Line, flow: Flow, deadline: Instant, now: Instant): Entry {
  return {
    id: ask.id,
    flow,
    cost: ask.cost,
    arrivedAt: now,
    behind: null,
    ahead: null,
    later: null,
    earlier: null,
    line,
    deadline,
    heapPlace: -1,
  };
}
