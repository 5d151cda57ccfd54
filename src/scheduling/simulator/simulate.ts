import type { Instant } from "../../base/clock.ts";
import { unreachable } from "../../base/exhaustive.ts";
import { isFault } from "../../base/fault.ts";
import type { AdvanceReservation, CycleDecisions, EngineNode, Eviction, Shrink, Start } from "../engine/model.ts";
import { Alarms } from "./alarms.ts";
import { ClusterUse } from "./cluster-use.ts";
import { toTask } from "../engine/node-rank.ts";
import { typicalWorkload } from "../placement/typical-mix.ts";
import { EventHeap } from "./event-heap.ts";
import { makeFragmentationMeter } from "./fragmentation.ts";
import { addGpuTime, type JobEntry, openEntry, toRecord } from "./job-ledger.ts";
import type { NodeOutage, SimulatedScheduler, SimulationRun, TraceJob } from "./ports.ts";
import {
  endOf,
  gpuTimeOf,
  moveAttempt,
  nextCheckpoint,
  type RunningAttempt,
  saveAttempt,
  startAttempt,
} from "./running-attempt.ts";
import { compareEvents, type SimulationEvent } from "./simulation-event.ts";
import type { SimulationInput } from "./simulation-input.ts";

/** A scheduler that still decides after this many cycles at one instant goes in circles. */
const cyclesPerInstantMax = 10_000;
/** A workload that is evicted more often never ends: the scheduler goes in circles. */
const preemptionsMax = 1000;
/** Progress is told after every so many events; a cycle may be long, so these are few. */
const eventsPerProgress = 100;

/**
 * Runs a scheduler over a trace by events, at their exact times.
 *
 * All that happens at one instant happens before the scheduler is asked. Every decision is checked: a place given
 * twice, a gang placed in part, or an eviction of what does not run is a bug of the scheduler and throws. The same
 * input gives the same run. Costs the log of the events each, and the scheduler's cycles.
 *
 * @throws {RangeError} when two workloads of the trace have one id, or an outage names an unknown node.
 */
export function simulate(input: SimulationInput): SimulationRun {
  const simulation = new Simulation(input);
  simulation.run();
  return simulation.result();
}

class Simulation {
  readonly #input: SimulationInput;
  readonly #jobs: readonly TraceJob[];
  readonly #scheduler: SimulatedScheduler;
  readonly #use: ClusterUse;
  readonly #events = new EventHeap<SimulationEvent>(compareEvents);
  readonly #entries = new Map<string, JobEntry>();
  readonly #running = new Map<string, RunningAttempt>();
  readonly #waiting = new Set<string>();
  readonly #alarms = new Alarms();
  #now: Instant = 0;
  #eventCount = 0;
  #cycleCount = 0;
  #cyclesAtNow = 0;
  #isTouched = false;
  #arrivedNow: string[] = [];

  constructor(input: SimulationInput) {
    this.#input = input;
    this.#jobs = input.jobs.toSorted((left, right) => left.item.submittedAt - right.item.submittedAt);
    this.#use = new ClusterUse(makeFragmentationMeter(this.#jobs.map(({ item }) => item)));
    this.#scheduler = input.newScheduler(input.settings, input.quotas);
    // What the live engine learns from its recent workloads, a simulation knows from its trace.
    this.#scheduler.setMix?.(typicalWorkload(this.#jobs.map(({ item }) => toTask(item.shape))));
    for (const pool of input.pools) this.#scheduler.setPool(pool);
    for (const node of input.nodes) this.#bringNode(node);
    for (const reservation of input.reservations) this.#reserve(reservation);
    for (const outage of input.outages) this.#planOutage(outage);
    this.#planArrival(0);
  }

