import { LabelLimit, otherLabel } from "./label-limit.ts";
import { Histogram, type MetricFamily, type MetricPoint } from "./metric-family.ts";
import type { ReplicaLoad } from "../replica-load.ts";
import type { RefusedRequest } from "./refused-request.ts";
import { type RequestRecord, tpotOf } from "./request-record.ts";

/** Models and tenants that have series of their own; later ones share one that is called `other`. */
export const labelsMax = 1_000;

/** Replicas with series of their own; more are left out. */
const replicasMax = 1_000;

/** Kinds of errors with series of their own. */
const errorCodesMax = 64;

// The bounds that the GenAI semantic conventions of OpenTelemetry give, in seconds and in tokens.
const durationBounds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const coldStartBounds = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200];
const firstTokenBounds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const perTokenBounds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
const tokenBounds = Array.from({ length: 14 }, (_, power) => 4 ** power);

const operationNames = {
  chat: "chat",
  completion: "text_completion",
  embedding: "embeddings",
  response: "generate_content",
  // The conventions have no name for it; theirs are open.
  infer: "infer",
} as const;

/** All that is counted of one model and operation. */
class ModelSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly outcomes = { done: 0, failed: 0, aborted: 0 };
  readonly errors = new Map<string, number>();
  readonly duration = new Histogram(durationBounds);
  readonly queue = new Histogram(durationBounds);
  /** Only of those that were held until there was a replica. */
  coldStart: Histogram | null = null;
  readonly firstToken = new Histogram(firstTokenBounds);
  readonly perToken = new Histogram(perTokenBounds);
  readonly tokensIn = new Histogram(tokenBounds);
  readonly tokensOut = new Histogram(tokenBounds);
  cached = 0;
  microMoney = 0;
  retries = 0;
  good = 0;
  bad = 0;

  constructor(labels: Readonly<Record<string, string>>) {
    this.labels = labels;
  }

  record(record: RequestRecord, code: string | null): void {
    this.outcomes[record.outcome] += 1;
    if (code !== null) this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
    this.duration.record(record.durationMs / 1_000);
    this.queue.record(record.queueMs / 1_000);
    if (record.heldMs !== null) (this.coldStart ??= new Histogram(coldStartBounds)).record(record.heldMs / 1_000);
    if (record.ttftMs !== null) this.firstToken.record(record.ttftMs / 1_000);
    const tpotMs = record.isStream ? tpotOf(record) : null;
    if (tpotMs !== null) this.perToken.record(tpotMs / 1_000);
    if (record.tokensIn > 0) this.tokensIn.record(record.tokensIn);
    if (record.tokensOut > 0) this.tokensOut.record(record.tokensOut);
    this.cached += record.tokensCached;
    this.microMoney += record.microMoney;
    this.retries += record.retries;
    if (record.isGood === true) this.good += 1;
    if (record.isGood === false) this.bad += 1;
  }
}

type ModelNames = Pick<RequestRecord, "project" | "deployment" | "operation">;

interface TenantSeries {
  readonly labels: Readonly<Record<string, string>>;
  requests: number;
  tokens: number;
  microMoney: number;
}

type RefusalNames = Pick<RefusedRequest, "project" | "deployment" | "protocol" | "reason">;

interface RefusalSeries {
  readonly labels: Readonly<Record<string, string>>;
  count: number;
}

/** What a deployment has at hand at this moment. */
export interface DeploymentLoad {
  readonly project: string;
  readonly deployment: string;
  readonly underWay: number;
  readonly waiting: number;
}

/**
 * Counts requests by model and by tenant: one look-up each for a request, however many metrics there are.
 *
 * Names of metrics and labels are those of OpenTelemetry's GenAI conventions where it has them (development status, 2026).
 */
export class RequestMetrics {
  readonly #models = new Map<string, ModelSeries>();
  readonly #tenants = new Map<string, TenantSeries>();
  readonly #refusals = new Map<string, RefusalSeries>();
  /** Those of the last request: mostly the next one's, too. */
  #lastModel: { readonly record: ModelNames; readonly series: ModelSeries } | null = null;
  #lastTenant: { readonly project: string; readonly identity: string; readonly series: TenantSeries } | null = null;
  readonly #modelLimit = new LabelLimit(labelsMax);
  readonly #tenantLimit = new LabelLimit(labelsMax);
  readonly #codeLimit = new LabelLimit(errorCodesMax);

