import type { Instant } from "../../../base/clock.ts";
import type { MetricFamily, MetricPoint } from "./metric-family.ts";
import type { RequestRecord } from "./request-record.ts";

/** A request's span, with the ids that its exporter drew or took from the caller. */
export interface RequestSpan {
  readonly record: RequestRecord;
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  readonly parentSpanId: string | null;
}

const scope = { name: "millwright.gateway" };
const cumulative = 2;
const serverSpan = 2;
const statusError = 2;

/** What counts and traces: one run of one worker of the gateway. A collector keeps the series of each apart by `instance`. */
export interface OtlpSource {
  /** Never used before, such as a UUID: OpenTelemetry's `service.instance.id`. */
  readonly instance: string;
  /** Since when it counts. */
  readonly startedAt: Instant;
}

/** Metrics as OTLP/HTTP in JSON (opentelemetry-proto 1.x, `ExportMetricsServiceRequest`). */
export function toOtlpMetrics(families: readonly MetricFamily[], source: OtlpSource, now: Instant): object {
  const times = { startTimeUnixNano: nanos(source.startedAt), timeUnixNano: nanos(now) };
  const metrics = families.map(({ name, help, unit, kind, points }) => {
    const dataPoints = points.map((point) => ({ ...times, attributes: attributesOf(point.labels), ...valueOf(point) }));
    const about = { name, description: help, unit };
    if (kind === "histogram") return { ...about, histogram: { aggregationTemporality: cumulative, dataPoints } };
    if (kind === "gauge") return { ...about, gauge: { dataPoints } };
    return { ...about, sum: { aggregationTemporality: cumulative, isMonotonic: true, dataPoints } };
  });
  return { resourceMetrics: [{ resource: resourceOf(source), scopeMetrics: [{ scope, metrics }] }] };
}

/** Spans as OTLP/HTTP in JSON (`ExportTraceServiceRequest`); prompts and answers are never among the attributes. */
export function toOtlpSpans(spans: readonly RequestSpan[], source: OtlpSource): object {
  return { resourceSpans: [{ resource: resourceOf(source), scopeSpans: [{ scope, spans: spans.map(spanJson) }] }] };
}

function resourceOf({ instance }: OtlpSource): object {
  return { attributes: attributesOf({ "service.name": "millwright-gateway", "service.instance.id": instance }) };
}

function spanJson({ record, traceId, spanId, parentSpanId }: RequestSpan): object {
  const failed = record.outcome === "failed";
  return {
    traceId,
    spanId,
    ...(parentSpanId === null ? {} : { parentSpanId }),
    name: `${record.operation} ${record.deployment}`,
    kind: serverSpan,
    startTimeUnixNano: nanos(record.startedAt),
    endTimeUnixNano: nanos(record.startedAt + record.durationMs),
    attributes: attributesOf({
      "gen_ai.operation.name": record.operation,
      "gen_ai.provider.name": "millwright",
      "gen_ai.request.model": record.deployment,
      "gen_ai.response.model": record.servedBy,
      "gen_ai.usage.input_tokens": record.tokensIn,
      "gen_ai.usage.output_tokens": record.tokensOut,
      "http.response.status_code": record.status,
      "millwright.project": record.project,
      "millwright.request_id": record.requestId,
      "millwright.queue_ms": record.queueMs,
      "millwright.retries": record.retries,
      ...(record.ttftMs === null ? {} : { "millwright.ttft_ms": record.ttftMs }),
      ...(record.errorCode === null ? {} : { "error.type": record.errorCode }),
    }),
    status: failed ? { code: statusError, message: record.errorCode ?? "failed" } : {},
  };
}

function valueOf({ value }: MetricPoint): object {
  if (typeof value === "number") return { asDouble: value };
  const count = value.counts.reduce((sum, each) => sum + each, 0);
  return { count: String(count), sum: value.sum, bucketCounts: value.counts.map(String), explicitBounds: value.bounds };
}

function attributesOf(values: Readonly<Record<string, string | number>>): readonly object[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === "string" ? { stringValue: value } : { doubleValue: value },
  }));
}

function nanos(at: Instant): string {
  return `${Math.round(at)}000000`;
}
