import { Fault } from "../../base/fault.ts";
import type { Random } from "../../base/random.ts";
import { type EngineConstants, engineConstantsOf } from "./engine-constants.ts";
import { decodeTime, prefillTime, type ServingContext, servingContextOf } from "./iteration-time.ts";
import { checkServing, type RequestShape, type ServingJob } from "./serving-job.ts";
import { servingMemory } from "./serving-memory.ts";
import { StepHeap } from "./step-heap.ts";

/** What a replica is put under. */
export type Load =
  /** Requests arrive at random (Poisson), `perSecond` on average. */
  | { readonly kind: "open"; readonly perSecond: number }
  /** So many users send the next request when the last one ends. */
  | { readonly kind: "closed"; readonly concurrency: number };

/** What users are promised. */
export interface ServiceGoal {
  readonly ttftSeconds: number;
  readonly tpotSeconds: number;
}

/** How a site's times deviate from the predicted ones: factors on what first tokens take (prefill, host), and on steps of decoding. */
export interface SitePace {
  readonly first: number;
  readonly token: number;
}

/** What a simulation is asked. */
export interface Simulation {
  readonly job: ServingJob;
  readonly shape: RequestShape;
  readonly load: Load;
  readonly requests: number;
  readonly goal?: ServiceGoal;
  /** What a site measured of such times; absent: as predicted. */
  readonly pace?: SitePace;
  /** Spread of lengths: each is drawn evenly from (1 - spread, 1 + spread) times its mean; a fifth, none where all have one length. */
  readonly lengthSpread?: number;
  /** Prompt tokens that one iteration takes besides decoding (chunked prefill). */
  readonly chunkTokens?: number;
}

/** Quantiles over requests, seconds. */
export interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** What the simulated replica did. */
export interface SimulatedServing {
  readonly ttftSeconds: Quantiles;
  readonly tpotSeconds: Quantiles;
  readonly outputTokensPerSecond: number;
  readonly requestsPerSecond: number;
  /** Share of requests that kept both goals; 1 without goals. And of the later half of them, which a growing queue spoils first. */
  readonly goodShare: number;
  readonly goodShareLate: number;
}

/** Most requests that one simulation takes. */
const requestsMax = 200_000;
const chunkDefault = 2048;
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

interface Waiting {
  readonly arrived: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** One replica's clock, queue and running requests. */
class Replica {
  now = 0;
  #steps = 0;
  #cacheTokens = 0;
  #prefilled = 0;
  #nextWaiting = 0;
  readonly waiting: Waiting[] = [];
  readonly running = new StepHeap();
  readonly #decode: (running: number, length: number) => number;
  readonly #secondsPerToken: number;
  readonly #chunk: number;
  readonly #room: number;
  readonly #engine: EngineConstants;
  readonly #first: number;

  constructor(context: ServingContext, simulation: Simulation) {
    const { shape, pace } = simulation;
    const cached = shape.inputTokens * (shape.cachedShare ?? 0);
    this.#engine = context.engine;
    this.#first = pace?.first ?? 1;
    this.#decode = rememberedDecode(context, pace?.token ?? 1);
    const prefill = prefillTime(context, shape.inputTokens - cached, cached) * this.#first;
    this.#secondsPerToken = prefill / shape.inputTokens;
    this.#chunk = simulation.chunkTokens ?? chunkDefault;
    this.#room = Math.max(1, Math.min(runningMax, servingMemory(context.job, shape).requestsMax));
  }

  get isIdle(): boolean {
    return this.running.size === 0 && this.#head() === undefined;
  }

  /** Goes on until something changes, at most to `until`; returns the requests that ended. */
  advance(until: number): readonly { readonly ttft: number; readonly tpot: number; readonly tokens: number }[] {
    const head = this.running.size < this.#room ? this.#head() : undefined;
    const size = this.running.size;
    const step = size === 0 ? 0 : this.#decode(size, this.#cacheTokens / size);
    if (head !== undefined) this.#prefill(head, step);
    else this.#jump(step, until);
    return this.#ended();
  }

  #head(): Waiting | undefined {
    return this.waiting[this.#nextWaiting];
  }

