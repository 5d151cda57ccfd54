import type { Instant, Millis } from "../../base/clock.ts";
import type { LoadHistory, LoadWindow } from "./load-history.ts";

/** How the number of replicas follows the load, with durations in milliseconds. */
export interface ScalePolicy {
  readonly min: number;
  readonly max: number;
  /** Requests under way or waiting for each replica; null does not count them. */
  readonly concurrency: number | null;
  /** Tokens in flight for each replica; null does not count them. */
  readonly tokens: number | null;
  /** Share of requests that must keep the objective; null does not look at it. */
  readonly goodput: number | null;
  readonly stableMs: Millis;
  readonly panicMs: Millis;
  readonly panicThreshold: number;
  readonly downDelayMs: Millis;
  readonly idleBeforeZeroMs: Millis;
}

/** What scaling remembers from one look to the next. */
export interface ScaleMemory {
  /** Until when a burst keeps scaling down off; null in calm times. */
  readonly panicUntil: Instant | null;
  /** What was wanted lately, by when; falling, oldest first: later and larger wishes replace earlier ones. */
  readonly wishes: readonly { readonly at: Instant; readonly replicas: number }[];
}

/** What a look at the load is decided from. */
export interface ScaleSituation {
  /** Replicas that serve now. */
  readonly ready: number;
  /** What was asked for last. */
  readonly current: number;
  /** How long a replica takes from its start until it serves: the load at the end of that time counts. */
  readonly coldStartMs: Millis;
  readonly history: LoadHistory;
  readonly memory: ScaleMemory;
  readonly now: Instant;
}

/** How many replicas to ask for, and why. */
export interface ScaleDecision {
  readonly replicas: number;
  /** A sentence for people. */
  readonly reason: string;
  readonly isPanic: boolean;
  readonly memory: ScaleMemory;
}

/** Scaling that remembers nothing. */
export const noScaleMemory: ScaleMemory = { panicUntil: null, wishes: [] };

/** A share of requests below the goal asks for this share of replicas more. */
const goodputStep = 0.25;

/** Requests that must have ended before their share tells anything. */
const goodputRequests = 20;

/** At one look the replicas are at most halved. */
const largestDrop = 0.5;

interface Wish {
  readonly replicas: number;
  readonly why: string;
}

/**
 * Decides how many replicas a deployment is to have.
 *
 * After Knative's autoscaler (stable and panic windows over time-weighted averages), with three things more: the load is taken
 * as it will be when a replica that starts now serves (its trend times the cold start); several targets may be given, of which
 * the one that asks for most counts; and scaling down waits for the largest wish of `downDelayMs` to grow old. Nothing is
 * scaled down on a history that does not cover a stable window, so a control plane that restarts takes nothing away.
 *
 * Source of the windows and the threshold: Knative Serving, "Autoscaling: KPA", 2024.
 */
export function decideScale(policy: ScalePolicy, situation: ScaleSituation): ScaleDecision {
  const { history, ready, current, now, memory } = situation;
  const stable = history.window(policy.stableMs, now);
  const panic = history.window(policy.panicMs, now);
  const calm = wishOf(policy, stable, situation, stable.seconds);
  const burst = wishOf(policy, panic, situation, stable.seconds, stable);
  const threshold = policy.panicThreshold * Math.max(1, ready);
  const panicUntil = burst.replicas >= threshold && burst.replicas > ready ? now + policy.stableMs : memory.panicUntil;
  const isPanic = panicUntil !== null && now < panicUntil;
  const wish = largest(isPanic ? [calm, burst, { replicas: current, why: "a burst: nothing is taken away" }] : [calm]);
  const woken = current === 0 && panic.concurrency + panic.arrivals > 0 ? largest([wish, wake(burst)]) : wish;
  const wishes = remember(memory.wishes, { at: now, replicas: woken.replicas }, now - policy.downDelayMs);
  const isKnown = stable.seconds * 1_000 >= policy.stableMs;
  const replicas = bounded(
    policy,
    situation,
    woken,
    isKnown ? (wishes[0]?.replicas ?? 0) : Math.max(current, woken.replicas),
  );
  return {
    replicas,
    reason: reasonOf(policy, current, replicas, woken, isKnown),
    isPanic,
    memory: { panicUntil: isPanic ? panicUntil : null, wishes },
  };
}

