import { Fault } from "../../base/fault.ts";
import type { Random } from "../../base/random.ts";
import { engineConstantsOf } from "./engine-constants.ts";
import { servingContextOf } from "./iteration-time.ts";
import { type Load, RequestSource } from "./request-source.ts";
import { checkServing, type RequestShape, type ServingJob } from "./serving-job.ts";
import { servingMemory } from "./serving-memory.ts";
import { type EndedRequest, modelReplica, type ReplicaModel, SimulatedReplica } from "./simulated-replica.ts";

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
  /** A worker of split serving, which does one of the two alone; absent: a replica that does both. */
  readonly worker?: "prefill" | "decode";
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
/** Spread of lengths where users' requests differ. */
const lengthSpreadDefault = 0.2;

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

/** What came of the requests that have ended. */
class Tally {
  readonly #goal: ServiceGoal | undefined;
  readonly #requests: number;
  readonly #late: number;
  readonly #ttft: number[] = [];
  readonly #tpot: number[] = [];
  #tokens = 0;
  #good = 0;
  #goodLate = 0;

  constructor({ goal, requests }: Simulation) {
    this.#goal = goal;
    this.#requests = requests;
    this.#late = requests - Math.ceil(requests / 2);
  }

  get ended(): number {
    return this.#ttft.length;
  }

  add({ ttft, tpot, tokens }: EndedRequest): void {
    this.#ttft.push(ttft);
    this.#tpot.push(tpot);
    this.#tokens += tokens;
    if (this.#goal !== undefined && (ttft > this.#goal.ttftSeconds || tpot > this.#goal.tpotSeconds)) return;
    this.#good += 1;
    if (this.ended > this.#late) this.#goodLate += 1;
  }

  /** The most that the share of good requests, of all or of the later half, can still come to; once all have ended the share itself. */
  mostGoodShare(): number {
    const [bad, lateEnded] = [this.ended - this.#good, Math.max(0, this.ended - this.#late)];
    const badLate = lateEnded - this.#goodLate;
    const late = this.#requests - this.#late;
    return Math.min((this.#requests - bad) / this.#requests, (late - badLate) / late);
  }

  after(seconds: number): SimulatedServing {
    return {
      ttftSeconds: quantilesOf(this.#ttft),
      tpotSeconds: quantilesOf(this.#tpot),
      outputTokensPerSecond: this.#tokens / seconds,
      requestsPerSecond: this.ended / seconds,
      goodShare: this.#good / this.ended,
      goodShareLate: this.#goodLate / Math.max(1, this.ended - this.#late),
    };
  }
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
  const tally = new Tally(simulation);
  const seconds = play(simulation, modelOf(simulation), tally, random, () => false);
  return tally.after(seconds);
}

/**
 * Whether a share of requests keeps the goal, of all and of the later half, under one rate after another: what simulations at
 * these rates say, without their quantiles, and no longer than until it is certain that it does not. A queue that grows for as
 * long as it is watched keeps the goals only at first.
 *
 * @param newRandom a fresh source for every simulation, so that rates are compared on the same draws.
 * @throws {Fault} `planning.request-invalid` or `planning.layout-impossible`.
 */
export function goalJudge(
  question: Omit<Simulation, "load">,
  share: number,
  newRandom: () => Random,
): (perSecond: number) => boolean {
  const model = modelOf({ ...question, load: { kind: "open", perSecond: 1 } });
  return (perSecond) => {
    const simulation: Simulation = { ...question, load: { kind: "open", perSecond } };
    checkSimulation(simulation);
    const tally = new Tally(simulation);
    play(simulation, model, tally, newRandom(), () => tally.mostGoodShare() < share);
    return tally.mostGoodShare() >= share;
  };
}

function modelOf({ job, shape, pace, worker, chunkTokens = chunkDefault }: Simulation): ReplicaModel {
  const constants = engineConstantsOf(job, worker === undefined ? shape.load : "split");
  const model = modelReplica(servingContextOf(job, constants), {
    shape,
    chunkTokens,
    firstFactor: pace?.first ?? 1,
    tokenFactor: pace?.token ?? 1,
  });
  // A prompt's cache comes whole from a prefill worker: a request waits for a place and a step, and for no prefill.
  const places = Math.max(1, servingMemory(job, shape, true).requestsMax);
  return worker === "decode" ? { ...model, secondsPerToken: 0, chunkTokens: Infinity, room: places } : model;
}

/** Plays all requests, or until nothing more is asked; returns the seconds that it took the replica. */
function play(
  simulation: Simulation,
  model: ReplicaModel,
  tally: Tally,
  random: Random,
  isDecided: () => boolean,
): number {
  const { shape, load, requests } = simulation;
  const replica = new SimulatedReplica(model);
  const lengthSpread = simulation.lengthSpread ?? (isOfOneLength(shape) ? 0 : lengthSpreadDefault);
  const source = new RequestSource({ shape, load, requests, lengthSpread }, random, replica.waiting);
  while (tally.ended < requests && !isDecided()) {
    source.sendUntil(replica.now);
    if (replica.isIdle) {
      replica.now = source.nextAt;
      continue;
    }
    for (const ended of replica.advance(source.nextAt)) {
      tally.add(ended);
      source.onEnd(replica.now);
    }
  }
  return replica.now;
}

/** Whether all requests have one length, as benchmarks send them. */
const isOfOneLength = ({ load = "varied" }: RequestShape): boolean => load !== "varied";
