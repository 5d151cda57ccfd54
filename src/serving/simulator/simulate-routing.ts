import type { Instant, Millis } from "../../base/clock.ts";
import { type Random, seededRandom } from "../../base/random.ts";
import type { Balancer, Picked } from "../gateway/routing/balancer.ts";
import { type Arrival, RoutingWorkload, type WorkloadShape } from "./routing-workload.ts";
import { type EngineEvent, type EngineShape, SimulatedEngine } from "./simulated-engine.ts";

/** How the gateway learns what lies in the engines' caches. */
export type CacheNews =
  /** Engines tell every eviction at once. */
  | "evictions"
  /** Engines tell only the size of their caches. */
  | "size"
  /** Engines tell nothing, and the gateway thinks their caches endless. */
  | "none";

/** One simulated fleet and what is asked of it. */
export interface RoutingScenario {
  readonly name: string;
  /** One engine a replica. */
  readonly engines: readonly EngineShape[];
  readonly workload: WorkloadShape;
  readonly cacheNews: CacheNews;
  /** Gateway workers that share the arrivals by chance, and how often and how late they tell each other. */
  readonly workers: number;
  readonly shareEveryMs: Millis;
  readonly shareDelayMs: Millis;
  /** How often engines are asked for their metrics; null: never. */
  readonly scrapeEveryMs: Millis | null;
  readonly warmUpMs: Millis;
  readonly measuredMs: Millis;
  readonly firstTokenGoalMs: Millis;
}

/** What the requests that arrived in the measured time met with. */
export interface RoutingOutcomeSummary {
  /** Requests a second that arrived, and those whose first token came within the goal. */
  readonly offered: number;
  readonly goodput: number;
  readonly firstTokenP50Ms: Millis;
  readonly firstTokenP99Ms: Millis;
  /** Part of the prompt tokens that engines found in their caches. */
  readonly hitRate: number;
  /** Requests of the busiest replica over the mean. */
  readonly imbalance: number;
}

interface Flight {
  readonly arrival: Arrival;
  readonly worker: number;
  readonly engine: number;
  readonly picked: Picked;
}

interface Measured {
  readonly firstTokensMs: number[];
  promptTokens: number;
  cachedTokens: number;
}

/** Requests that wait for longer than this at the end are counted as having waited so long. */
const drainMsMax: Millis = 600_000;

/** Plays one scenario with one balancer a worker: arrivals do not wait for answers, so that a slow policy is not spared. */
export function simulateRouting(
  scenario: RoutingScenario,
  makeBalancer: (worker: number) => Balancer,
  seed: number,
): RoutingOutcomeSummary {
  return new RoutingRun(scenario, makeBalancer, seed).run();
}

class RoutingRun {
  readonly #scenario: RoutingScenario;
  readonly #engines: readonly SimulatedEngine[];
  readonly #balancers: readonly Balancer[];
  readonly #workload: RoutingWorkload;
  readonly #random: Random;
  readonly #flights = new Map<number, Flight>();
  readonly #turns: Arrival[] = [];
  readonly #letters: { readonly at: Instant; deliver(): void }[] = [];
  readonly #picksByEngine: number[];
  readonly #measured: Measured = { firstTokensMs: [], promptTokens: 0, cachedTokens: 0 };
  #nextScrapeAt: Instant;
  #nextShareAt: Instant;
  #count = 0;

  constructor(scenario: RoutingScenario, makeBalancer: (worker: number) => Balancer, seed: number) {
    this.#scenario = scenario;
    this.#engines = scenario.engines.map((shape) => new SimulatedEngine(shape));
    this.#balancers = Array.from({ length: scenario.workers }, (_, worker) => makeBalancer(worker));
    const tokensPerBlock = scenario.engines[0]?.tokensPerBlock ?? 1;
    this.#workload = new RoutingWorkload(scenario.workload, tokensPerBlock, seededRandom(seed));
    this.#random = seededRandom(seed ^ 0x55aa55aa);
    this.#picksByEngine = scenario.engines.map(() => 0);
    this.#nextScrapeAt = scenario.scrapeEveryMs === null ? Number.POSITIVE_INFINITY : 0;
    this.#nextShareAt = scenario.workers > 1 ? scenario.shareEveryMs : Number.POSITIVE_INFINITY;
  }