function wake(burst: Wish): Wish {
  return burst.replicas >= 1 ? burst : { replicas: 1, why: "somebody asks" };
}

/** What the targets ask for in one window. */
function wishOf(
  policy: ScalePolicy,
  load: LoadWindow,
  situation: ScaleSituation,
  knownSeconds: number,
  trend: LoadWindow = load,
): Wish {
  const aheadSeconds = Math.min(situation.coldStartMs / 1_000, knownSeconds);
  const ahead = (value: number, slope: number): number => value + Math.max(0, slope) * aheadSeconds;
  const wishes: Wish[] = [{ replicas: 0, why: "nobody asks" }];
  if (policy.concurrency !== null) {
    const expected = ahead(load.concurrency, trend.concurrencySlope);
    wishes.push(wishFor(expected, policy.concurrency, "requests under way or waiting"));
  }
  if (policy.tokens !== null) {
    wishes.push(wishFor(ahead(load.tokens, trend.tokensSlope), policy.tokens, "tokens in flight"));
  }
  const share = load.completed >= goodputRequests ? load.good / load.completed : 1;
  if (policy.goodput !== null && share < policy.goodput) {
    const replicas = situation.ready + Math.max(1, Math.ceil(situation.ready * goodputStep));
    wishes.push({
      replicas,
      why: `${percent(share)} of requests keep the objective, wanted ${percent(policy.goodput)}`,
    });
  }
  return largest(wishes);
}

function wishFor(load: number, target: number, what: string): Wish {
  return { replicas: Math.ceil(load / target - 1e-9), why: `${round(load)} ${what}, ${round(target)} a replica` };
}

function largest(wishes: readonly Wish[]): Wish {
  return wishes.reduce((most, wish) => (wish.replicas > most.replicas ? wish : most), { replicas: -1, why: "" });
}

/** Keeps wishes that no later one exceeds, so that the first is the largest of all that are young enough. */
function remember(
  wishes: ScaleMemory["wishes"],
  wish: ScaleMemory["wishes"][number],
  since: Instant,
): ScaleMemory["wishes"] {
  return [...wishes.filter((each) => each.at > since && each.replicas > wish.replicas), wish];
}

function bounded(policy: ScalePolicy, situation: ScaleSituation, wish: Wish, wanted: number): number {
  const { current, history, now } = situation;
  const isIdle =
    now - history.since >= policy.idleBeforeZeroMs &&
    history.window(policy.idleBeforeZeroMs, now).arrivals === 0 &&
    wish.replicas === 0;
  if (isIdle && policy.min === 0) return 0;
  const least = Math.max(policy.min, current === 0 ? 0 : 1);
  const dropped = Math.max(wanted, current > 1 ? Math.floor(current * largestDrop) : 0);
  return Math.min(policy.max, Math.max(least, dropped));
}

function reasonOf(policy: ScalePolicy, current: number, replicas: number, wish: Wish, isKnown: boolean): string {
  if (replicas > current) return wish.replicas > policy.max ? `${wish.why}; ${policy.max} at most` : wish.why;
  if (replicas < current) return replicas === 0 ? "nobody asked for long enough" : wish.why;
  if (wish.replicas > policy.max) return `${wish.why}; ${policy.max} at most`;
  if (wish.replicas >= current) return wish.why;
  if (!isKnown) return `${wish.why}; kept until a whole window is known`;
  return current === policy.min
    ? `${wish.why}; ${policy.min} at least`
    : `${wish.why}; more was wanted a short time ago`;
}

function percent(share: number): string {
  return `${round(share * 100)} %`;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