  run(): void {
    const { until } = this.#input;
    for (;;) {
      const next = this.#events.peek();
      if (next === undefined) break;
      if (until !== null && next.at > until) {
        this.#now = until;
        break;
      }
      this.#cyclesAtNow = next.at === this.#now ? this.#cyclesAtNow : 0;
      this.#now = next.at;
      while (this.#events.peek()?.at === this.#now) this.#happen(this.#events.pop());
      if (this.#isTouched) this.#decide();
      this.#setAlarms();
    }
    this.#use.record(this.#now, this.#waiting.size);
  }

  result(): SimulationRun {
    for (const [id, attempt] of this.#running) {
      const entry = this.#entryOf(id);
      entry.outcome = "running";
      entry.gpuTime = addGpuTime(entry.gpuTime, gpuTimeOf(attempt, this.#now, false));
    }
    return {
      records: [...this.#entries.values()].map(toRecord),
      series: this.#use.series,
      endedAt: this.#input.until === null ? this.#alarms.changedAt : this.#now,
      events: this.#eventCount,
      cycles: this.#cycleCount,
    };
  }

  #happen(event: SimulationEvent | undefined): void {
    if (event === undefined) return;
    this.#eventCount += 1;
    if (this.#eventCount % eventsPerProgress === 0) this.#tellProgress();
    if (!this.#apply(event)) return;
    this.#isTouched = true;
    if (event.kind !== "wake" && event.kind !== "due") this.#alarms.noteChange(this.#now);
  }

  /** Answers whether the event still meant something. */
  #apply(event: SimulationEvent): boolean {
    switch (event.kind) {
      case "end":
        return this.#end(event.id, event.attempt);
      case "leave":
        return this.#leave(event.id, event.attempt);
      case "checkpoint":
        return this.#checkpoint(event.id, event.attempt);
      case "node-down":
        return this.#loseNode(event.node);
      case "node-up":
        this.#bringNode(event.node);
        return true;
      case "boundary":
        return true;
      case "due":
      case "wake":
        return this.#alarms.goOff(event, this.#waiting.size > 0);
      case "arrival":
        return this.#arrive(event.index);
      default:
        return unreachable(event);
    }
  }

  #decide(): void {
    this.#isTouched = false;
    this.#cyclesAtNow += 1;
    if (this.#cyclesAtNow > cyclesPerInstantMax) {
      throw new Error(`the scheduler still decides after ${cyclesPerInstantMax} cycles at instant ${this.#now}`);
    }
    this.#cycleCount += 1;
    const decisions = this.#scheduler.cycle(this.#now);
    this.#carryOut(decisions);
    for (const id of this.#arrivedNow) this.#notePromise(id);
    this.#arrivedNow = [];
    this.#use.record(this.#now, this.#waiting.size);
  }

  #carryOut(decisions: CycleDecisions): void {
    for (const shrink of decisions.shrinks) this.#shrink(shrink);
    for (const start of decisions.starts) this.#start(start);
    for (const eviction of decisions.evictions) this.#evict(eviction);
    const count = decisions.shrinks.length + decisions.starts.length + decisions.evictions.length;
    if (count > 0) this.#alarms.noteChange(this.#now);
  }

  #start({ id, places }: Start): void {
    const entry = this.#entryOf(id);
    const { job } = entry;
    const { min, max } = job.item.members;
    if (!this.#waiting.delete(id)) throw new Error(`${id} was started and does not wait`);
    if (places.length < min || places.length > max) {
      throw new Error(`${id} was started with ${places.length} members; it asks for ${min} to ${max}`);
    }
    this.#use.take(id, job.item.shape, places);
    entry.starts += 1;
    entry.firstStartAt ??= this.#now;
    this.#follow(startAttempt(job, entry.starts, entry.savedWork, places, this.#now));
    this.#planCheckpoint(id);
  }

  #shrink({ id, places }: Shrink): void {
    const attempt = this.#attemptOf(id, "was shrunk");
    const { item } = attempt.job;
    if (places.length < item.members.min || places.length >= attempt.places.length) {
      throw new Error(`${id} was shrunk from ${attempt.places.length} to ${places.length} members`);
    }
    this.#use.release(item.shape, attempt.places);
    this.#use.take(id, item.shape, places);
    this.#follow(moveAttempt(attempt, places, this.#now));
  }

  #evict({ id }: Eviction): void {
    const attempt = this.#attemptOf(id, "was evicted");
    if (attempt.stoppedAt !== null) return;
    this.#running.set(id, { ...attempt, stoppedAt: this.#now });
    const entry = this.#entryOf(id);
    entry.preemptions += 1;
    if (entry.preemptions > preemptionsMax) {
      throw new Error(`${id} was evicted more than ${preemptionsMax} times: the scheduler goes in circles`);
    }
    this.#events.push({ kind: "leave", at: this.#now + this.#input.graceMs, id, attempt: attempt.number });
  }

  /** Keeps a run and plans its end. */
  #follow(attempt: RunningAttempt): void {
    const { id } = attempt.job.item;
    this.#running.set(id, attempt);
    this.#events.push({ kind: "end", at: endOf(attempt).at, id, attempt: attempt.number });
  }

  #end(id: string, number: number): boolean {
    const attempt = this.#currentAttempt(id, number);
    const end = attempt === undefined ? undefined : endOf(attempt);
    if (attempt === undefined || end?.at !== this.#now) return false;
    const entry = this.#entryOf(id);
    entry.outcome = end.outcome;
    entry.endedAt = this.#now;
    entry.gpuTime = addGpuTime(entry.gpuTime, gpuTimeOf(attempt, this.#now, false));
    this.#running.delete(id);
    this.#use.release(attempt.job.item.shape, attempt.places);
    this.#scheduler.finish(id, this.#now);
    return true;
  }

  /** An evicted workload is gone and asks again. */
  #leave(id: string, number: number): boolean {
    const attempt = this.#running.get(id);
    if (attempt === undefined || attempt.number !== number) return false;
    this.#use.release(attempt.job.item.shape, attempt.places);
    this.#scheduler.finish(id, this.#now);
    const entry = this.#loseWork(attempt);
    entry.item = { ...entry.item, timesPreempted: entry.item.timesPreempted + 1 };
    this.#submit(entry);
    return true;
  }

  #loseWork(attempt: RunningAttempt): JobEntry {
    const { id } = attempt.job.item;
    const entry = this.#entryOf(id);
    entry.gpuTime = addGpuTime(entry.gpuTime, gpuTimeOf(attempt, this.#now, true));
    entry.savedWork = attempt.savedWork;
    this.#running.delete(id);
    return entry;
  }

  #checkpoint(id: string, number: number): boolean {
    const attempt = this.#currentAttempt(id, number);
    if (attempt === undefined) return false;
    this.#running.set(id, saveAttempt(attempt, this.#now));
    this.#scheduler.checkpoint(id, this.#now);
    this.#planCheckpoint(id);
    return false;
  }

  #planCheckpoint(id: string): void {
    const attempt = this.#running.get(id);
    const at = attempt === undefined ? null : nextCheckpoint(attempt, this.#now);
    if (attempt === undefined || at === null || at >= endOf(attempt).at) return;
    this.#events.push({ kind: "checkpoint", at, id, attempt: attempt.number });
  }

  #loseNode(node: EngineNode): boolean {
    const lost = new Set(this.#scheduler.removeNode(node.id, this.#now));
    for (const [id, attempt] of this.#running) {
      const isThere = attempt.places.some((place) => place.node === node.id);
      if (isThere && !lost.has(id)) throw new Error(`${id} ran on node ${node.id}, which is gone, and kept its place`);
    }
    for (const id of lost) {
      const attempt = this.#attemptOf(id, "lost its node");
      this.#use.release(attempt.job.item.shape, attempt.places);
      const entry = this.#loseWork(attempt);
      entry.nodeLosses += 1;
      this.#submit(entry);
    }
    this.#use.removeNode(node.id);
    return true;
  }

  #bringNode(node: EngineNode): void {
    this.#scheduler.setNode(node);
    this.#use.addNode(node);
  }

  #reserve(reservation: AdvanceReservation): void {
    this.#scheduler.reserve(reservation);
    for (const at of [reservation.start, reservation.end]) this.#events.push({ kind: "boundary", at });
  }

