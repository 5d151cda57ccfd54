import type { Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { WorkerToHost } from "../gateway/messages.ts";
import type { MetricFamily } from "../gateway/observe/metric-family.ts";

/** How long the host may take to ask all workers: longer than it gives them. */
const gatherMs: Millis = 3_000;

/** A worker's way to the metrics of all workers: it asks the host, which asks everyone. */
export class WholeMetrics {
  readonly #tell: (message: WorkerToHost) => boolean;
  readonly #waiting = new Map<number, (families: readonly MetricFamily[]) => void>();
  #calls = 0;

  /** @param tell answers whether there is a host that may hear it. */
  constructor(tell: (message: WorkerToHost) => boolean) {
    this.#tell = tell;
  }

  /** @throws {Fault} `serving.gateway-unreachable` when no host answers: one worker's numbers alone would look like a loss. */
  async gather(): Promise<readonly MetricFamily[]> {
    const call = (this.#calls += 1);
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<readonly MetricFamily[]>((resolve, reject) => {
      timer = setTimeout(() => reject(unheard()), gatherMs);
      this.#waiting.set(call, resolve);
      if (!this.#tell({ kind: "gather-metrics", call })) reject(unheard());
    });
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(call);
    }
  }

  hear(call: number, families: readonly MetricFamily[]): void {
    this.#waiting.get(call)?.(families);
  }
}

function unheard(): Fault {
  return new Fault(
    "serving.gateway-unreachable",
    `metrics want the gateway's host to ask all workers within ${gatherMs} ms, and it did not answer; try again once the gateway was started again`,
  );
}
