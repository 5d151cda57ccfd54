import type { Millis } from "../../base/clock.ts";
import type { MetricFamily } from "../gateway/observe/metric-family.ts";
import { WorkerMetrics } from "../gateway/observe/worker-metrics.ts";
import type { HostedWorker } from "./hosted-worker.ts";

/** How long workers may take to tell their metrics. */
const roundMs: Millis = 1_000;

/** How often workers are asked without need, so that one that is killed takes little with it. */
const keepMs: Millis = 5_000;

interface Round {
  readonly asked: ReadonlySet<HostedWorker>;
  readonly answered: Set<HostedWorker>;
  readonly timer: NodeJS.Timeout;
  readonly resolve: () => void;
}

/** The host's rounds among its workers for their metrics: each asks all that run and waits a second at most. */
export class MetricsRounds {
  readonly #workers: ReadonlySet<HostedWorker>;
  readonly #metrics = new WorkerMetrics<HostedWorker>();
  readonly #rounds = new Map<number, Round>();
  #count = 0;
  #keeping: NodeJS.Timeout | undefined;

  /** @param workers those that run, at every moment. */
  constructor(workers: ReadonlySet<HostedWorker>) {
    this.#workers = workers;
  }

  start(): void {
    this.#keeping = setInterval(() => void this.gather(), keepMs);
  }

  stop(): void {
    clearInterval(this.#keeping);
    for (const round of this.#rounds.keys()) this.#end(round);
  }

  /** Asks every worker; resolves with the metrics of all once they have told, or a second later. */
  async gather(): Promise<readonly MetricFamily[]> {
    const round = (this.#count += 1);
    const asked = new Set(this.#workers);
    const answered = new Set<HostedWorker>();
    const done = new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#end(round), roundMs);
      this.#rounds.set(round, { asked, answered, timer, resolve });
    });
    for (const worker of asked) worker.tell({ kind: "tell-metrics", round });
    if (asked.size === 0) this.#end(round);
    await done;
    // One that ended meanwhile is neither: what it told stays counted.
    const late = new Set([...asked].filter((worker) => !answered.has(worker) && this.#workers.has(worker)));
    return this.#metrics.families({ answered, late });
  }

  /** A worker tells what it has counted; `round` is null for what it tells unasked, before it ends. */
  hear(worker: HostedWorker, round: number | null, families: readonly MetricFamily[]): void {
    this.#metrics.tell(worker, families);
    const open = round === null ? undefined : this.#rounds.get(round);
    if (open === undefined || round === null) return;
    open.answered.add(worker);
    this.#endIfWhole(round, open);
  }

  /** A worker is gone, and all that it said was heard. */
  retire(worker: HostedWorker): void {
    this.#metrics.retire(worker);
    for (const [round, open] of this.#rounds) this.#endIfWhole(round, open);
  }

  #endIfWhole(round: number, { asked, answered }: Round): void {
    for (const worker of asked) if (!answered.has(worker) && this.#workers.has(worker)) return;
    this.#end(round);
  }

  #end(round: number): void {
    const open = this.#rounds.get(round);
    this.#rounds.delete(round);
    clearTimeout(open?.timer);
    open?.resolve();
  }
}
