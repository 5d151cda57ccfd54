import type { Instant, Millis } from "../../base/clock.ts";
import { Heap } from "../engine/heap.ts";
import type { MemberPlace, WorkItem } from "../engine/model.ts";
import type { Scheduler } from "../engine/scheduler.ts";
import { type Likelihood, runDuration, runEnd } from "./run-duration.ts";

/** How far the future is played. */
export interface PlayBounds {
  /** How long runs are reckoned to take. */
  readonly likelihood: Likelihood;
  /** What lies further away than this is not looked at. */
  readonly horizonMs: Millis;
  /** The most cycles that are played. */
  readonly cyclesMax: number;
}

/** A run between two moments, always on the same places. */
export interface PlayedSpan {
  readonly item: WorkItem;
  readonly start: Instant;
  /** When it ends or moves; beyond the end of the play for a run that goes on; infinite for one that never ends. */
  readonly end: Instant;
  readonly places: readonly MemberPlace[];
  /** Whether it ran before the play began. */
  readonly isOld: boolean;
}

/** An eviction that the engine decided in the play. */
export interface PlayedEviction {
  readonly id: string;
  readonly forId: string;
  readonly at: Instant;
  readonly lostGpuSeconds: number;
}

/** What happened in a play. */
export interface Playback {
  /** The first start of everything that started. */
  readonly startedAt: ReadonlyMap<string, Instant>;
  readonly spans: readonly PlayedSpan[];
  readonly evictions: readonly PlayedEviction[];
  /** The last moment that was played. */
  readonly until: Instant;
  readonly cycles: number;
  /** Whether it stopped at a bound with workloads still waiting. */
  readonly isCutOff: boolean;
}

/** A run of the play. */
interface PlayedRun {
  readonly item: WorkItem;
  readonly startedAt: Instant;
  readonly isOld: boolean;
  spanStart: Instant;
  places: readonly MemberPlace[];
  end: Instant;
  savedMs: Millis;
  /** Whether it goes back into the queue when it is gone. */
  isEvicted: boolean;
}

/** After a cycle that left something for the next one, so many more at the same moment. */
const repeatsMax = 16;
/** Where nothing happens any more, the next planned moments are tried so often. */
const barrenMax = 8;

/**
 * Plays an engine forward by events until nobody waits or a bound is reached: every run ends as reckoned, what is
 * evicted goes back into the queue and keeps what it had saved. The engine is used up: give it a restored one.
 *
 * `lost` are workloads that were running until now and lost their place: they queue again.
 */
export function playForward(
  engine: Scheduler,
  now: Instant,
  bounds: PlayBounds,
  lost: readonly WorkItem[] = [],
): Playback {
  const play = new Play(engine, now, bounds);
  for (const item of lost) play.requeue(item, 0);
  return play.run();
}