  #planOutage({ node: id, from, until }: NodeOutage): void {
    const node = this.#input.nodes.find((each) => each.id === id);
    if (node === undefined) throw new RangeError(`an outage names node ${id}, which the cluster does not have`);
    this.#events.push({ kind: "node-down", at: from, node });
    if (until !== null) this.#events.push({ kind: "node-up", at: until, node });
  }

  #planArrival(index: number): void {
    const job = this.#jobs[index];
    if (job !== undefined) this.#events.push({ kind: "arrival", at: job.item.submittedAt, index });
  }

  #arrive(index: number): boolean {
    const job = this.#jobs[index];
    if (job === undefined) return false;
    this.#planArrival(index + 1);
    const { id } = job.item;
    if (this.#entries.has(id)) throw new RangeError(`two workloads of the trace have the id ${id}`);
    const entry = openEntry(job);
    this.#entries.set(id, entry);
    this.#arrivedNow.push(id);
    this.#submit(entry);
    return true;
  }

  /** Asks for a place; a request that the scheduler refuses as impossible is over. */
  #submit(entry: JobEntry): void {
    const { id } = entry.item;
    entry.outcome = "waiting";
    try {
      this.#scheduler.submit(entry.item);
      this.#waiting.add(id);
    } catch (error) {
      if (!isFault(error)) throw error;
      entry.outcome = "refused";
    }
  }

  #notePromise(id: string): void {
    if (!this.#waiting.has(id)) return;
    const planned = this.#scheduler.plannedStart(id);
    this.#entryOf(id).promise = {
      at: planned?.at ?? null,
      isHardBound: planned?.isHardBound ?? false,
      estimate: this.#scheduler.startEstimate?.(id, this.#now) ?? null,
    };
  }

  #setAlarms(): void {
    const alarms = this.#alarms.set({
      now: this.#now,
      isAnyWaiting: this.#waiting.size > 0,
      isMoreToCome: this.#events.size > 0,
      plannedAt: this.#scheduler.nextPlannedAt?.(),
    });
    for (const alarm of alarms) this.#events.push(alarm);
  }

  #currentAttempt(id: string, number: number): RunningAttempt | undefined {
    const attempt = this.#running.get(id);
    return attempt?.number === number && attempt.stoppedAt === null ? attempt : undefined;
  }

  #attemptOf(id: string, what: string): RunningAttempt {
    const attempt = this.#running.get(id);
    if (attempt === undefined) throw new Error(`${id} ${what} and does not run`);
    return attempt;
  }

  #entryOf(id: string): JobEntry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new Error(`the scheduler decided about ${id}, which was never submitted`);
    return entry;
  }

  #tellProgress(): void {
    this.#input.onProgress?.({
      now: this.#now,
      events: this.#eventCount,
      arrived: this.#entries.size,
      running: this.#running.size,
      waiting: this.#waiting.size,
    });
  }
}