  record(record: RequestRecord): void {
    this.#modelOf(record).record(record, record.errorCode === null ? null : this.#codeLimit.of(record.errorCode));
    if (record.refused !== null) this.refuse({ ...record, reason: record.refused });
    const tenant = this.#tenantOf(record);
    tenant.requests += 1;
    tenant.tokens += record.tokensIn + record.tokensOut;
    tenant.microMoney += record.microMoney;
  }

  /** A request was refused before any replica was asked; one that ends in a record is counted by that. */
  refuse({ project, deployment, protocol, reason }: RefusalNames): void {
    // Projects are named by their deployments only: callers may name what there is not.
    const model = deployment === "" ? "" : this.#modelLimit.of(deployment);
    const owner = model === "" || model === otherLabel ? model : project;
    const key = `${owner}/${model}/${protocol}/${reason}`;
    const known = this.#refusals.get(key);
    if (known !== undefined) known.count += 1;
    else {
      const labels = { "gen_ai.request.model": model, project: owner, protocol, reason };
      this.#refusals.set(key, { labels, count: 1 });
    }
  }

  /** All values now. */
  families(loads: readonly DeploymentLoad[], replicas: readonly ReplicaLoad[] = []): readonly MetricFamily[] {
    const models = [...this.#models.values()];
    const of = (value: (series: ModelSeries) => MetricPoint["value"], more: Readonly<Record<string, string>> = {}) =>
      models.map((series) => ({ labels: { ...series.labels, ...more }, value: value(series) }));
    return [
      counter("millwright.gateway.requests", "Requests that have ended, by how.", [
        ...of(({ outcomes }) => outcomes.done, { outcome: "done" }),
        ...of(({ outcomes }) => outcomes.failed, { outcome: "failed" }),
        ...of(({ outcomes }) => outcomes.aborted, { outcome: "aborted" }),
      ]),
      counter("millwright.gateway.errors", "Requests that were refused or broke off, by code.", errorPoints(models)),
      counter(
        "millwright.gateway.refusals",
        "Requests that were refused before any replica was asked, by why.",
        [...this.#refusals.values()].map(({ labels, count }) => ({ labels, value: count })),
      ),
      histogram(
        "gen_ai.server.request.duration",
        "s",
        "From arrival to end.",
        of((series) => series.duration.value()),
      ),
      histogram(
        "gen_ai.server.time_to_first_token",
        "s",
        "From arrival to the first byte of the answer.",
        of((series) => series.firstToken.value()),
      ),
      histogram(
        "gen_ai.server.time_per_output_token",
        "s",
        "Between tokens after the first, of streams.",
        of((series) => series.perToken.value()),
      ),
      histogram("gen_ai.client.token.usage", "{token}", "Tokens of a request.", [
        ...of((series) => series.tokensIn.value(), { "gen_ai.token.type": "input" }),
        ...of((series) => series.tokensOut.value(), { "gen_ai.token.type": "output" }),
      ]),
      histogram(
        "millwright.gateway.queue.duration",
        "s",
        "Waited for a place.",
        of((series) => series.queue.value()),
      ),
      histogram(
        "millwright.gateway.cold_start.duration",
        "s",
        "Held until a deployment that had no replica had one.",
        models.flatMap(({ labels, coldStart }) => (coldStart === null ? [] : [{ labels, value: coldStart.value() }])),
      ),
      counter(
        "millwright.gateway.cached_tokens",
        "Tokens of prompts that engines had worked out.",
        of(({ cached }) => cached),
      ),
      counter(
        "millwright.gateway.cost_micros",
        "Millionths of the currency's unit.",
        of(({ microMoney }) => microMoney),
      ),
      counter(
        "millwright.gateway.retries",
        "Tries beyond the first.",
        of(({ retries }) => retries),
      ),
      counter("millwright.gateway.goodput", "Requests that were judged by their deployment's SLO.", [
        ...of(({ good }) => good, { kept: "true" }),
        ...of(({ bad }) => bad, { kept: "false" }),
      ]),
      ...this.#tenantFamilies(),
      ...loadFamilies(loads.map((load) => ({ ...load, deployment: this.#modelLimit.of(load.deployment) }))),
      capacityFamily(replicas),
    ];
  }

  #tenantFamilies(): readonly MetricFamily[] {
    const tenants = [...this.#tenants.values()];
    const of = (value: (series: TenantSeries) => number) =>
      tenants.map((series) => ({ labels: series.labels, value: value(series) }));
    return [
      counter(
        "millwright.tenant.requests",
        "Requests of an identity.",
        of(({ requests }) => requests),
      ),
      counter(
        "millwright.tenant.tokens",
        "Tokens of an identity.",
        of(({ tokens }) => tokens),
      ),
      counter(
        "millwright.tenant.cost_micros",
        "Millionths of the currency's unit.",
        of(({ microMoney }) => microMoney),
      ),
    ];
  }

  #modelOf(record: RequestRecord): ModelSeries {
    const last = this.#lastModel;
    if (last !== null && isSameModel(last.record, record)) return last.series;
    const series = this.#findModel(record);
    this.#lastModel = { record: namesOf(record), series };
    return series;
  }

  #findModel({ project, deployment, operation }: RequestRecord): ModelSeries {
    const model = this.#modelLimit.of(deployment);
    // What many models share belongs to no one project.
    const owner = model === otherLabel ? otherLabel : project;
    const key = `${owner}/${model}/${operation}`;
    const known = this.#models.get(key);
    if (known !== undefined) return known;
    const series = new ModelSeries({
      "gen_ai.operation.name": operationNames[operation],
      "gen_ai.provider.name": "millwright",
      "gen_ai.request.model": model,
      project: owner,
    });
    this.#models.set(key, series);
    return series;
  }

  #tenantOf(record: RequestRecord): TenantSeries {
    const last = this.#lastTenant;
    if (last !== null && last.project === record.project && last.identity === record.identity) return last.series;
    const series = this.#findTenant(record);
    this.#lastTenant = { project: record.project, identity: record.identity, series };
    return series;
  }

  #findTenant({ project, identity }: RequestRecord): TenantSeries {
    const name = `${project}/${identity}`;
    const key = this.#tenantLimit.of(name);
    const known = this.#tenants.get(key);
    if (known !== undefined) return known;
    const labels = key === otherLabel ? { project: otherLabel, tenant: otherLabel } : { project, tenant: identity };
    const series = { labels, requests: 0, tokens: 0, microMoney: 0 };
    this.#tenants.set(key, series);
    return series;
  }
}

function namesOf({ project, deployment, operation }: RequestRecord): ModelNames {
  return { project, deployment, operation };
}

function isSameModel(one: ModelNames, other: ModelNames): boolean {
  return one.deployment === other.deployment && one.operation === other.operation && one.project === other.project;
}

function errorPoints(models: readonly ModelSeries[]): readonly MetricPoint[] {
  return models.flatMap((series) =>
    [...series.errors].map(([code, value]) => ({ labels: { ...series.labels, "error.type": code }, value })),
  );
}

function loadFamilies(loads: readonly DeploymentLoad[]): readonly MetricFamily[] {
  const of = (value: (load: DeploymentLoad) => number): readonly MetricPoint[] =>
    loads.map((load) => ({
      labels: { "gen_ai.request.model": load.deployment, project: load.project },
      value: value(load),
    }));
  return [
    {
      name: "millwright.gateway.in_flight",
      kind: "gauge",
      unit: "",
      help: "Requests under way.",
      points: of((load) => load.underWay),
    },
    {
      name: "millwright.gateway.queued",
      kind: "gauge",
      unit: "",
      help: "Requests that wait.",
      points: of((load) => load.waiting),
    },
  ];
}

/** Of the replicas that have a bound, whether they say it or it was learnt. */
function capacityFamily(replicas: readonly ReplicaLoad[]): MetricFamily {
  return {
    name: "millwright.gateway.replica_capacity",
    kind: "gauge",
    unit: "",
    help: "Requests that are kept under way at a replica at most: as it says, or as was learnt from its engine's queue.",
    points: replicas
      .slice(0, replicasMax)
      .flatMap(({ project, deployment, replica, capacity }) =>
        capacity === null
          ? []
          : [{ labels: { "gen_ai.request.model": deployment, project, replica }, value: capacity }],
      ),
  };
}

function counter(name: string, help: string, points: readonly MetricPoint[]): MetricFamily {
  return { name, kind: "counter", unit: "", help, points };
}

function histogram(name: string, unit: string, help: string, points: readonly MetricPoint[]): MetricFamily {
  return { name, kind: "histogram", unit, help, points };
}