class Play {
  readonly #engine: Scheduler;
  readonly #bounds: PlayBounds;
  readonly #until: Instant;
  #now: Instant;
  #cycles = 0;
  #barren = 0;
  readonly #runs = new Map<string, PlayedRun>();
  readonly #ends = new Heap<{ readonly run: PlayedRun; readonly at: Instant }>(
    (left, right) => left.at - right.at || (left.run.item.id < right.run.item.id ? -1 : 1),
  );
  /** What runs had saved when they were evicted. */
  readonly #saved = new Map<string, Millis>();
  readonly #startedAt = new Map<string, Instant>();
  readonly #spans: PlayedSpan[] = [];
  readonly #evictions: PlayedEviction[] = [];

  constructor(engine: Scheduler, now: Instant, bounds: PlayBounds) {
    this.#engine = engine;
    this.#bounds = bounds;
    this.#now = now;
    this.#until = now + bounds.horizonMs;
    const { settings, running, evictors } = engine.state;
    for (const { item, places, startedAt, checkpointAt, isStopping, endBy } of running.values()) {
      const end = isStopping ? Math.max(now + 1, endBy) : runEnd(item, startedAt, now, bounds.likelihood, settings);
      this.#add({
        item,
        startedAt,
        isOld: true,
        spanStart: startedAt,
        places,
        end,
        savedMs: checkpointAt === null ? 0 : Math.max(0, checkpointAt - startedAt),
        isEvicted: isStopping && evictors.has(item.id),
      });
    }
  }

  #add(run: PlayedRun): void {
    this.#runs.set(run.item.id, run);
    if (Number.isFinite(run.end)) this.#ends.push({ run, at: run.end });
  }

  run(): Playback {
    for (;;) {
      this.#cycle();
      if (this.#engine.waitingCount === 0 && !this.#isSomebodyLeaving()) break;
      const next = this.#next();
      if (next === null || next > this.#until || this.#cycles >= this.#bounds.cyclesMax) break;
      this.#now = next;
      this.#endRuns();
    }
    for (const run of this.#runs.values()) this.#closeSpan(run, run.end);
    return {
      startedAt: this.#startedAt,
      spans: this.#spans,
      evictions: this.#evictions,
      until: this.#now,
      cycles: this.#cycles,
      isCutOff: this.#engine.waitingCount > 0 && (this.#cycles >= this.#bounds.cyclesMax || this.#next() !== null),
    };
  }

  #isSomebodyLeaving(): boolean {
    for (const run of this.#runs.values()) if (run.isEvicted) return true;
    return false;
  }

  /** Lets the engine decide, again at once where it left something for its next cycle. */
  #cycle(): void {
    for (let repeat = 0; repeat < repeatsMax; repeat += 1) {
      const { starts, evictions, shrinks } = this.#engine.cycle(this.#now);
      this.#cycles += 1;
      if (starts.length > 0) this.#barren = 0;
      for (const { id, places } of starts) this.#start(id, places);
      for (const { id, forId, lostGpuSeconds } of evictions) {
        this.#evictions.push({ id, forId, at: this.#now, lostGpuSeconds });
        this.#stop(id);
      }
      for (const { id, places } of shrinks) this.#move(id, places);
      if (shrinks.length === 0) return;
    }
  }

  #start(id: string, places: readonly MemberPlace[]): void {
    const item = this.#engine.state.running.get(id)?.item;
    if (item === undefined) return;
    const { settings } = this.#engine.state;
    const saved = this.#saved.get(id) ?? 0;
    const duration = Math.max(1, runDuration(item, this.#bounds.likelihood, settings) - saved);
    if (!this.#startedAt.has(id)) this.#startedAt.set(id, this.#now);
    this.#add({
      item,
      startedAt: this.#now,
      isOld: false,
      spanStart: this.#now,
      places,
      end: this.#now + duration,
      savedMs: saved,
      isEvicted: false,
    });
  }

  #stop(id: string): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    const end = this.#now + this.#engine.state.settings.stopMs;
    // Who ends by itself before it is stopped does not come back.
    if (run.end <= end) return;
    run.end = end;
    run.isEvicted = true;
    this.#ends.push({ run, at: end });
  }

  #move(id: string, places: readonly MemberPlace[]): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    this.#closeSpan(run, this.#now);
    run.spanStart = this.#now;
    run.places = places;
  }

  #closeSpan({ item, spanStart, places, isOld }: PlayedRun, end: Instant): void {
    this.#spans.push({ item, start: spanStart, end, places, isOld });
  }

  #endRuns(): void {
    for (let first = this.#ends.peek(); first !== undefined && first.at <= this.#now; first = this.#ends.peek()) {
      this.#ends.pop();
      const { run, at } = first;
      const { id } = run.item;
      if (run.end !== at || this.#runs.get(id) !== run) continue;
      this.#runs.delete(id);
      this.#closeSpan(run, at);
      this.#engine.finish(id, this.#now);
      if (run.isEvicted) this.requeue(run.item, run.savedMs);
    }
  }

  requeue(item: WorkItem, savedMs: Millis): void {
    this.#saved.set(item.id, savedMs);
    this.#engine.submit({ ...item, timesPreempted: item.timesPreempted + 1 });
  }

  /** The next moment at which something may change; null when none is known. */
  #next(): Instant | null {
    let next = Number.POSITIVE_INFINITY;
    for (let first = this.#ends.peek(); first !== undefined; first = this.#ends.peek()) {
      if (first.run.end === first.at && this.#runs.get(first.run.item.id) === first.run) {
        next = first.at;
        break;
      }
      this.#ends.pop();
    }
    const { reservations, held, waiting } = this.#engine.state;
    const consider = (at: Instant | null | undefined): void => {
      if (at !== null && at !== undefined && at > this.#now && at < next) next = at;
    };
    for (const { reservation } of reservations.values()) {
      consider(reservation.start);
      consider(reservation.end);
    }
    for (const id of held) consider(waiting.get(id)?.plan?.heldUntil);
    for (const { plan } of waiting.values()) consider(plan?.at);
    if (Number.isFinite(next)) return next;
    if (this.#barren >= barrenMax) return null;
    this.#barren += 1;
    for (const { replanAt } of waiting.values()) consider(replanAt);
    return Number.isFinite(next) ? next : null;
  }
}
