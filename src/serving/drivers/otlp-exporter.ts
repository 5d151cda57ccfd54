import { randomBytes } from "node:crypto";
import { request } from "undici";
import type { Clock, Millis } from "../../base/clock.ts";
import type { Log } from "../../platform/ports.ts";
import type { MetricFamily } from "../gateway/observe/metric-family.ts";
import { type OtlpSource, type RequestSpan, toOtlpMetrics, toOtlpSpans } from "../gateway/observe/otlp-json.ts";
import type { RequestRecord } from "../gateway/observe/request-record.ts";
import { parseTraceParent } from "../gateway/observe/trace-parent.ts";

/** Spans that wait to be sent; later ones are counted and dropped, since serving never waits for a collector. */
export const maxQueuedSpans = 4_096;

/** Spans of one message. */
const maxBatchSpans = 512;

/** How often spans are sent, and metrics. */
const spansMs: Millis = 2_000;
const metricsMs: Millis = 15_000;

/** How long a collector may take. */
const sendTimeoutMs: Millis = 5_000;

/** What sends to a collector. */
export interface OtlpExporterOptions {
  /** Base address of OTLP over HTTP, such as http://127.0.0.1:4318. */
  readonly endpoint: string;
  /** Names this run of this worker, as no other is named. */
  readonly instance: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly families: () => readonly MetricFamily[];
}

/** Sends spans and metrics to an OpenTelemetry collector in batches; what it does not take is dropped and counted. */
export class OtlpExporter {
  readonly #options: OtlpExporterOptions;
  readonly #source: OtlpSource;
  readonly #spans: RequestSpan[] = [];
  #dropped = 0;
  #isSilent = false;
  #timers: readonly NodeJS.Timeout[] = [];
  #sending: Promise<void> = Promise.resolve();

  constructor(options: OtlpExporterOptions) {
    this.#options = options;
    this.#source = { instance: options.instance, startedAt: options.clock.now() };
  }

  /** Spans that no collector took. */
  get dropped(): number {
    return this.#dropped;
  }

  start(): void {
    const timers = [
      setInterval(() => void this.flushSpans(), spansMs),
      setInterval(() => void this.flushMetrics(), metricsMs),
    ];
    for (const timer of timers) timer.unref();
    this.#timers = timers;
  }

  /** Sends what is left, once. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.flushSpans();
    await this.flushMetrics();
  }

  add(record: RequestRecord): void {
    if (this.#spans.length >= maxQueuedSpans) {
      this.#dropped += 1;
      return;
    }
    const parent = parseTraceParent(record.traceparent);
    this.#spans.push({
      record,
      traceId: parent?.traceId ?? randomBytes(16).toString("hex"),
      spanId: randomBytes(8).toString("hex"),
      parentSpanId: parent?.spanId ?? null,
    });
  }

  flushSpans(): Promise<void> {
    this.#sending = this.#sending.then(async () => {
      while (this.#spans.length > 0) {
        const batch = this.#spans.splice(0, maxBatchSpans);
        if (!(await this.#send("/v1/traces", toOtlpSpans(batch, this.#source)))) this.#dropped += batch.length;
      }
    });
    return this.#sending;
  }

  async flushMetrics(): Promise<void> {
    const { families, clock } = this.#options;
    await this.#send("/v1/metrics", toOtlpMetrics(families(), this.#source, clock.now()));
  }

  async #send(path: string, body: object): Promise<boolean> {
    const { endpoint, log } = this.#options;
    try {
      const answer = await request(`${endpoint.replace(/\/+$/, "")}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(sendTimeoutMs),
      });
      await answer.body.dump();
      if (answer.statusCode >= 300) throw new Error(`it answered with ${answer.statusCode}`);
      this.#isSilent = false;
      return true;
    } catch (error) {
      if (!this.#isSilent) log.warn("the collector of telemetry takes nothing", { endpoint, error: String(error) });
      this.#isSilent = true;
      return false;
    }
  }
}
