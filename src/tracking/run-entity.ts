import { trackingLimits } from "./limits.ts";
import type { MetricPoint, Texts } from "./model.ts";
import { invalidRequest, type RequestFields } from "./request-field.ts";

/** What one request adds to a run. */
export interface RunBatch {
  readonly metrics: readonly MetricPoint[];
  readonly params: Texts;
  readonly tags: Texts;
}

/** Largest finite double: infinities are kept as this, as MLflow's SQL stores do. */
const largestFloat = 1.797_693_134_862_315_7e308;

/**
 * Reads what `runs/log-batch` holds, within MLflow's limits.
 *
 * @throws {Fault} `tracking.request-invalid`.
 */
export function parseRunBatch(fields: RequestFields): RunBatch {
  const metrics = fields.items("metrics");
  const params = fields.items("params");
  const tags = fields.items("tags");
  checkCount("metrics", metrics.length, trackingLimits.metricsPerBatch);
  checkCount("params", params.length, trackingLimits.paramsPerBatch);
  checkCount("tags", tags.length, trackingLimits.tagsPerBatch);
  const total = metrics.length + params.length + tags.length;
  if (total > trackingLimits.entitiesPerBatch) {
    throw invalidRequest(
      `A batch logging request can contain at most ${trackingLimits.entitiesPerBatch} metrics, params, and tags in total. ` +
        `Got ${total} entities. Please split up the request and try again.`,
    );
  }
  return { metrics: metrics.map(parseMetric), params: parseParams(params), tags: parseTags(tags) };
}

function checkCount(noun: string, count: number, max: number): void {
  if (count <= max) return;
  throw invalidRequest(
    `A batch logging request can contain at most ${max} ${noun}. Got ${count} ${noun}. ` +
      `Please split up ${noun} across multiple requests and try again.`,
  );
}

/** Reads one metric: finite, or NaN, or an infinity (kept as the largest double). */
export function parseMetric(fields: RequestFields): MetricPoint {
  const key = checkEntityName("metric", fields.wantedText("key"));
  const value = fields.wantedFloat("value");
  const timestamp = fields.wantedInteger("timestamp");
  if (timestamp < 0) {
    throw invalidRequest(
      `Got invalid timestamp ${timestamp} for metric '${key}'. Timestamp must be a nonnegative long (64-bit integer)`,
    );
  }
  return { key, value: clampFloat(value), timestamp, step: fields.integer("step") ?? 0 };
}

function clampFloat(value: number): number {
  return Number.isNaN(value) ? value : Math.max(-largestFloat, Math.min(largestFloat, value));
}

/** Reads params; one that comes twice with different values is refused. Values too long are cut, as MLflow does. */
export function parseParams(items: readonly RequestFields[]): Texts {
  const params = new Map<string, string>();
  for (const item of items) {
    const key = checkEntityName("param", item.wantedText("key"));
    const value = (item.text("value") ?? "").slice(0, trackingLimits.paramValueLength);
    const before = params.get(key);
    if (before !== undefined && before !== value) {
      throw invalidRequest(
        `Duplicate parameter keys have been submitted: ['${key}']. Please ensure the request contains only one param value per param key.`,
      );
    }
    params.set(key, value);
  }
  return Object.fromEntries(params);
}

/** Reads tags; the last of equal keys counts. Values too long are cut, as MLflow does. */
export function parseTags(items: readonly RequestFields[]): Texts {
  return Object.fromEntries(
    items.map((item) => [
      checkEntityName("tag", item.wantedText("key")),
      (item.text("value") ?? "").slice(0, trackingLimits.tagValueLength),
    ]),
  );
}

/**
 * Checks the name of a metric, param or tag: letters, digits, `_ - . : /` and spaces, and a plain relative path.
 *
 * @throws {Fault} `tracking.request-invalid`.
 */
export function checkEntityName(noun: "metric" | "param" | "tag", name: string): string {
  if (name.length > trackingLimits.keyLength) {
    throw invalidRequest(
      `'${name.slice(0, 40)}…' exceeds the maximum length of ${trackingLimits.keyLength} characters for a ${noun} name (it has ${name.length})`,
    );
  }
  if (!/^[/\p{L}\p{N}_.\- :]*$/u.test(name)) {
    throw invalidRequest(
      `Invalid value "${name}" for parameter '${noun} name' supplied: Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).`,
    );
  }
  if (!isPlainPath(name)) {
    throw invalidRequest(
      `Invalid value "${name}" for parameter '${noun} name' supplied: Names must be a plain relative path, without empty parts, '.' or '..'.`,
    );
  }
  return name;
}

function isPlainPath(name: string): boolean {
  return name.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
