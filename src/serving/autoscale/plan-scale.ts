import type { Instant, Millis } from "../../base/clock.ts";
import { parseDuration } from "../../base/units.ts";
import type { DeploymentSpec, DeploymentStatus } from "../model.ts";
import type { AutoscaleSpec } from "./autoscale-spec.ts";
import { decideScale, type ScaleDecision, type ScaleMemory, type ScalePolicy } from "./decide-scale.ts";
import type { LoadHistory } from "./load-history.ts";

/** Of a replica's slots, this share is to be in use: the rest takes what comes while another one starts. */
const slotShare = 0.7;

/** Requests for each replica where neither a target nor slots say. */
const defaultConcurrency = 7;

/** How long a replica is taken to start until one has been measured. */
const defaultColdStartMs: Millis = 10_000;

/** What the replicas of a deployment are scaled by. */
export interface ScaleFacts {
  readonly spec: DeploymentSpec;
  readonly previous: DeploymentStatus["scale"];
  /** Replicas of the serving version that are ready. */
  readonly ready: number;
  /** How long the last replicas took from their start until they served. */
  readonly coldStartsMs: readonly Millis[];
  readonly history: LoadHistory;
  readonly memory: ScaleMemory;
  readonly now: Instant;
}

/** How many replicas each version is to have; null where the spec fixes them. */
export function planScale(facts: ScaleFacts): (ScaleDecision & { readonly coldStartMs: Millis }) | null {
  const { spec, previous, ready, history, memory, now } = facts;
  const { autoscale } = spec;
  if (autoscale === undefined) return null;
  const coldStartMs = median(facts.coldStartsMs) ?? defaultColdStartMs;
  const first = Math.min(autoscale.max, Math.max(autoscale.min, spec.replicas));
  const current = Math.min(autoscale.max, Math.max(autoscale.min, previous?.replicas ?? first));
  const decision = decideScale(scalePolicy(spec, autoscale), { ready, current, coldStartMs, history, memory, now });
  return { ...decision, coldStartMs };
}

/** The policy of a deployment, with its defaults filled in and durations in milliseconds. */
export function scalePolicy(spec: DeploymentSpec, autoscale: AutoscaleSpec): ScalePolicy {
  const { target } = autoscale;
  const slots = spec.gguf?.slots ?? spec.process?.slots;
  const isOpen = target.concurrency === undefined && target.tokens === undefined;
  return {
    min: autoscale.min,
    max: autoscale.max,
    concurrency: target.concurrency ?? (isOpen ? (slots === undefined ? defaultConcurrency : slots * slotShare) : null),
    tokens: target.tokens ?? null,
    goodput: target.goodput ?? null,
    stableMs: parseDuration(autoscale.stableWindow),
    panicMs: parseDuration(autoscale.panicWindow),
    panicThreshold: autoscale.panicThreshold,
    downDelayMs: parseDuration(autoscale.scaleDownDelay),
    idleBeforeZeroMs: parseDuration(autoscale.idleBeforeZero),
  };
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)];
}
