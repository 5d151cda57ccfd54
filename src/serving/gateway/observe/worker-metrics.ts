import { type MetricFamily, mergeFamilies } from "./metric-family.ts";

/** Which workers told their metrics in one round, and which did not in time. */
export interface MetricsRound<Worker> {
  readonly answered: ReadonlySet<Worker>;
  readonly late: ReadonlySet<Worker>;
}

/**
 * The metrics of all workers of a gateway as one.
 *
 * Counters and histograms never fall while the gateway's host runs: of a worker that is late, and of one that has ended, what
 * it told last goes on counting. Gauges are those of the workers that answered. A worker that is killed takes with it what it
 * counted since it was last asked.
 */
export class WorkerMetrics<Worker> {
  readonly #told = new Map<Worker, readonly MetricFamily[]>();
  #gone: readonly MetricFamily[] = [];
  #ended = 0;

  /** Takes what a worker says it counted since its start. */
  tell(worker: Worker, families: readonly MetricFamily[]): void {
    this.#told.set(worker, families);
  }

  /** A worker has ended, and all it ever told was taken. */
  retire(worker: Worker): void {
    const told = this.#told.get(worker);
    this.#told.delete(worker);
    this.#ended += 1;
    if (told !== undefined) this.#gone = mergeFamilies([this.#gone, sumsOf(told)]);
  }

  /** All metrics after a round, with how many workers they are of. */
  families({ answered, late }: MetricsRound<Worker>): readonly MetricFamily[] {
    const told = [...this.#told].map(([worker, families]) => (answered.has(worker) ? families : sumsOf(families)));
    return [...mergeFamilies([...told, this.#gone]), ...this.#workerFamilies(answered.size, late.size)];
  }

  #workerFamilies(answered: number, late: number): readonly MetricFamily[] {
    return [
      {
        name: "millwright.gateway.workers",
        kind: "gauge",
        unit: "",
        help: "Workers that told their metrics for this page, and that did not in time: those count as they told last.",
        points: [
          { labels: { state: "answered" }, value: answered },
          { labels: { state: "late" }, value: late },
        ],
      },
      {
        name: "millwright.gateway.workers_ended",
        kind: "counter",
        unit: "",
        help: "Workers that ended or were replaced since the gateway's host started; what they counted stays counted.",
        points: [{ labels: {}, value: this.#ended }],
      },
    ];
  }
}

function sumsOf(families: readonly MetricFamily[]): readonly MetricFamily[] {
  return families.filter(({ kind }) => kind !== "gauge");
}
