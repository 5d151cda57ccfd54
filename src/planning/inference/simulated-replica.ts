import type { EngineConstants } from "./engine-constants.ts";
import { decodeTime, prefillTime, type ServingContext } from "./iteration-time.ts";
import { launchTime, slowerOf } from "./launch-time.ts";
import type { RequestShape } from "./serving-job.ts";
import { servingMemory } from "./serving-memory.ts";
import { StepHeap } from "./step-heap.ts";

const noneEnded: readonly EndedRequest[] = [];

/** Requests that one engine runs at once, whatever the memory. */
const runningMax = 1024;

/** Seconds between the tokens of each running request, by batch and by length, remembered in steps of 6 %. */
function rememberedDecode(context: ServingContext, pace: number): (running: number, length: number) => number {
  const perToken = pace / (context.job.tokensPerStep ?? 1);
  const known = new Map<number, number>();
  const bucket = (value: number): number => Math.round(Math.log(Math.max(1, value)) / 0.06);
  return (running, length) => {
    const [wide, long] = [bucket(running), bucket(length)];
    const key = wide * 1000 + long;
    const found = known.get(key);
    if (found !== undefined) return found;
    const seconds = decodeTime(context, Math.exp(wide * 0.06), Math.exp(long * 0.06)) * perToken;
    known.set(key, seconds);
    return seconds;
  };
}

/** A request that has not begun, seconds and tokens. */
export interface WaitingRequest {
  readonly arrived: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** A request that had all of its tokens, seconds. */
export interface EndedRequest {
  readonly ttft: number;
  readonly tpot: number;
  readonly tokens: number;
}

/** How a replica is simulated. */
interface ReplicaSettings {
  readonly shape: RequestShape;
  /** Prompt tokens that one iteration takes besides decoding (chunked prefill). */
  readonly chunkTokens: number;
  /** Factors on what first tokens take (prefill, host), and on steps of decoding. */
  readonly firstFactor: number;
  readonly tokenFactor: number;
}

/** What all simulations of one replica share: its times, of which those of decoding are remembered, and its room. */
export interface ReplicaModel {
  readonly decode: (running: number, length: number) => number;
  readonly secondsPerToken: number;
  readonly chunkTokens: number;
  readonly firstFactor: number;
  /** Seconds by which the host's launches outlast the kernels of a prompt. */
  readonly launched: number;
  readonly engine: EngineConstants;
  /** Requests that run at once. */
  readonly room: number;
}

/** Works out once what every simulation of a replica needs. */
export function modelReplica(
  context: ServingContext,
  { shape, chunkTokens, firstFactor, tokenFactor }: ReplicaSettings,
): ReplicaModel {
  const cached = shape.inputTokens * (shape.cachedShare ?? 0);
  const prefill = prefillTime(context, shape.inputTokens - cached, cached) * firstFactor;
  const own = context.engine.firstShare * prefill;
  return {
    decode: rememberedDecode(context, tokenFactor),
    secondsPerToken: prefill / shape.inputTokens,
    chunkTokens,
    firstFactor,
    launched: slowerOf(own, launchTime(context) * firstFactor) - own,
    engine: context.engine,
    room: Math.max(1, Math.min(runningMax, servingMemory(context.job, shape).requestsMax)),
  };
}

/** One replica's clock, queue and running requests. */
export class SimulatedReplica {
  /** Seconds since the beginning. */
  now = 0;
  #steps = 0;
  #cacheTokens = 0;
  #prefilled = 0;
  #nextWaiting = 0;
  readonly waiting: WaitingRequest[] = [];
  readonly running = new StepHeap();
  readonly #decode: (running: number, length: number) => number;
  readonly #secondsPerToken: number;
  readonly #chunk: number;
  readonly #room: number;
  readonly #engine: EngineConstants;
  readonly #first: number;
  readonly #launched: number;

  constructor(model: ReplicaModel) {
    this.#engine = model.engine;
    this.#first = model.firstFactor;
    this.#decode = model.decode;
    this.#secondsPerToken = model.secondsPerToken;
    this.#chunk = model.chunkTokens;
    this.#room = model.room;
    this.#launched = model.launched;
  }

  get isIdle(): boolean {
    return this.running.size === 0 && this.#head() === undefined;
  }

  /** Goes on until something changes, at most to `until`; returns the requests that ended. */
  advance(until: number): readonly EndedRequest[] {
    const head = this.running.size < this.#room ? this.#head() : undefined;
    const size = this.running.size;
    const step = size === 0 ? 0 : this.#decode(size, this.#cacheTokens / size);
    if (head !== undefined) this.#prefill(head, step);
    else this.#jump(step, until);
    return this.#ended();
  }

  #head(): WaitingRequest | undefined {
    return this.waiting[this.#nextWaiting];
  }

  #prefill(head: WaitingRequest, step: number): void {
    const tokens = Math.min(this.#chunk, head.inputTokens - this.#prefilled);
    this.now += step + tokens * this.#secondsPerToken;
    if (this.running.size > 0) this.#count(1);
    this.#prefilled += tokens;
    if (this.#prefilled < head.inputTokens) return;
    this.#prefilled = 0;
    this.#nextWaiting += 1;
    this.#cacheTokens += head.inputTokens;
    this.running.push({
      endStep: this.#steps + head.outputTokens - 1,
      arrived: head.arrived,
      firstToken: this.now,
      beforeFirst: this.#beforeFirst(head),
      outputTokens: head.outputTokens,
      cacheTokens: head.inputTokens + head.outputTokens - 1,
    });
  }

  /** Seconds that a first token takes beside queue and prefill: host, steps waited for, an own prefill that is slower than its share. */
  #beforeFirst({ inputTokens }: WaitingRequest): number {
    const { firstMs, firstSteps, firstShare } = this.#engine;
    const steps = Math.max(0, firstSteps - 1) * this.#decode(Math.max(1, this.running.size), inputTokens);
    const own = (firstShare - 1) * inputTokens * this.#secondsPerToken;
    return Math.max(0, firstMs * 1e-3 * this.#first + steps + own + this.#launched);
  }

  #jump(step: number, until: number): void {
    const next = this.running.peek();
    if (next === undefined || step === 0) {
      this.now = until;
      return;
    }
    const left = Math.max(1, next.endStep - this.#steps);
    const reach = Number.isFinite(until) ? Math.max(1, Math.ceil((until - this.now) / step)) : left;
    const count = Math.min(left, reach, 64);
    this.now += count * step;
    this.#count(count);
  }

  #count(steps: number): void {
    this.#steps += steps;
    this.#cacheTokens += steps * this.running.size;
  }

  #ended(): readonly EndedRequest[] {
    if ((this.running.peek()?.endStep ?? Infinity) > this.#steps) return noneEnded;
    const ended: EndedRequest[] = [];
    for (
      let next = this.running.peek();
      next !== undefined && next.endStep <= this.#steps;
      next = this.running.peek()
    ) {
      this.running.pop();
      this.#cacheTokens = Math.max(0, this.#cacheTokens - next.cacheTokens);
      const tokens = next.outputTokens;
      const tpot = tokens <= 1 ? 0 : (this.now - next.firstToken) / (tokens - 1);
      ended.push({ ttft: next.firstToken - next.arrived + (next.beforeFirst ?? 0), tpot, tokens });
    }
    return ended;
  }
}
