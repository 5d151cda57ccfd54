import { parseDuration } from "../base/units.ts";
import type { ComparisonPolicy } from "./decide-comparison.ts";
import type { ShadowPolicy } from "./decide-shadow.ts";
import type { DeploymentSpec } from "./model.ts";
import type { RolloutPolicy } from "./rollout.ts";
import type { RolloutMetric } from "./rollout-metrics.ts";
import { isTabular, protocolOf } from "./served-spec.ts";

/** What each strategy decides by, with durations in milliseconds. */
export type StrategyPolicy =
  | { readonly kind: "steps"; readonly policy: RolloutPolicy }
  | { readonly kind: "switch"; readonly fastAbortErrors: number; readonly keepOldMs: number }
  | { readonly kind: "comparison"; readonly policy: ComparisonPolicy }
  | { readonly kind: "shadow"; readonly shadow: ShadowPolicy; readonly policy: RolloutPolicy };

/** The policy of a deployment's rollouts. */
export function strategyPolicy(spec: DeploymentSpec): StrategyPolicy {
  const { rollout } = spec;
  switch (rollout.strategy) {
    case "canary":
    case "rolling":
      return { kind: "steps", policy: stepsPolicy(spec, rollout, rollout.minRequestsPerStep) };
    case "blue-green":
      return {
        kind: "switch",
        fastAbortErrors: rollout.fastAbortErrors,
        keepOldMs: parseDuration(rollout.keepOld),
      };
    case "ab":
      return {
        kind: "comparison",
        policy: {
          ...stepsPolicy(spec, rollout, rollout.minRequests),
          percent: rollout.percent,
          minRequests: rollout.minRequests,
          maxDurationMs: parseDuration(rollout.maxDuration),
          promotesBetter: rollout.promote === "better",
        },
      };
    case "shadow": {
      const policy = stepsPolicy(spec, rollout, rollout.minRequestsPerStep);
      const { minComparisons, minAgreement } = rollout;
      const { fastAbortErrors, stepTimeoutMs } = policy;
      const goesOn = rollout.next === "canary";
      return {
        kind: "shadow",
        policy,
        shadow: { minComparisons, minAgreement, fastAbortErrors, stepTimeoutMs, goesOn },
      };
    }
  }
}

/** The candidate's shares in percent, rising; a first one of 0 is a shadow, or waits for a person. */
export function rolloutSteps(spec: DeploymentSpec, replicas: number): readonly number[] {
  const { rollout } = spec;
  switch (rollout.strategy) {
    case "canary":
      return rollout.steps;
    case "rolling":
      return Array.from({ length: replicas }, (_, index) => Math.round(((index + 1) * 10_000) / replicas) / 100);
    case "blue-green":
      return rollout.confirm ? [0, 100] : [100];
    case "ab":
      return [rollout.percent];
    case "shadow":
      return [0, ...rollout.steps];
  }
}

type GuardedRollout = Exclude<DeploymentSpec["rollout"], { readonly strategy: "blue-green" }>;

function stepsPolicy(spec: DeploymentSpec, rollout: GuardedRollout, minRequestsPerStep: number): RolloutPolicy {
  return {
    metrics: metricsOf(spec),
    minRequestsPerStep,
    minOutcomesPerStep: rollout.minOutcomesPerStep,
    alpha: rollout.alpha,
    maxErrorRateIncrease: rollout.maxErrorRateIncrease,
    maxLatencyRatio: rollout.maxLatencyIncrease,
    maxSloMissIncrease: rollout.maxSloMissIncrease,
    maxBrierIncrease: rollout.maxBrierIncrease,
    fastAbortErrors: rollout.fastAbortErrors,
    stepTimeoutMs: parseDuration(rollout.stepTimeout),
  };
}

function metricsOf(spec: DeploymentSpec): readonly RolloutMetric[] {
  if (isTabular(spec)) return ["errors", "latency", "quality"];
  if (protocolOf(spec) === "v2") return ["errors", "latency"];
  return spec.slo === undefined ? ["errors", "latency", "ttft", "tpot"] : ["errors", "latency", "ttft", "tpot", "slo"];
}
