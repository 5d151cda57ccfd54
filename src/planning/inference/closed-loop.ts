import { seededRandom } from "../../base/random.ts";
import type { RequestScheduling } from "./serving-job.ts";
import { StepHeap } from "./step-heap.ts";

/** Seconds of iterations: a decode step and each sequence in it; a prefill iteration and each prompt token in it. */
export interface IterationCosts {
  readonly step: number;
  readonly sequence: number;
  readonly prefill: number;
  readonly token: number;
  /** An iteration with prompts takes this at least: the host launches its kernels one by one. */
  readonly launch: number;
}

/** Callers who each send the next request when the last one ends, all at once at first, as benchmarks do. */
export interface ClosedLoop {
  readonly callers: number;
  /** Mean lengths; each is drawn evenly from (1 - spread, 1 + spread) times its mean. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly lengthSpread: number;
  /** Requests that the cache holds at once. */
  readonly places: number;
  readonly scheduling: RequestScheduling;
  readonly costs: IterationCosts;
}

/** Means over the requests of a run, seconds. */
export interface ClosedLoopTimes {
  readonly ttft: number;
  readonly tpot: number;
}

/** Requests of each caller in a run: what published benchmarks send (InferenceMAX: ten). */
const requestsEach = 10;
/** Seconds between requests that a server takes in: parsing and tokenising. */
const intakeSeconds = 1e-3;
/** Callers beyond this stand for several each. */
const callersMax = 256;

interface Arrival {
  readonly sent: number;
  /** When the server has taken it in. */
  readonly ready: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** One run, iteration by iteration. */
class Run {
  readonly #loop: ClosedLoop;
  readonly #total: number;
  readonly #intake: number;
  readonly #random = seededRandom(1);
  readonly #queue: Arrival[] = [];
  readonly #running = new StepHeap();
  #now = 0;
  #steps = 0;
  #iterations = 0;
  #taken = 0;
  #seen = 0;
  #prefilled = 0;
  #held = 0;
  #ended = 0;
  #ttft = 0;
  #tpot = 0;

  constructor(loop: ClosedLoop, intake: number) {
    this.#loop = loop;
    this.#total = loop.callers * requestsEach;
    this.#intake = intake;
    for (let each = 0; each < loop.callers; each += 1) this.#send();
    this.#now = intake;
    this.#look();
  }