  #prefill(head: Waiting, step: number): void {
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
  #beforeFirst({ inputTokens }: Waiting): number {
    const { firstMs, firstSteps, firstShare } = this.#engine;
    const steps = Math.max(0, firstSteps - 1) * this.#decode(Math.max(1, this.running.size), inputTokens);
    const own = (firstShare - 1) * inputTokens * this.#secondsPerToken;
    return Math.max(0, firstMs * 1e-3 * this.#first + steps + own);
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

  #ended(): readonly { readonly ttft: number; readonly tpot: number; readonly tokens: number }[] {
    const ended: { ttft: number; tpot: number; tokens: number }[] = [];
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

function checkSimulation({ job, shape, load, requests }: Simulation): void {
  checkServing(job, shape);
  const asked = load.kind === "open" ? load.perSecond : load.concurrency;
  if (!(requests >= 1 && requests <= requestsMax && asked > 0 && Number.isFinite(asked))) {
    throw new Fault(
      "planning.request-invalid",
      `a simulation takes 1 to ${requestsMax} requests under a positive load, found ${requests} requests and a load of ${asked}`,
    );
  }
  if (servingMemory(job, shape).requestsMax < 1) {
    throw new Fault("planning.layout-impossible", `the weights of ${job.model.name} leave no room for a request`);
  }
}

function quantilesOf(values: readonly number[]): Quantiles {
  const ordered = Float64Array.from(values).sort();
  const at = (share: number): number => ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

/**
 * Simulates one replica iteration by iteration: chunked prefill, continuous batching, requests waiting for the cache.
 *
 * Costs about one event a request and a chunk: 10,000 requests take some tens of milliseconds.
 *
 * @throws {Fault} `planning.request-invalid` or `planning.layout-impossible`.
 */
export function simulateServing(simulation: Simulation, random: Random): SimulatedServing {
  checkSimulation(simulation);
  const replica = new Replica(contextOf(simulation), simulation);
  const { shape, load, requests, goal } = simulation;
  const lengthSpread = simulation.lengthSpread ?? (isOfOneLength(shape) ? 0 : 0.2);
  const drawn = (mean: number): number => Math.max(1, Math.round(mean * (1 + lengthSpread * (2 * random.next() - 1))));
  const send = (arrived: number): void =>
    void replica.waiting.push({
      arrived,
      inputTokens: drawn(shape.inputTokens),
      outputTokens: drawn(shape.outputTokens),
    });
  let sent = 0;
  let nextArrival = load.kind === "open" ? gap(load.perSecond, random) : Number.POSITIVE_INFINITY;
  if (load.kind === "closed") for (; sent < Math.min(load.concurrency, requests); sent += 1) send(0);
  const [ttft, tpot]: [number[], number[]] = [[], []];
  let [tokens, good, goodLate] = [0, 0, 0];
  const late = requests - Math.ceil(requests / 2);
  while (ttft.length < requests) {
    for (; load.kind === "open" && sent < requests && nextArrival <= replica.now; sent += 1) {
      send(nextArrival);
      nextArrival += gap(load.perSecond, random);
    }
    const until = sent < requests ? nextArrival : Number.POSITIVE_INFINITY;
    if (replica.isIdle) {
      replica.now = until;
      continue;
    }
    for (const ended of replica.advance(until)) {
      ttft.push(ended.ttft);
      tpot.push(ended.tpot);
      tokens += ended.tokens;
      if (goal === undefined || (ended.ttft <= goal.ttftSeconds && ended.tpot <= goal.tpotSeconds)) {
        good += 1;
        if (ttft.length > late) goodLate += 1;
      }
      if (load.kind === "closed" && sent < requests) {
        send(replica.now);
        sent += 1;
      }
    }
  }
  return {
    ttftSeconds: quantilesOf(ttft),
    tpotSeconds: quantilesOf(tpot),
    outputTokensPerSecond: tokens / replica.now,
    requestsPerSecond: ttft.length / replica.now,
    goodShare: good / ttft.length,
    goodShareLate: goodLate / Math.max(1, ttft.length - late),
  };
}

/** Whether all requests have one length, as benchmarks send them. */
const isOfOneLength = ({ load = "varied" }: RequestShape): boolean => load !== "varied";

function contextOf({ job, shape }: Simulation): ServingContext {
  return servingContextOf(job, engineConstantsOf(job, shape.load));
}

/** Seconds to the next arrival of a Poisson stream. */
function gap(perSecond: number, random: Random): number {
  return -Math.log(1 - random.next()) / perSecond;
}
