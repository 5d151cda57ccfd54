import type { Millis } from "../../base/clock.ts";
import type { Log } from "../../platform/ports.ts";
import type { EjectedVersion, LoggedPrediction, TrafficBatch } from "../gateway/messages.ts";
import { RefusalTally } from "../gateway/refusal-tally.ts";
import { ShadowTally } from "../gateway/shadow-tally.ts";
import { TrafficTally } from "../gateway/traffic-tally.ts";

/** Predictions that wait to be written; more are counted and dropped, since serving never waits for the log. */
export const maxQueuedPredictions = 50_000;

/** Predictions in one batch. */
const maxBatchPredictions = 2_000;

/** How often sums and predictions are handed over. */
const flushMs: Millis = 500;

/** Hands batches of what was served to the control plane: each exactly once, in order, repeated until taken. */
export class TrafficRecorder {
  readonly tally = new TrafficTally();
  readonly shadows = new ShadowTally();
  readonly refusals = new RefusalTally();
  readonly #gateway: string;
  readonly #record: (batch: TrafficBatch) => Promise<void>;
  readonly #log: Log;
  #queue: LoggedPrediction[] = [];
  #ejected: EjectedVersion[] = [];
  #dropped = 0;
  #sequence = 0;
  #unsent: TrafficBatch | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  /** @param gateway names this run of the gateway, never used before. */
  constructor(gateway: string, record: (batch: TrafficBatch) => Promise<void>, log: Log) {
    this.#gateway = gateway;
    this.#record = record;
    this.#log = log;
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), flushMs);
  }

  /** Hands over what is left, once. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  log(prediction: LoggedPrediction): void {
    if (this.#queue.length >= maxQueuedPredictions) this.#dropped += 1;
    else this.#queue.push(prediction);
  }

  eject(version: EjectedVersion): void {
    this.#ejected.push(version);
    this.flush().catch(() => undefined);
  }

  /** Hands over everything that waits now; a batch that is refused stays for the next call. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#handOver());
    return this.#flushing;
  }

  async #handOver(): Promise<void> {
    for (;;) {
      this.#unsent ??= this.#nextBatch();
      if (this.#unsent === undefined) return;
      try {
        await this.#record(this.#unsent);
      } catch (error) {
        this.#log.warn("served requests not recorded yet", { error: String(error), waiting: this.#queue.length });
        return;
      }
      this.#unsent = undefined;
    }
  }

  #nextBatch(): TrafficBatch | undefined {
    const windows = this.tally.take();
    const shadows = this.shadows.take();
    const refusals = this.refusals.take();
    const sums = windows.length + shadows.length + refusals.length;
    if (sums + this.#queue.length + this.#ejected.length + this.#dropped === 0) return undefined;
    const batch: TrafficBatch = {
      gateway: this.#gateway,
      sequence: (this.#sequence += 1),
      windows,
      shadows,
      predictions: this.#queue.slice(0, maxBatchPredictions),
      dropped: this.#dropped,
      ejected: this.#ejected,
      refusals,
    };
    this.#queue = this.#queue.slice(maxBatchPredictions);
    this.#ejected = [];
    this.#dropped = 0;
    return batch;
  }
}
