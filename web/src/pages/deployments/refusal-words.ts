import type { RefusalReason } from "../../../../src/serving/gateway/observe/model.ts";
import type { RefusalSeries } from "../../api/serving.ts";

/** Why requests were refused, in a few words, and what whoever runs the deployment does about it. */
export interface RefusalWords {
  readonly label: string;
  readonly remedy: string;
}

const backOff = "or have callers wait as long as retry-after says";

const words: Readonly<Record<RefusalReason, RefusalWords>> = {
  "unknown-key": {
    label: "key: none, unknown or expired",
    remedy: "Give the callers a key of their own: millwright key create IDENTITY",
  },
  "no-permission": {
    label: "key: may not ask here",
    remedy: "Give the key's owner a role in the project, or a key of another project to the caller",
  },
  "unknown-model": {
    label: "model: there is none of the name",
    remedy: "Callers name a deployment that the project does not have; GET /v1/models lists those that it has",
  },
  malformed: {
    label: "body: not what the path takes",
    remedy: "Callers must mend it; the answer names what is wrong, and so does the request log",
  },
  "limit-requests": {
    label: "limit: requests a minute",
    remedy: `Raise requestsPerMinute of the TrafficLimit that the answer names, ${backOff}`,
  },
  "limit-tokens": {
    label: "limit: tokens a minute",
    remedy: `Raise tokensPerMinute of the TrafficLimit that the answer names, have callers ask for fewer, ${backOff}`,
  },
  "limit-concurrency": {
    label: "limit: requests at once",
    remedy: `Raise concurrentRequests of the TrafficLimit that the answer names, ${backOff}`,
  },
  "limit-budget": {
    label: "limit: budget",
    remedy: "Raise the budget of the TrafficLimit that the answer names, or wait until its window ends",
  },
  "limit-share": {
    label: "limit: its owner was not heard",
    remedy: "The control plane did not answer in time: millwright status; callers try again in half a second",
  },
  "queue-full": {
    label: "queue full",
    remedy: "Add replicas (spec.replicas, spec.autoscale), or let more requests wait: spec.admission.maxQueued",
  },
  late: {
    label: "deadline: waited too long",
    remedy: "Add replicas, or let requests wait longer: spec.admission.queueTimeoutMs",
  },
  "no-endpoint": {
    label: "no replica ready",
    remedy: "See the replicas above and the conditions below for why none served",
  },
  "no-verdict": {
    label: "key: nobody could be asked",
    remedy: "The control plane was away, and the gateway did not know the key yet: millwright status",
  },
};

/** @param reason as the server has it; one that this page does not know is shown as it is. */
export function refusalWords(reason: string): RefusalWords {
  return reason in words ? words[reason as RefusalReason] : { label: reason, remedy: "See the request log" };
}

const scopes: Readonly<Record<string, string>> = {
  deployment: "this deployment",
  project: "the project, no deployment found",
  platform: "the whole gateway, no project known",
};

/** To what a refused request was understood to belong. */
export function scopeWords(scope: string): string {
  return scopes[scope] ?? scope;
}

/** Refusals as columns: one place a span of the range, one series a reason; spans without any are 0, not missing. */
export interface RefusalColumns {
  readonly at: readonly number[];
  readonly series: readonly { readonly label: string; readonly values: readonly number[] }[];
}

/** Lays out what was refused of the deployment itself. */
export function refusalColumns(
  refusals: readonly RefusalSeries[],
  { from, to, stepMs }: { readonly from: number; readonly to: number; readonly stepMs: number },
): RefusalColumns {
  const first = Math.floor(from / stepMs) * stepMs;
  const at = Array.from(
    { length: Math.max(1, Math.ceil((to - first) / stepMs)) },
    (_, place) => first + place * stepMs,
  );
  const own = refusals.filter(({ scope }) => scope === "deployment");
  return {
    at,
    series: own.map(({ reason, points }) => {
      const counts = new Map(points.map((point) => [point.at, point.requests]));
      return { label: refusalWords(reason).label, values: at.map((place) => counts.get(place) ?? 0) };
    }),
  };
}