  run(): RoutingOutcomeSummary {
    this.#open();
    const endsAt = this.#scenario.warmUpMs + this.#scenario.measuredMs;
    let fresh = this.#workload.next(0);
    for (;;) {
      const turn = this.#turns[0];
      const arrival = turn !== undefined && turn.at < fresh.at ? turn : fresh;
      const busiest = this.#nextEngine();
      const engineAt = this.#engines[busiest]?.nextAt() ?? Number.POSITIVE_INFINITY;
      const arrivesAt = arrival.at < endsAt ? arrival.at : Number.POSITIVE_INFINITY;
      const now = Math.min(engineAt, arrivesAt);
      if (now === Number.POSITIVE_INFINITY || now > endsAt + drainMsMax) break;
      this.#keepTime(now);
      if (engineAt <= arrivesAt) this.#advance(busiest, now);
      else {
        if (arrival === fresh) fresh = this.#workload.next(fresh.at);
        else this.#turns.shift();
        this.#arrive(arrival);
      }
    }
    return this.#summary(endsAt);
  }

  #open(): void {
    const endpoints = this.#engines.map(({ shape }, index) => ({
      id: `replica-${index}`,
      weight: 1,
      slots: shape.slots,
      adapters: [],
    }));
    const { cacheNews } = this.#scenario;
    for (const balancer of this.#balancers) {
      balancer.retain(endpoints, 0);
      for (const [index, { shape }] of this.#engines.entries()) {
        const kvTokens = cacheNews === "none" ? 1e9 : shape.kvBlocks * shape.tokensPerBlock;
        balancer.correct(`replica-${index}`, { running: 0, waiting: 0, kvUsage: 0, kvTokens, adapters: null }, 0);
      }
    }
  }

  #nextEngine(): number {
    let best = 0;
    let bestAt = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#engines.length; index += 1) {
      const at = this.#engines[index]?.nextAt() ?? Number.POSITIVE_INFINITY;
      if (at >= bestAt) continue;
      best = index;
      bestAt = at;
    }
    return best;
  }

  #arrive(arrival: Arrival): void {
    const worker = Math.floor(this.#random.next() * this.#balancers.length);
    const { blocks, tokensIn, conversation } = arrival;
    const ask = {
      blocks,
      tokensIn,
      // What an answer will take is not known: the mean is.
      tokensOut: this.#scenario.workload.answerTokens,
      session: this.#scenario.workload.chat === null ? null : `conversation-${conversation}`,
      adapter: null,
    };
    const picked = this.#balancers[worker]?.pick(ask, () => true, arrival.at);
    if (picked === null || picked === undefined)
      throw new Error("a policy picked nobody, though all replicas are usable");
    const engine = Number(picked.endpoint.slice("replica-".length));
    this.#picksByEngine[engine] = (this.#picksByEngine[engine] ?? 0) + 1;
    const id = this.#count;
    this.#count += 1;
    this.#flights.set(id, { arrival, worker, engine, picked });
    this.#engines[engine]?.submit({ ...arrival, id }, arrival.at);
  }

  #advance(engine: number, now: Instant): void {
    for (const event of this.#engines[engine]?.advance(now) ?? []) this.#take(event);
    const evicted = this.#engines[engine]?.takeEvicted() ?? [];
    if (this.#scenario.cacheNews !== "evictions" || evicted.length === 0) return;
    for (const balancer of this.#balancers) balancer.forget(`replica-${engine}`, evicted);
  }

  #take(event: EngineEvent): void {
    const flight = this.#flights.get(event.id);
    if (flight === undefined) throw new Error(`an engine tells of request ${event.id}, which nobody sent`);
    const { arrival, picked } = flight;
    const balancer = this.#balancers[flight.worker];
    if (event.kind === "token") {
      balancer?.firstByte(picked, event.at);
      this.#measure(arrival, event);
      return;
    }
    this.#flights.delete(event.id);
    const tokensCached = this.#scenario.cacheNews === "none" ? {} : { tokensCached: event.tokensCached };
    const tokens = { tokensIn: arrival.tokensIn, tokensOut: arrival.tokensOut };
    balancer?.end(picked, { kind: "done", ...tokens, ...tokensCached }, event.at);
    const next = this.#workload.nextTurn(arrival, event.at);
    if (next === null) return;
    const place = this.#turns.findIndex((turn) => turn.at > next.at);
    this.#turns.splice(place === -1 ? this.#turns.length : place, 0, next);
  }

  #measure(arrival: Arrival, event: EngineEvent): void {
    if (arrival.at < this.#scenario.warmUpMs) return;
    this.#measured.firstTokensMs.push(event.at - arrival.at);
    this.#measured.promptTokens += arrival.tokensIn;
    this.#measured.cachedTokens += event.tokensCached;
  }

  /** What happens by the clock: scrapes, and news that workers send and get. */
  #keepTime(now: Instant): void {
    const { scrapeEveryMs, shareEveryMs } = this.#scenario;
    while (this.#nextScrapeAt <= now) {
      this.#scrape(this.#nextScrapeAt);
      this.#nextScrapeAt += scrapeEveryMs ?? Number.POSITIVE_INFINITY;
    }
    while (this.#nextShareAt <= now) {
      this.#share(this.#nextShareAt);
      this.#nextShareAt += shareEveryMs;
    }
    while ((this.#letters[0]?.at ?? Number.POSITIVE_INFINITY) <= now) this.#letters.shift()?.deliver();
  }

  #scrape(now: Instant): void {
    for (const [index, engine] of this.#engines.entries()) {
      const { running, waiting, kvUsage } = engine.counts;
      const load = { running, waiting, kvUsage, kvTokens: null, adapters: null };
      for (const balancer of this.#balancers) balancer.correct(`replica-${index}`, load, now);
    }
  }

  #share(sentAt: Instant): void {
    const at = sentAt + this.#scenario.shareDelayMs;
    for (const [sender, balancer] of this.#balancers.entries()) {
      const news = balancer.takeNews();
      const deliver = (): void => {
        for (const [reader, other] of this.#balancers.entries()) {
          if (reader !== sender) other.hear(`worker-${sender}`, news, at);
        }
      };
      this.#letters.push({ at, deliver });
    }
  }

  #summary(endsAt: Instant): RoutingOutcomeSummary {
    const { warmUpMs, measuredMs, firstTokenGoalMs } = this.#scenario;
    const waits = this.#measured.firstTokensMs;
    for (const { arrival, picked } of this.#flights.values()) {
      if (arrival.at >= warmUpMs && picked.ticket.state === "waiting") waits.push(endsAt + drainMsMax - arrival.at);
    }
    waits.sort((one, other) => one - other);
    const good = waits.filter((wait) => wait <= firstTokenGoalMs).length;
    const seconds = measuredMs / 1000;
    const picks = this.#picksByEngine.reduce((sum, count) => sum + count, 0);
    return {
      offered: waits.length / seconds,
      goodput: good / seconds,
      firstTokenP50Ms: quantile(waits, 0.5),
      firstTokenP99Ms: quantile(waits, 0.99),
      hitRate: this.#measured.cachedTokens / Math.max(1, this.#measured.promptTokens),
      imbalance: (Math.max(...this.#picksByEngine) * this.#engines.length) / Math.max(1, picks),
    };
  }
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}
