import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { Log } from "../../platform/ports.ts";
import type { MetricFamily } from "../gateway/observe/metric-family.ts";
import type { Refusal } from "../gateway/protocol/refusal.ts";
import { type RefusedAsk, toRefused } from "../gateway/observe/refused-request.ts";
import { type RequestLogPolicy, toLogFields, toRefusalFields } from "../gateway/observe/request-log.ts";
import { type DeploymentLoad, RequestMetrics } from "../gateway/observe/request-metrics.ts";
import type { RequestRecord } from "../gateway/observe/request-record.ts";
import type { RefusalTally } from "../gateway/refusal-tally.ts";
import type { ReplicaLoad } from "../gateway/replica-load.ts";
import { OtlpExporter } from "./otlp-exporter.ts";

/** How requests are watched. */
export interface Telemetry {
  /** Base address of a collector that speaks OTLP over HTTP; null sends nothing. */
  readonly otlpEndpoint: string | null;
  readonly requestLog: RequestLogPolicy;
}

/** Nothing is sent, and only failures are logged. */
export const quietTelemetry: Telemetry = { otlpEndpoint: null, requestLog: { share: 0, logsBodies: false } };

/** What watching requests needs. */
export interface RequestObserverNeeds {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** Names this run of this worker, as no other is named. */
  readonly instance: string;
  readonly loads: () => readonly DeploymentLoad[];
  readonly replicas: () => readonly ReplicaLoad[];
  /** Sums refusals for the deployments' pages. */
  readonly refusals: RefusalTally;
}

/** Hears of every request once: counts it, logs it if it is chosen, hands its span on. */
export class RequestObserver {
  readonly #needs: RequestObserverNeeds;
  readonly #metrics = new RequestMetrics();
  readonly #exporter: OtlpExporter | null;

  constructor(needs: RequestObserverNeeds) {
    this.#needs = needs;
    const { clock, log, telemetry, instance } = needs;
    const endpoint = telemetry.otlpEndpoint;
    this.#exporter =
      endpoint === null ? null : new OtlpExporter({ endpoint, instance, clock, log, families: () => this.families() });
  }

  start(): void {
    this.#exporter?.start();
  }

  async stop(): Promise<void> {
    await this.#exporter?.stop();
  }

  /** All metrics of this worker now; those of several workers add up by `mergeFamilies`. */
  families(): readonly MetricFamily[] {
    const families = this.#metrics.families(this.#needs.loads(), this.#needs.replicas());
    if (this.#exporter === null) return families;
    const points = [{ labels: {}, value: this.#exporter.dropped }];
    const help = "Spans that no collector took.";
    return [...families, { name: "millwright.gateway.spans_dropped", kind: "counter", unit: "", help, points }];
  }

  /** A request ended before it was carried to a model. */
  readonly refuse = (ask: RefusedAsk, refusal: Refusal): void => {
    const { telemetry, random, log, clock, refusals } = this.#needs;
    const now = clock.now();
    const refused = toRefused(ask, refusal, now);
    if (refused === null) return;
    refusals.record(refused, now);
    this.#metrics.refuse(refused);
    const fields = toRefusalFields(refused, telemetry.requestLog, random);
    if (fields !== null) log.info("request refused", fields);
  };

  observe(record: RequestRecord, body: () => Uint8Array): void {
    this.#metrics.record(record);
    const { refusals, clock } = this.#needs;
    if (record.refused !== null) refusals.record({ ...record, reason: record.refused }, clock.now());
    this.#exporter?.add(record);
    const { telemetry, random, log } = this.#needs;
    const fields = toLogFields(record, telemetry.requestLog, random, () => Buffer.from(body()).toString("utf8"));
    if (fields !== null) log.info("request", fields);
  }
}