  finish(): ClosedLoopTimes {
    while (this.#ended < this.#total) {
      const before = this.#ended;
      if (!this.#prefill() && !this.#decode()) this.#now = this.#queue[this.#taken]?.ready ?? this.#now;
      for (let each = before; each < this.#ended; each += 1) this.#send();
      this.#look();
    }
    return { ttft: this.#ttft / this.#total, tpot: this.#tpot / this.#total };
  }

  #drawn(mean: number): number {
    return Math.max(1, Math.round(mean * (1 + this.#loop.lengthSpread * (2 * this.#random.next() - 1))));
  }

  #send(): void {
    if (this.#queue.length >= this.#total) return;
    const ready = Math.max(this.#queue.at(-1)?.ready ?? 0, this.#now) + this.#intake;
    const { inputTokens, outputTokens } = this.#loop;
    const lengths = { inputTokens: this.#drawn(inputTokens), outputTokens: this.#drawn(outputTokens) };
    this.#queue.push({ sent: this.#now, ready, ...lengths });
  }

  /** The scheduler looks for new requests every so many iterations, and whenever nothing runs. */
  #look(): void {
    if (this.#running.size > 0 && this.#iterations % this.#loop.scheduling.lookEvery !== 0) return;
    while ((this.#queue[this.#seen]?.ready ?? Number.POSITIVE_INFINITY) <= this.#now) this.#seen += 1;
  }

  /** Whether waiting prompts are kept waiting for company. */
  #holds(): boolean {
    const { holdSteps, holdPrompts } = this.#loop.scheduling;
    if (this.#running.size === 0 || this.#held >= holdSteps || this.#seen - this.#taken >= holdPrompts) return false;
    this.#held += 1;
    return true;
  }

  /** An iteration with prompts in it; false when none can be taken. */
  #prefill(): boolean {
    const { scheduling, costs } = this.#loop;
    const isAlone = scheduling.prefill === "first";
    const running = this.#running.size;
    const room = Math.min(this.#loop.places - running, this.#seen - this.#taken);
    if (room <= 0 || this.#holds()) return false;
    const first = this.#taken;
    const tokens = this.#take(first + room, Math.max(1, scheduling.tokensMax - (isAlone ? 0 : running)));
    this.#held = 0;
    const kernels = costs.prefill + costs.token * tokens + (isAlone ? 0 : costs.sequence * running);
    this.#now += Math.max(costs.launch, kernels);
    if (!isAlone && running > 0) this.#steps += 1;
    this.#iterations += 1;
    for (let at = first; at < this.#taken; at += 1) this.#start(this.#queue[at]);
    this.#end();
    return true;
  }

  /** Takes prompts up to `last` while their tokens fit; the tokens taken. */
  #take(last: number, most: number): number {
    let tokens = 0;
    while (this.#taken < last && tokens < most) {
      const left = (this.#queue[this.#taken]?.inputTokens ?? 0) - this.#prefilled;
      if (tokens + left > most && this.#loop.scheduling.prefill === "whole") {
        if (tokens > 0) break;
      } else if (tokens + left > most) {
        this.#prefilled += most - tokens;
        return most;
      }
      tokens += left;
      this.#prefilled = 0;
      this.#taken += 1;
    }
    return tokens;
  }

  #start(arrival: Arrival | undefined): void {
    if (arrival === undefined) return;
    const { sent, outputTokens, inputTokens } = arrival;
    const endStep = this.#steps + outputTokens - 1;
    this.#running.push({ endStep, arrived: sent, firstToken: this.#now, outputTokens, cacheTokens: inputTokens });
  }

  /** Decode steps until something ends or comes; false when nothing runs. */
  #decode(): boolean {
    const { costs, scheduling, places } = this.#loop;
    const running = this.#running.size;
    const next = this.#running.peek();
    if (next === undefined) return false;
    const step = costs.step + costs.sequence * running;
    let count = Math.max(1, next.endStep - this.#steps);
    if (running < places) {
      const coming = this.#queue[this.#seen]?.ready ?? Number.POSITIVE_INFINITY;
      const untilLook = scheduling.lookEvery - (this.#iterations % scheduling.lookEvery);
      const untilComing = Math.max(untilLook, Math.ceil((coming - this.#now) / step));
      count = this.#seen > this.#taken ? 1 : Math.min(count, untilComing);
    }
    this.#now += count * step;
    this.#steps += count;
    this.#iterations += count;
    this.#end();
    return true;
  }

  #end(): void {
    for (let next = this.#running.peek(); next !== undefined && next.endStep <= this.#steps; ) {
      this.#running.pop();
      this.#ended += 1;
      this.#ttft += next.firstToken - next.arrived;
      if (next.outputTokens > 1) this.#tpot += (this.#now - next.firstToken) / (next.outputTokens - 1);
      next = this.#running.peek();
    }
  }
}

/** Runs a closed loop to its end; deterministic, some tens of microseconds a caller. */
export function runClosedLoop(loop: ClosedLoop): ClosedLoopTimes {
  const callers = Math.ceil(loop.callers);
  const each = Math.max(1, callers / callersMax);
  if (each === 1) return new Run({ ...loop, callers }, intakeSeconds).finish();
  const { costs, scheduling } = loop;
  const iterations = Math.max(1, Math.min(each, (loop.inputTokens * each) / scheduling.tokensMax));
  const grouped: ClosedLoop = {
    ...loop,
    callers: callersMax,
    places: Math.max(1, loop.places / each),
    inputTokens: loop.inputTokens * each,
    costs: { ...costs, sequence: costs.sequence * each, launch: costs.launch * iterations },
    scheduling: { ...scheduling, holdPrompts: scheduling.holdPrompts / each },
  };
  return new Run(grouped, intakeSeconds * each).finish();
}
